import { encodeUtf8 } from "../columns/utf8_text.ts";
import { bytesTag, TWO_TO_32 } from "./wire.ts";

const FIRST_BYTES = 4096;
/** A 32-bit length as a varint padded to its longest form, so that its place can be kept free. */
const PADDED_LENGTH_BYTES = 5;

/** Writes protobuf's wire format. Tags are given as `wire.ts` makes them. */
export class WireWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;

  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#used++] = rest % 128 | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#used++] = rest;
  }

  /** A 64-bit value of any sign: negative ones take ten bytes. */
  varint64(value: bigint): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 128n) {
      this.#bytes[this.#used++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#used++] = Number(rest);
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#used, value, true);
    this.#used += 4;
  }

  /** An integer as 64 bits; exact within ±2^53. */
  fixed64(value: number): void {
    this.#reserve(8);
    const high = Math.floor(value / TWO_TO_32);
    this.#view.setUint32(this.#used, value - high * TWO_TO_32, true);
    this.#view.setUint32(this.#used + 4, high, true);
    this.#used += 8;
  }

  fixed64Big(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#used, BigInt.asUintN(64, value), true);
    this.#used += 8;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#used, value, true);
    this.#used += 8;
  }

  bytesField(field: number, bytes: Uint8Array): void {
    this.varint(bytesTag(field));
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  stringField(field: number, text: string): void {
    this.bytesField(field, encodeUtf8(text));
  }

  /** Begins a nested message; give the answer to `end`. */
  begin(field: number): number {
    this.varint(bytesTag(field));
    this.#reserve(PADDED_LENGTH_BYTES);
    this.#used += PADDED_LENGTH_BYTES;
    return this.#used;
  }

  end(start: number): void {
    let length = this.#used - start;
    for (let i = PADDED_LENGTH_BYTES; i > 1; i--) {
      this.#bytes[start - i] = length % 128 | 128;
      length = Math.floor(length / 128);
    }
    this.#bytes[start - 1] = length;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#used);
  }

  #reserve(count: number): void {
    const needed = this.#used + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

import { MalformedError } from "./malformed.ts";

/** Wire types of protobuf (protobuf.dev, "Encoding"). Groups (3 and 4) are refused. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** `tag` as the wire has it: field number and wire type in one number. */
export const varintTag = (field: number): number => field << 3 | VARINT;
export const fixed64Tag = (field: number): number => field << 3 | FIXED64;
export const bytesTag = (field: number): number => field << 3 | LENGTH_DELIMITED;
export const fixed32Tag = (field: number): number => field << 3 | FIXED32;

export const TWO_TO_32 = 4_294_967_296;

/**
 * Reads protobuf's wire format in place, without making an object per field or message.
 *
 * `pos` never passes the `end` given to a call: `end` is the end of the message being read,
 * and every read checks against it. 64-bit values come as two unsigned halves in `low` and
 * `high`, valid until the next read.
 *
 * @throws MalformedError from every method, with the offset and no path (see `fieldPath`).
 */
export class WireReader {
  readonly bytes: Uint8Array;
  /** The same bytes. */
  readonly view: DataView;
  pos = 0;
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(problem: string): never {
    throw new MalformedError(problem, this.pos, null);
  }

  /** The next field's tag. Call only while `pos < end`. */
  tag(end: number): number {
    const first = this.bytes[this.pos]!;
    if (first >= 0x80) return this.#longTag(end);
    if (first < 8) this.fail("field number 0");
    this.pos++;
    return first;
  }

  #longTag(end: number): number {
    const at = this.pos;
    this.varint(end);
    if (this.high !== 0 || this.low < 8) {
      this.pos = at;
      this.fail("field number out of range");
    }
    return this.low;
  }

  /** Reads a length and answers where the delimited bytes end; `pos` is where they begin. */
  rangeEnd(end: number): number {
    let length = this.pos < end ? this.bytes[this.pos]! : 0x80;
    if (length < 0x80) this.pos++;
    else {
      this.varint(end);
      // A length that needs the high half is past every end.
      length = this.high === 0 ? this.low : Infinity;
    }
    if (length > end - this.pos) this.fail("length past the end of the message");
    return this.pos + length;
  }

  /** A varint as two halves. At most ten bytes; bits past the 64th are refused. */
  varint(end: number): void {
    const bytes = this.bytes;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.pos >= end) this.fail("truncated varint");
      const byte = bytes[this.pos++]!;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        if (i === 9 && byte > 1) break;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    return this.fail("varint longer than 64 bits");
  }

  /** The low 32 bits of a varint, unsigned; protobuf cuts longer values so. */
  uint32(end: number): number {
    const first = this.pos < end ? this.bytes[this.pos]! : 0x80;
    if (first < 0x80) {
      this.pos++;
      return first;
    }
    this.varint(end);
    return this.low;
  }

  /** A zigzag-encoded signed number. */
  sint32(end: number): number {
    const value = this.uint32(end);
    return value >>> 1 ^ -(value & 1);
  }

  fixed64(end: number): void {
    if (end - this.pos < 8) this.fail("truncated fixed64");
    this.low = this.view.getUint32(this.pos, true);
    this.high = this.view.getUint32(this.pos + 4, true);
    this.pos += 8;
  }

  fixed32(end: number): number {
    if (end - this.pos < 4) this.fail("truncated fixed32");
    const value = this.view.getUint32(this.pos, true);
    this.pos += 4;
    return value;
  }

  double(end: number): number {
    if (end - this.pos < 8) this.fail("truncated double");
    const value = this.view.getFloat64(this.pos, true);
    this.pos += 8;
    return value;
  }

  /**
   * Passes over a field that is not decoded. `known` has bit n set when field n is decoded: to
   * meet it here means that it came with a wire type that is not its own.
   */
  skip(tag: number, known: number, end: number): void {
    const field = tag >>> 3;
    if (field < 32 && (known >>> field & 1) === 1) {
      this.fail(`wire type ${tag & 7} for field ${field}`);
    }
    switch (tag & 7) {
      case VARINT:
        this.varint(end);
        return;
      case FIXED64:
        this.fixed64(end);
        return;
      case LENGTH_DELIMITED:
        this.pos = this.rangeEnd(end);
        return;
      case FIXED32:
        this.fixed32(end);
        return;
      default:
        this.fail(`wire type ${tag & 7}`);
    }
  }
}

/** Bits for `WireReader.skip`. */
export function knownFields(...fields: readonly number[]): number {
  return fields.reduce((bits, field) => bits | 1 << field, 0);
}

/** An unsigned 64-bit value as a double; past 2^53 the last digits are rounded. */
export function unsignedOf(low: number, high: number): number {
  return high * TWO_TO_32 + low;
}

/** A signed 64-bit value as a double; past ±2^53 the last digits are rounded. */
export function signedOf(low: number, high: number): number {
  return (high | 0) * TWO_TO_32 + low;
}

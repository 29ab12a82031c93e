import type { DictionaryColumn, ListColumn, Utf8Column } from "./column.ts";
import { encodeUtf8, validUtf8 } from "./utf8_text.ts";

/** The typed arrays that a growable column may hold. */
type NumericArray =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

const INITIAL_ROWS = 1024;
/** Bytes up to which a loop beats the engine's own copy. */
const SHORT_TEXT = 256;

/** A growable column of numbers. `truncate` undoes rows of a request that turned out malformed. */
export class NumberBuilder<A extends NumericArray> {
  #data: A;
  #length = 0;
  readonly #allocate: (length: number) => A;

  constructor(allocate: (length: number) => A) {
    this.#allocate = allocate;
    this.#data = allocate(INITIAL_ROWS);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#data.length) this.#grow(this.#length + 1);
    this.#data[this.#length++] = value;
  }

  at(index: number): number {
    return this.#data[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#data[index] = value;
  }

  truncate(length: number): void {
    this.#length = length;
  }

  /** The values so far, as a view that later pushes may overwrite: take it once, then reset. */
  finish(): A {
    const view = this.#data.subarray(0, this.#length) as A;
    this.#data = this.#allocate(INITIAL_ROWS);
    this.#length = 0;
    return view;
  }

  #grow(needed: number): void {
    const larger = this.#allocate(Math.max(needed, this.#data.length * 2));
    larger.set(this.#data);
    this.#data = larger;
  }
}

/**
 * The same for 32-bit signed numbers: offsets and dictionary ids, which are pushed most. On its own
 * because the engine optimises a store for at most four kinds of typed arrays a place in the code.
 */
class Int32Builder {
  #data = new Int32Array(INITIAL_ROWS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length++] = value;
  }

  at(index: number): number {
    return this.#data[index] ?? 0;
  }

  truncate(length: number): void {
    this.#length = length;
  }

  finish(): Int32Array<ArrayBuffer> {
    const view = this.#data.subarray(0, this.#length);
    this.#data = new Int32Array(INITIAL_ROWS);
    this.#length = 0;
    return view;
  }
}

export const u8Builder = (): NumberBuilder<Uint8Array<ArrayBuffer>> =>
  new NumberBuilder((n) => new Uint8Array(n));
export const u16Builder = (): NumberBuilder<Uint16Array<ArrayBuffer>> =>
  new NumberBuilder((n) => new Uint16Array(n));
export const u32Builder = (): NumberBuilder<Uint32Array<ArrayBuffer>> =>
  new NumberBuilder((n) => new Uint32Array(n));
export const i32Builder = (): Int32Builder => new Int32Builder();
export const f64Builder = (): NumberBuilder<Float64Array<ArrayBuffer>> =>
  new NumberBuilder((n) => new Float64Array(n));

/**
 * 64-bit integers written without making a BigInt per value. A value is given as a safe
 * integer (|value| ≤ 2^53), or as its two 32-bit halves.
 */
export class Int64Builder {
  #words = new Uint32Array(INITIAL_ROWS * 2);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const high = Math.floor(value / 4294967296);
    this.pushHalves(value - high * 4294967296, high);
  }

  /** Little-endian halves; `high` may be negative (two's complement). */
  pushHalves(low: number, high: number): void {
    const at = this.#length * 2;
    if (at === this.#words.length) {
      const larger = new Uint32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.#length++;
  }

  truncate(length: number): void {
    this.#length = length;
  }

  finish(): BigInt64Array<ArrayBuffer> {
    const data = new BigInt64Array(this.#words.buffer, 0, this.#length);
    this.#words = new Uint32Array(INITIAL_ROWS * 2);
    this.#length = 0;
    return data;
  }

  finishUnsigned(): BigUint64Array<ArrayBuffer> {
    const data = this.finish();
    return new BigUint64Array(data.buffer, 0, data.length);
  }
}

/** Bits of "value present", kept only once a NULL was pushed. */
class ValidityBuilder {
  #bits: Uint8Array | null = null;

  push(row: number, present: boolean): void {
    if (this.#bits === null) {
      if (present) return;
      this.#bits = new Uint8Array(Math.max(64, (row >> 3) * 2 + 1)).fill(0xff);
    }
    let bits = this.#bits;
    const byte = row >> 3;
    if (byte >= bits.length) {
      const larger = new Uint8Array(Math.max(byte + 1, bits.length * 2)).fill(0xff);
      larger.set(bits);
      this.#bits = bits = larger;
    }
    const mask = 1 << (row & 7);
    bits[byte] = present ? bits[byte]! | mask : bits[byte]! & ~mask;
  }

  finish(rows: number): Uint8Array | null {
    const bits = this.#bits;
    this.#bits = null;
    return bits === null ? null : fitBitmap(bits, rows);
  }
}

function fitBitmap(bits: Uint8Array, rows: number): Uint8Array {
  const bytes = (rows + 7) >> 3;
  if (bits.length >= bytes) return bits.subarray(0, bytes);
  const larger = new Uint8Array(bytes).fill(0xff);
  larger.set(bits);
  return larger;
}

/** Doubles where some rows may be NULL. */
export class NullableF64Builder {
  readonly #values = f64Builder();
  readonly #validity = new ValidityBuilder();

  get length(): number {
    return this.#values.length;
  }

  push(value: number | null): void {
    this.#validity.push(this.#values.length, value !== null);
    this.#values.push(value ?? 0);
  }

  truncate(length: number): void {
    this.#values.truncate(length);
  }

  finish(): { type: "f64"; data: Float64Array; nulls: Uint8Array | null } {
    const nulls = this.#validity.finish(this.#values.length);
    return { type: "f64", data: this.#values.finish(), nulls };
  }
}

/** Strings stored back to back; bytes off the wire are copied, never decoded. */
export class Utf8Builder {
  #bytes = new Uint8Array(INITIAL_ROWS * 16);
  #used = 0;
  readonly #offsets = i32Builder();
  readonly #validity = new ValidityBuilder();

  constructor() {
    this.#offsets.push(0);
  }

  get length(): number {
    return this.#offsets.length - 1;
  }

  /** Bytes of text held, for budgets. */
  get byteLength(): number {
    return this.#used;
  }

  /** Appends bytes[start, end); invalid UTF-8 is stored with U+FFFD in its place. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    if (end - start <= SHORT_TEXT && this.#appendAscii(bytes, start, end)) {
      this.#close(true);
      return;
    }
    const repaired = validUtf8(bytes, start, end);
    if (repaired !== null) this.#append(repaired, 0, repaired.length);
    else this.#append(bytes, start, end);
    this.#close(true);
  }

  /** Appends bytes that are known to be valid UTF-8, such as digits we wrote ourselves. */
  pushValidBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#append(bytes, start, end);
    this.#close(true);
  }

  push(text: string): void {
    // A UTF-16 unit needs at most three bytes of UTF-8.
    this.#reserve(text.length * 3);
    const target = this.#bytes.subarray(this.#used);
    let ascii = true;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        ascii = false;
        break;
      }
      target[i] = unit;
    }
    if (ascii) this.#used += text.length;
    else {
      const encoded = encodeUtf8(text);
      this.#append(encoded, 0, encoded.length);
    }
    this.#close(true);
  }

  /** Appends bytes[start, end) as lower-case hexadecimal, two digits a byte. */
  pushHex(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 2);
    const target = this.#bytes;
    let at = this.#used;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      target[at++] = HEX_DIGITS[byte >> 4]!;
      target[at++] = HEX_DIGITS[byte & 15]!;
    }
    this.#used = at;
    this.#close(true);
  }

  pushNull(): void {
    this.#close(false);
  }

  /** A copy of row `index`'s bytes; valid until the next push. */
  bytesAt(index: number): Uint8Array {
    return this.#bytes.subarray(this.#offsets.at(index), this.#offsets.at(index + 1));
  }

  truncate(length: number): void {
    this.#offsets.truncate(length + 1);
    this.#used = this.#offsets.at(length);
  }

  finish(): Utf8Column {
    const nulls = this.#validity.finish(this.length);
    const bytes = this.#bytes.subarray(0, this.#used);
    const offsets = this.#offsets.finish();
    this.#bytes = new Uint8Array(INITIAL_ROWS * 16);
    this.#used = 0;
    this.#offsets.push(0);
    return { type: "utf8", offsets, bytes, nulls };
  }

  // Copies and looks for what is not ASCII in one pass; answers false, and keeps nothing, when
  // there is some. Most text is short and ASCII.
  #appendAscii(bytes: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    this.#reserve(count);
    const target = this.#bytes;
    const at = this.#used;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const byte = bytes[start + i]!;
      target[at + i] = byte;
      seen |= byte;
    }
    if (seen >= 0x80) return false;
    this.#used = at + count;
    return true;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.#reserve(count);
    const target = this.#bytes;
    const at = this.#used;
    // A call of set() costs more than the copy itself for short strings.
    if (count < 32) { for (let i = 0; i < count; i++) target[at + i] = bytes[start + i]!; }
    else target.set(bytes.subarray(start, end), at);
    this.#used = at + count;
  }

  #close(present: boolean): void {
    this.#validity.push(this.length, present);
    this.#offsets.push(this.#used);
  }

  #reserve(count: number): void {
    const needed = this.#used + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}

const HEX_DIGITS = encodeUtf8("0123456789abcdef");

/**
 * Strings that repeat: each distinct value is held once, rows hold its index. Bytes off the
 * wire are found by hashing them undecoded (FNV-1a, open addressing).
 */
export class DictionaryBuilder {
  readonly #ids = i32Builder();
  readonly #validity = new ValidityBuilder();
  readonly #values = new Utf8Builder();
  #slots = new Int32Array(256).fill(-1);
  #hashes = new Uint32Array(256);

  get length(): number {
    return this.#ids.length;
  }

  /** Bytes of distinct text held, for budgets. */
  get byteLength(): number {
    return this.#values.byteLength;
  }

  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#pushId(this.idOf(bytes, start, end));
  }

  push(text: string): void {
    const bytes = encodeUtf8(text);
    this.#pushId(this.idOf(bytes, 0, bytes.length));
  }

  /** Appends a row whose value was looked up with `idOf` of this same batch. */
  pushId(id: number): void {
    this.#pushId(id);
  }

  pushNull(): void {
    this.#validity.push(this.#ids.length, false);
    this.#ids.push(0);
  }

  /** Index of a value in this batch's dictionary; valid until `finish`. */
  idOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash >>>= 0;
    let slot = hash & (this.#slots.length - 1);
    for (;;) {
      const id = this.#slots[slot]!;
      if (id === -1) break;
      if (this.#hashes[slot] === hash && this.#equals(id, bytes, start, end)) return id;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
    const id = this.#values.length;
    this.#values.pushBytes(bytes, start, end);
    this.#slots[slot] = id;
    this.#hashes[slot] = hash;
    if ((id + 1) * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  /** Without a row left the values go too: bodies that are refused must not pile them up. */
  truncate(length: number): void {
    this.#ids.truncate(length);
    if (length > 0) return;
    this.#values.truncate(0);
    this.#slots = new Int32Array(256).fill(-1);
    this.#hashes = new Uint32Array(256);
  }

  finish(): DictionaryColumn {
    const nulls = this.#validity.finish(this.#ids.length);
    // Arrow wants at least one value even when every row is NULL.
    if (this.#values.length === 0) this.#values.push("");
    const column: DictionaryColumn = {
      type: "dictionary",
      ids: this.#ids.finish(),
      nulls,
      values: this.#values.finish(),
    };
    this.#slots = new Int32Array(256).fill(-1);
    this.#hashes = new Uint32Array(256);
    return column;
  }

  #pushId(id: number): void {
    this.#validity.push(this.#ids.length, true);
    this.#ids.push(id);
  }

  // A value that was repaired on its way in never equals its raw bytes: it is then held once
  // for each time it comes, which is correct, and rare.
  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const held = this.#values.bytesAt(id);
    if (held.length !== end - start) return false;
    for (let i = 0; i < held.length; i++) if (held[i] !== bytes[start + i]) return false;
    return true;
  }

  #rehash(): void {
    const size = this.#slots.length * 4;
    const slots = new Int32Array(size).fill(-1);
    const hashes = new Uint32Array(size);
    for (let i = 0; i < this.#slots.length; i++) {
      const id = this.#slots[i]!;
      if (id === -1) continue;
      const hash = this.#hashes[i]!;
      let slot = hash & (size - 1);
      while (slots[slot] !== -1) slot = (slot + 1) & (size - 1);
      slots[slot] = id;
      hashes[slot] = hash;
    }
    this.#slots = slots;
    this.#hashes = hashes;
  }
}

/** Offsets of a list column whose child is built beside it. */
export class ListOffsetsBuilder {
  readonly #offsets = i32Builder();

  constructor() {
    this.#offsets.push(0);
  }

  get length(): number {
    return this.#offsets.length - 1;
  }

  /** Ends the row; `childLength` is the child's length after its items were pushed. */
  close(childLength: number): void {
    this.#offsets.push(childLength);
  }

  /** Cuts to `length` rows and answers the child length to truncate the child to. */
  truncate(length: number): number {
    this.#offsets.truncate(length + 1);
    return this.#offsets.at(length);
  }

  finish(): ListColumn["offsets"] {
    const offsets = this.#offsets.finish();
    this.#offsets.push(0);
    return offsets;
  }
}

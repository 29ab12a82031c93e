import type { Utf8Builder } from "../columns/builders.ts";
import { cutEnd, pushCutText } from "../columns/cut_text.ts";
import { decodeUtf8, encodeUtf8 } from "../columns/utf8_text.ts";
import { type AttributeKeys, KEY_REFUSED } from "../intern/attribute_keys.ts";
import type { AttributeListBuilder } from "../signals/attributes.ts";
import { AnyValue, anyValueText, INT_VALUE, KeyValue, STRING_VALUE } from "./any_value.ts";
import { ByteCache } from "./byte_cache.ts";
import type { Alterations } from "./decode_context.ts";
import type { OtlpLimits } from "./limits.ts";
import { signedOf, type WireReader } from "./wire.ts";

const KEY_CACHE = { maxEntries: 16_384, maxBytes: 1_048_576 };
const DIGIT_ZERO = 48;
const MINUS = 45;
/** 2^53 has 16 digits. */
const MAX_DIGITS = 17;

/**
 * Decodes `KeyValue`s into attribute columns, or into pairs of strings where there are few.
 * Of a repeated key the first value stays. What is dropped or cut is counted in `alterations`.
 */
export class AttributeDecoder {
  readonly #keys: AttributeKeys;
  readonly #limits: OtlpLimits;
  readonly #alterations: Alterations;
  readonly #keyIds: ByteCache;
  #generation = 0;
  readonly #pair = new KeyValue();
  readonly #value = new AnyValue();
  readonly #digits = new Uint8Array(MAX_DIGITS);
  /** Of the attribute last given to `push`; `KEY_REFUSED` when its key was. */
  lastKeyId = KEY_REFUSED;

  constructor(keys: AttributeKeys, limits: OtlpLimits, alterations: Alterations, salt: number) {
    this.#keys = keys;
    this.#limits = limits;
    this.#alterations = alterations;
    this.#keyIds = new ByteCache(KEY_CACHE, salt);
  }

  /**
   * Adds the attribute at [start, end) to the open row of `out`. Answers false when it was
   * dropped, for the record's own count of dropped attributes.
   */
  push(reader: WireReader, start: number, end: number, out: AttributeListBuilder): boolean {
    const pair = this.#pair;
    pair.read(reader, start, end);
    this.#value.read(reader, pair.valueStart, pair.valueEnd);
    const keyId = this.#keyId(reader, pair.keyStart, pair.keyEnd);
    this.lastKeyId = keyId;
    if (keyId === KEY_REFUSED || out.hasKey(keyId)) {
      this.#alterations.droppedAttributes++;
      return false;
    }
    out.pushKey(keyId);
    this.#pushValue(reader, out.values, this.#limits.maxValueBytes);
    return true;
  }

  /** Appends the `AnyValue` at [start, end) as one text of at most `maxBytes`. */
  pushAnyValue(
    reader: WireReader,
    start: number,
    end: number,
    out: Utf8Builder,
    maxBytes: number,
  ): void {
    this.#value.read(reader, start, end);
    this.#pushValue(reader, out, maxBytes);
  }

  /**
   * Every attribute among the fields at [start, end), those with `attributeTag`, as strings.
   * `onDrop` is called for each that was dropped.
   */
  pairs(
    reader: WireReader,
    start: number,
    end: number,
    attributeTag: number,
    onDrop: () => void = () => undefined,
  ): [key: string, value: string][] {
    const found = new Map<string, string>();
    reader.pos = start;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag !== attributeTag) {
        reader.skip(tag, 0, end);
        continue;
      }
      const pairEnd = reader.rangeEnd(end);
      this.#pair.read(reader, reader.pos, pairEnd);
      const { keyStart, keyEnd, valueStart, valueEnd } = this.#pair;
      this.#value.read(reader, valueStart, valueEnd);
      const key = decodeUtf8(reader.bytes, keyStart, keyEnd);
      const text = this.#text(reader);
      const taken = this.#isKey(keyStart, keyEnd) && found.size < this.#limits.maxAttributes &&
        !found.has(key);
      if (taken) found.set(key, text);
      else {
        this.#alterations.droppedAttributes++;
        onDrop();
      }
      reader.pos = pairEnd;
    }
    return [...found];
  }

  /** The number of a key that the decoder looks for itself. */
  keyIdOf(key: string): number {
    return this.#keys.idOf(key);
  }

  /** The value last decoded, when it is a whole number or the digits of one. */
  integerValue(reader: WireReader): number | null {
    const value = this.#value;
    if (value.tag === INT_VALUE) return signedOf(value.low, value.high);
    if (value.tag !== STRING_VALUE || value.end - value.start > MAX_DIGITS) return null;
    const text = decodeUtf8(reader.bytes, value.start, value.end);
    return /^[0-9]+$/.test(text) ? Number(text) : null;
  }

  #isKey(start: number, end: number): boolean {
    return end > start && end - start <= this.#limits.maxKeyBytes;
  }

  #keyId(reader: WireReader, start: number, end: number): number {
    if (this.#generation !== this.#keys.generation) {
      this.#generation = this.#keys.generation;
      this.#keyIds.clear();
    }
    const known = this.#keyIds.find(reader.view, start, end, 0);
    if (known !== -1) return known;
    if (!this.#isKey(start, end)) return KEY_REFUSED;
    const id = this.#keys.idOf(decodeUtf8(reader.bytes, start, end));
    this.#keyIds.add(reader.view, start, end, 0, id);
    return id;
  }

  #pushValue(reader: WireReader, out: Utf8Builder, maxBytes: number): void {
    const value = this.#value;
    if (value.tag === STRING_VALUE) {
      out.pushBytes(
        reader.bytes,
        value.start,
        this.cut(reader.bytes, value.start, value.end, maxBytes),
      );
      return;
    }
    if (value.tag === INT_VALUE) {
      const number = signedOf(value.low, value.high);
      if (Number.isSafeInteger(number)) return this.#pushInteger(number, out);
    }
    if (pushCutText(out, anyValueText(reader, value), maxBytes)) this.#alterations.cutValues++;
  }

  #pushInteger(number: number, out: Utf8Builder): void {
    let rest = Math.abs(number);
    let at = MAX_DIGITS;
    do {
      const next = Math.floor(rest / 10);
      this.#digits[--at] = DIGIT_ZERO + (rest - next * 10);
      rest = next;
    } while (rest > 0);
    if (number < 0) this.#digits[--at] = MINUS;
    out.pushValidBytes(this.#digits, at, MAX_DIGITS);
  }

  #text(reader: WireReader): string {
    const text = anyValueText(reader, this.#value);
    const maxBytes = this.#limits.maxValueBytes;
    if (text.length * 3 <= maxBytes) return text;
    const bytes = encodeUtf8(text);
    return decodeUtf8(bytes, 0, this.cut(bytes, 0, bytes.length, maxBytes));
  }

  /** `cutEnd`, counted. */
  cut(bytes: Uint8Array, start: number, end: number, maxBytes: number): number {
    if (end - start <= maxBytes) return end;
    this.#alterations.cutValues++;
    return cutEnd(bytes, start, end, maxBytes);
  }
}

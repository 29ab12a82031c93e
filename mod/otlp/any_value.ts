import { decodeUtf8 } from "../columns/utf8_text.ts";
import { bytesTag, fixed64Tag, knownFields, signedOf, varintTag, type WireReader } from "./wire.ts";

/** Fields of `AnyValue` (opentelemetry-proto, common/v1/common.proto). */
export const STRING_VALUE = bytesTag(1);
export const BOOL_VALUE = varintTag(2);
export const INT_VALUE = varintTag(3);
export const DOUBLE_VALUE = fixed64Tag(4);
const ARRAY_VALUE = bytesTag(5);
const KVLIST_VALUE = bytesTag(6);
const BYTES_VALUE = bytesTag(7);
const ANY_VALUE_FIELDS = knownFields(1, 2, 3, 4, 5, 6, 7);

const LIST_ITEM = bytesTag(1);
const LIST_FIELDS = knownFields(1);
const PAIR_KEY = bytesTag(1);
const PAIR_VALUE = bytesTag(2);
const PAIR_FIELDS = knownFields(1, 2);

/** Lists in lists in lists: deeper than this is refused as malformed, before the stack is. */
const MAX_DEPTH = 64;

/** Bytes handed to `String.fromCharCode` at a time: arguments live on the stack. */
const BASE64_STEP = 0x2000;

/**
 * The last member set of an `AnyValue`, by its tag (0 when none is), found without making an
 * object. Fields hold until the next `read`.
 */
export class AnyValue {
  tag = 0;
  /** Of strings, bytes, arrays and lists. */
  start = 0;
  end = 0;
  /** Of ints, as unsigned halves, and of bools. */
  low = 0;
  high = 0;
  double = 0;

  read(reader: WireReader, start: number, end: number): void {
    this.tag = 0;
    reader.pos = start;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case STRING_VALUE:
        case ARRAY_VALUE:
        case KVLIST_VALUE:
        case BYTES_VALUE:
          this.end = reader.rangeEnd(end);
          this.start = reader.pos;
          reader.pos = this.end;
          break;
        case BOOL_VALUE:
        case INT_VALUE:
          reader.varint(end);
          this.low = reader.low;
          this.high = reader.high;
          break;
        case DOUBLE_VALUE:
          this.double = reader.double(end);
          break;
        default:
          reader.skip(tag, ANY_VALUE_FIELDS, end);
          continue;
      }
      this.tag = tag;
    }
  }

  /** True for a bool that is not zero. */
  get truth(): boolean {
    return this.low !== 0 || this.high !== 0;
  }
}

/** A signed 64-bit integer in decimal. */
export function decimal(low: number, high: number): string {
  const value = signedOf(low, high);
  if (Number.isSafeInteger(value)) return String(value);
  return BigInt.asIntN(64, BigInt(high) << 32n | BigInt(low)).toString();
}

/**
 * A value as stored: strings as they are, integers in decimal, doubles in their shortest form
 * (`NaN`, `Infinity` and `-Infinity` by name), `true` and `false`, bytes in base64, arrays and
 * key-value lists as JSON; a value that is not set is the empty string.
 */
export function anyValueText(reader: WireReader, value: AnyValue): string {
  switch (value.tag) {
    case STRING_VALUE:
      return decodeUtf8(reader.bytes, value.start, value.end);
    case BOOL_VALUE:
      return value.truth ? "true" : "false";
    case INT_VALUE:
      return decimal(value.low, value.high);
    case DOUBLE_VALUE:
      return String(value.double);
    case BYTES_VALUE:
      return base64(reader.bytes, value.start, value.end);
    case ARRAY_VALUE:
    case KVLIST_VALUE:
      return json(reader, value, 1);
    default:
      return "";
  }
}

// Integers keep all their digits, which JSON allows. NaN and the infinities, which it does not,
// become strings; so do bytes. Uses `value` for what is nested in it too.
function json(reader: WireReader, value: AnyValue, depth: number): string {
  switch (value.tag) {
    case 0:
      return "null";
    case DOUBLE_VALUE:
      return Number.isFinite(value.double) ? String(value.double) : `"${value.double}"`;
    case BOOL_VALUE:
    case INT_VALUE:
      return anyValueText(reader, value);
    case ARRAY_VALUE:
      return jsonArray(reader, value, depth);
    case KVLIST_VALUE:
      return jsonObject(reader, value, depth);
    default:
      return JSON.stringify(anyValueText(reader, value));
  }
}

function jsonArray(reader: WireReader, value: AnyValue, depth: number): string {
  if (depth > MAX_DEPTH) reader.fail("values nested too deeply");
  const end = value.end;
  reader.pos = value.start;
  const items: string[] = [];
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== LIST_ITEM) {
      reader.skip(tag, LIST_FIELDS, end);
      continue;
    }
    const itemEnd = reader.rangeEnd(end);
    value.read(reader, reader.pos, itemEnd);
    items.push(json(reader, value, depth + 1));
    reader.pos = itemEnd;
  }
  return `[${items.join(",")}]`;
}

// Of a repeated key the first value stays, as everywhere else.
function jsonObject(reader: WireReader, value: AnyValue, depth: number): string {
  if (depth > MAX_DEPTH) reader.fail("values nested too deeply");
  const end = value.end;
  reader.pos = value.start;
  const members = new Map<string, string>();
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== LIST_ITEM) {
      reader.skip(tag, LIST_FIELDS, end);
      continue;
    }
    const itemEnd = reader.rangeEnd(end);
    const pair = new KeyValue();
    pair.read(reader, reader.pos, itemEnd);
    value.read(reader, pair.valueStart, pair.valueEnd);
    const text = json(reader, value, depth + 1);
    const key = decodeUtf8(reader.bytes, pair.keyStart, pair.keyEnd);
    if (!members.has(key)) members.set(key, text);
    reader.pos = itemEnd;
  }
  return `{${[...members].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

/** Where the key and the value of a `KeyValue` stand; empty ranges where they are not set. */
export class KeyValue {
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;

  read(reader: WireReader, start: number, end: number): void {
    this.keyStart =
      this.keyEnd =
      this.valueStart =
      this.valueEnd =
        start;
    reader.pos = start;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === PAIR_KEY) {
        this.keyEnd = reader.rangeEnd(end);
        this.keyStart = reader.pos;
        reader.pos = this.keyEnd;
      } else if (tag === PAIR_VALUE) {
        this.valueEnd = reader.rangeEnd(end);
        this.valueStart = reader.pos;
        reader.pos = this.valueEnd;
      } else reader.skip(tag, PAIR_FIELDS, end);
    }
  }
}

function base64(bytes: Uint8Array, start: number, end: number): string {
  let binary = "";
  for (let at = start; at < end; at += BASE64_STEP) {
    binary += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + BASE64_STEP)));
  }
  return btoa(binary);
}

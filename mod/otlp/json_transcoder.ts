import { decodeHex } from "./hex.ts";
import { MalformedError } from "./malformed.ts";
import type { OtlpSignal } from "./otlp_signal.ts";
import {
  type Field,
  isMessage,
  type MessageName,
  MESSAGES,
  REQUESTS,
  type ScalarType,
} from "./schema.ts";
import { fixed32Tag, fixed64Tag, varintTag } from "./wire.ts";
import { WireWriter } from "./wire_writer.ts";

/** Messages in messages: deeper than this is refused, before the stack is. */
const MAX_DEPTH = 160;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

type JsonObject = { readonly [key: string]: unknown };

/**
 * An OTLP/JSON body as the protobuf body that says the same, so that there is one decoder for
 * both (OTLP specification, "JSON Protobuf Encoding"): ids are hexadecimal, enums are integers,
 * 64-bit integers are strings or numbers, unknown fields are ignored, null is "not set".
 * An integer given as a number past 2^53 has lost its last digits when it gets here.
 *
 * @throws MalformedError with the path of the field that does not conform.
 */
export function transcodeJson(signal: OtlpSignal, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  const root = parse(body);
  if (!isObject(root)) throw new MalformedError("expected a JSON object", null, null);
  new Transcoder(writer).message(REQUESTS[signal], root, 0);
  return writer.finish();
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(strictUtf8.decode(body));
  } catch (error) {
    const what = error instanceof SyntaxError ? error.message : "not valid UTF-8";
    throw new MalformedError(`not JSON: ${what}`, null, null);
  }
}

class Transcoder {
  readonly #writer: WireWriter;
  /** Names and indexes down to the field in hand; made into text only for an error. */
  readonly #path: (string | number)[] = [];

  constructor(writer: WireWriter) {
    this.#writer = writer;
  }

  message(name: MessageName, value: JsonObject, depth: number): void {
    if (depth > MAX_DEPTH) this.#fail("nested too deeply");
    for (const field of MESSAGES[name]) {
      const member = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
      if (member === undefined || member === null) continue;
      this.#path.push(field.name);
      if (field.repeated) this.#list(field, member, depth);
      else this.#field(field, member, depth);
      this.#path.pop();
    }
  }

  #list(field: Field, value: unknown, depth: number): void {
    if (!Array.isArray(value)) this.#fail("expected an array");
    const items: readonly unknown[] = value;
    items.forEach((item, index) => {
      this.#path.push(index);
      this.#field(field, item, depth);
      this.#path.pop();
    });
  }

  #field(field: Field, value: unknown, depth: number): void {
    if (!isMessage(field.type)) return this.#scalar(field.number, field.type, value);
    if (!isObject(value)) this.#fail("expected an object");
    const start = this.#writer.begin(field.number);
    this.message(field.type, value, depth + 1);
    this.#writer.end(start);
  }

  #scalar(number: number, type: ScalarType, value: unknown): void {
    const writer = this.#writer;
    switch (type) {
      case "string":
        if (typeof value !== "string") return this.#fail("expected a string");
        return writer.stringField(number, value);
      case "id":
        return writer.bytesField(number, this.#hex(value));
      case "bytes":
        return writer.bytesField(number, this.#base64(value));
      case "bool":
        if (typeof value !== "boolean") return this.#fail("expected true or false");
        writer.varint(varintTag(number));
        return writer.varint(value ? 1 : 0);
      case "double":
        writer.varint(fixed64Tag(number));
        return writer.double(this.#double(value));
      case "fixed32":
        writer.varint(fixed32Tag(number));
        return writer.fixed32(Number(this.#integer(value, 0n, MAX_U32)));
      case "fixed64":
      case "sfixed64":
        writer.varint(fixed64Tag(number));
        return this.#fixed64(value, type === "fixed64");
      case "enum":
        if (typeof value !== "number") return this.#fail("expected the integer of an enum");
        writer.varint(varintTag(number));
        return writer.varint64(this.#integer(value, MIN_I32, MAX_I32));
      case "sint32": {
        const integer = Number(this.#integer(value, MIN_I32, MAX_I32));
        writer.varint(varintTag(number));
        return writer.varint((integer << 1 ^ integer >> 31) >>> 0);
      }
      case "uint32":
        writer.varint(varintTag(number));
        return writer.varint(Number(this.#integer(value, 0n, MAX_U32)));
      case "uint64":
        writer.varint(varintTag(number));
        return writer.varint64(this.#integer(value, 0n, MAX_U64));
      case "int64":
        writer.varint(varintTag(number));
        return writer.varint64(this.#integer(value, MIN_I64, MAX_I64));
    }
  }

  // Counts are short: they need no BigInt.
  #fixed64(value: unknown, unsigned: boolean): void {
    if (typeof value === "number" && Number.isSafeInteger(value) && (value >= 0 || !unsigned)) {
      return this.#writer.fixed64(value);
    }
    const integer = unsigned
      ? this.#integer(value, 0n, MAX_U64)
      : this.#integer(value, MIN_I64, MAX_I64);
    this.#writer.fixed64Big(integer);
  }

  #integer(value: unknown, min: bigint, max: bigint): bigint {
    const isInteger = typeof value === "number"
      ? Number.isInteger(value)
      : typeof value === "string" && INTEGER.test(value);
    if (!isInteger) return this.#fail("expected an integer, as a number or a string");
    const integer = BigInt(value as number | string);
    if (integer < min || integer > max) return this.#fail("integer out of range");
    return integer;
  }

  #double(value: unknown): number {
    if (typeof value === "number") return value;
    if (typeof value !== "string" || !(NAMED_DOUBLES.has(value) || DOUBLE.test(value))) {
      return this.#fail("expected a number");
    }
    return Number(value);
  }

  #hex(value: unknown): Uint8Array {
    const bytes = typeof value === "string" ? decodeHex(value) : null;
    return bytes ?? this.#fail("expected hexadecimal digits");
  }

  // Both alphabets of RFC 4648, padded or not, as protobuf's JSON mapping says.
  #base64(value: unknown): Uint8Array {
    if (typeof value !== "string") return this.#fail("expected base64");
    try {
      return Uint8Array.from(
        atob(value.replaceAll("-", "+").replaceAll("_", "/")),
        (char) => char.charCodeAt(0),
      );
    } catch (error) {
      if (error instanceof DOMException) return this.#fail("expected base64");
      throw error;
    }
  }

  #fail(problem: string): never {
    const path = this.#path
      .map((part) => typeof part === "number" ? `[${part}]` : `.${part}`)
      .join("").slice(1);
    throw new MalformedError(problem, null, path);
  }
}

const MIN_I32 = -(2n ** 31n);
const MAX_I32 = 2n ** 31n - 1n;
const MAX_U32 = 2n ** 32n - 1n;
const MIN_I64 = -(2n ** 63n);
const MAX_I64 = 2n ** 63n - 1n;
const MAX_U64 = 2n ** 64n - 1n;
/** Twenty digits hold every 64-bit integer. */
const INTEGER = /^-?[0-9]{1,20}$/;
const DOUBLE = /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const NAMED_DOUBLES: ReadonlySet<string> = new Set(["NaN", "Infinity", "-Infinity"]);

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

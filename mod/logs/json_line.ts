import { bareLine, type LineParser, type LogLine } from "./log_line.ts";
import { KnownFields } from "./known_fields.ts";
import type { TimeZone } from "./time_zone.ts";

/** Objects within objects up to here become fields of their own; deeper ones stay JSON text. */
const MAX_DEPTH = 6;
/** Fields of one line; what is more stays together as JSON text, in `json.rest`. */
const MAX_FIELDS = 512;
/** A run of digits that a double may not hold. */
const LONG_NUMBER = /\d{16}/;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Lines that are one JSON object each. Nested objects are named by their path (`http.status`);
 * lists are kept as JSON text. Without a message the whole line is the body.
 */
export function jsonParser(zone: TimeZone): LineParser {
  const fields = new KnownFields(zone);
  return (text, { nowMs }) => {
    const object = parseObject(text);
    return object === null ? null : lineOf(object, text, fields, nowMs);
  };
}

function lineOf(
  object: Readonly<Record<string, Json>>,
  text: string,
  fields: KnownFields,
  nowMs: number,
): LogLine {
  let count = 0;
  const walk = (part: Readonly<Record<string, Json>>, prefix: string, depth: number): void => {
    for (const key in part) {
      const value = part[key]!;
      const name = prefix === "" ? key : `${prefix}.${key}`;
      if (value === null) continue;
      if (++count > MAX_FIELDS) {
        if (count === MAX_FIELDS + 1) fields.add("json.rest", text);
        return;
      }
      if (typeof value === "string" || typeof value === "number") fields.add(name, value);
      else if (typeof value === "boolean") fields.add(name, String(value));
      else if (isObject(value) && depth < MAX_DEPTH) walk(value, name, depth + 1);
      else fields.add(name, JSON.stringify(value));
    }
  };
  walk(object, "", 1);
  const line = bareLine(text);
  fields.finish(line, nowMs);
  if (line.body.endsWith("\n")) line.body = line.body.replace(/\r?\n$/, "");
  return line;
}

function parseObject(text: string): Readonly<Record<string, Json>> | null {
  const start = text.trimStart();
  if (!start.startsWith("{")) return null;
  try {
    const value: Json = LONG_NUMBER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

// Digits that a double would round are kept as they are written.
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const rounded = typeof value === "number" && source !== undefined &&
    Math.abs(value) > Number.MAX_SAFE_INTEGER;
  return rounded ? source : value;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { isSecretKey, REDACTED, redactText } from "./secrets.ts";

/** Bounds of one log line, so that a strange value cannot flood the log. */
const MAX_DEPTH = 6;
const MAX_ENTRIES = 64;
const MAX_TEXT_LENGTH = 4_096;

/** What JSON can hold. */
export type LogValue =
  | null
  | boolean
  | number
  | string
  | readonly LogValue[]
  | { readonly [key: string]: LogValue };

/** The fields as they may be written: redacted, bounded, and safe for JSON. Never throws. */
export function logFields(fields: unknown): Readonly<Record<string, LogValue>> {
  if (fields === undefined || fields === null) return {};
  const value = logValue(fields);
  return typeof value === "object" && value !== null && !isList(value) ? value : { value };
}

/**
 * A value as it may be written. What JSON cannot hold becomes text (`NaN`, bigint, dates), an
 * Error its name, message, and cause; what is too deep, too long or circular is cut and says so.
 */
export function logValue(value: unknown): LogValue {
  return bounded(value, 0, new Set());
}

function bounded(value: unknown, depth: number, above: Set<object>): LogValue {
  switch (typeof value) {
    case "string":
      return text(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "bigint":
      return String(value);
    case "undefined":
      return null;
    case "symbol":
    case "function":
      return `[${typeof value}]`;
    case "object":
      return value === null ? null : structure(value, depth, above);
  }
}

function structure(value: object, depth: number, above: Set<object>): LogValue {
  if (above.has(value)) return "[circular]";
  if (depth >= MAX_DEPTH) return "[too deep]";
  // Getters and proxies may throw; a log line is no reason to fail.
  try {
    above.add(value);
    if (value instanceof Date) {
      return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
    }
    if (value instanceof Error) return errorValue(value, depth, above);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Map) return entriesOf(Object.fromEntries(value), depth, above);
    if (Array.isArray(value) || value instanceof Set) return list([...value], depth, above);
    return entriesOf(value, depth, above);
  } catch (error) {
    return `[unreadable: ${text(String(error))}]`;
  } finally {
    above.delete(value);
  }
}

function list(values: readonly unknown[], depth: number, above: Set<object>): LogValue[] {
  const kept = values.slice(0, MAX_ENTRIES).map((value) => bounded(value, depth + 1, above));
  if (values.length > MAX_ENTRIES) kept.push(`[${values.length - MAX_ENTRIES} more]`);
  return kept;
}

function entriesOf(
  value: object,
  depth: number,
  above: Set<object>,
): Readonly<Record<string, LogValue>> {
  const entries = Object.entries(value);
  const kept = entries.slice(0, MAX_ENTRIES).filter(([, v]) => v !== undefined)
    .map(([key, v]): [string, LogValue] => [
      key.slice(0, MAX_TEXT_LENGTH),
      isSecretKey(key) && v !== null ? REDACTED : bounded(v, depth + 1, above),
    ]);
  if (entries.length > MAX_ENTRIES) kept.push(["[more]", entries.length - MAX_ENTRIES]);
  return Object.fromEntries(kept);
}

function errorValue(error: Error, depth: number, above: Set<object>): LogValue {
  // The stack is for unexpected errors only, which say so by having no code of their own.
  const stack = "code" in error || error.stack === undefined ? {} : { stack: text(error.stack) };
  return {
    name: error.name,
    message: text(error.message),
    ..."code" in error ? { code: bounded(error.code, depth + 1, above) } : {},
    ...stack,
    ...error.cause === undefined ? {} : { cause: bounded(error.cause, depth + 1, above) },
  };
}

// Array.isArray does not narrow a read-only list.
function isList(value: LogValue): value is readonly LogValue[] {
  return Array.isArray(value);
}

function text(value: string): string {
  // Cut first: redaction costs by length. A secret that straddles the cut is cut with the rest.
  const cut = value.length > MAX_TEXT_LENGTH
    ? `${value.slice(0, MAX_TEXT_LENGTH).toWellFormed()}… [${
      value.length - MAX_TEXT_LENGTH
    } more characters]`
    : value;
  return redactText(cut);
}

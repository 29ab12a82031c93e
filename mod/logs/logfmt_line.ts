import { bareLine, type LineParser } from "./log_line.ts";
import { KnownFields } from "./known_fields.ts";
import type { TimeZone } from "./time_zone.ts";

const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const EQUALS = 61;
const MAX_FIELDS = 512;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/**
 * Lines of `key=value` pairs, values with spaces in double quotes (logfmt). A word without `=` is a
 * key whose value is "". A line whose quotes do not close, or without one pair, is not logfmt.
 */
export function logfmtParser(zone: TimeZone): LineParser {
  const fields = new KnownFields(zone);
  return (text, { nowMs }) => {
    const pairs = readPairs(text);
    if (pairs === null) return null;
    for (const [key, value] of pairs) fields.add(key, value);
    const line = bareLine(text);
    fields.finish(line, nowMs);
    return line;
  };
}

/** Null when the text is not logfmt. */
function readPairs(text: string): (readonly [string, string])[] | null {
  const pairs: (readonly [string, string])[] = [];
  let assigned = false;
  let at = 0;
  for (;;) {
    while (isSpace(text.charCodeAt(at))) at++;
    if (at >= text.length) return assigned ? pairs : null;
    if (pairs.length >= MAX_FIELDS) return null;
    const keyStart = at;
    while (at < text.length && isKeyUnit(text.charCodeAt(at))) at++;
    const key = text.slice(keyStart, at);
    if (key === "") return null;
    if (text.charCodeAt(at) !== EQUALS) {
      if (at < text.length && !isSpace(text.charCodeAt(at))) return null;
      pairs.push([key, ""]);
      continue;
    }
    assigned = true;
    at++;
    if (text.charCodeAt(at) === QUOTE) {
      const end = closingQuote(text, at + 1);
      if (end === -1) return null;
      pairs.push([key, unescape(text.slice(at + 1, end))]);
      at = end + 1;
    } else {
      const start = at;
      while (at < text.length && !isSpace(text.charCodeAt(at))) at++;
      pairs.push([key, text.slice(start, at)]);
    }
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}

function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === 9 || code === 10 || code === 13;
}

function isKeyUnit(code: number): boolean {
  return code > SPACE && code !== EQUALS && code !== QUOTE;
}

import { decodeUtf8 } from "../columns/utf8_text.ts";
import { ExpositionError } from "./exposition_error.ts";
import { METRIC_TYPES, type MetricType } from "./metric_type.ts";
import { numberOf } from "./number_text.ts";

/** `text`: Prometheus text format 0.0.4; `openmetrics`: OpenMetrics 1.0. */
export type ExpositionFormat = "text" | "openmetrics";

/** What an exposition says, in its order. Byte ranges are of the body, and good during the call. */
export interface ExpositionHandler {
  /** `# TYPE`: of the family whose samples follow. */
  type(family: string, type: MetricType): void;
  /** `# UNIT`, which OpenMetrics has. */
  unit(family: string, unit: string): void;
  /**
   * A sample. Its metric and labels are body[start, end), undecoded (see `readSeriesText`);
   * `tsUs` is null without a timestamp.
   */
  sample(body: Uint8Array, start: number, end: number, value: number, tsUs: number | null): void;
  /** An exemplar of the sample before, body[start, end), undecoded (see `readExemplarText`). */
  exemplar(body: Uint8Array, start: number, end: number): void;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Times further from the epoch than this are no dates; seconds. */
const MAX_SECONDS = 8.64e12;
const TYPES: ReadonlySet<string> = new Set(METRIC_TYPES);

/**
 * Reads an exposition of either format in one pass over its bytes; strings are made of comments
 * only. Lenient where nothing is lost by it: blank lines, `\r\n`, spaces and tabs between tokens.
 *
 * @returns how many samples there were
 * @throws ExpositionError with the number of the line
 */
export function readExposition(
  body: Uint8Array,
  format: ExpositionFormat,
  handler: ExpositionHandler,
): number {
  return new ExpositionReader(body, format, handler).read();
}

class ExpositionReader {
  readonly #body: Uint8Array;
  readonly #format: ExpositionFormat;
  readonly #handler: ExpositionHandler;
  #line = 0;
  #samples = 0;
  #ended = false;

  constructor(body: Uint8Array, format: ExpositionFormat, handler: ExpositionHandler) {
    this.#body = body;
    this.#format = format;
    this.#handler = handler;
  }

  read(): number {
    const body = this.#body;
    for (let start = 0; start < body.length;) {
      this.#line++;
      const newline = body.indexOf(NEWLINE, start);
      const next = newline === -1 ? body.length : newline + 1;
      let end = newline === -1 ? body.length : newline;
      if (end > start && body[end - 1] === RETURN) end--;
      this.#readLine(skipBlanks(body, start, end), end);
      start = next;
    }
    if (this.#format === "openmetrics" && !this.#ended) {
      this.#line++;
      throw this.#error("ends without `# EOF`: it was cut off");
    }
    return this.#samples;
  }

  #readLine(at: number, end: number): void {
    if (at === end) return;
    if (this.#ended) throw this.#error("follows `# EOF`");
    if (this.#body[at] === HASH) this.#comment(at, end);
    else this.#sample(at, end);
  }

  #comment(at: number, end: number): void {
    const body = this.#body;
    const keyword = skipBlanks(body, at + 1, end);
    const keywordEnd = tokenEnd(body, keyword, end);
    const word = decodeUtf8(body, keyword, Math.min(keywordEnd, keyword + 8));
    if (word === "EOF") {
      this.#ended = this.#format === "openmetrics";
      return;
    }
    // Help is not kept, and other comments mean nothing.
    if (word !== "TYPE" && word !== "UNIT") return;
    const name = skipBlanks(body, keywordEnd, end);
    const nameEnd = body[name] === QUOTE ? quotedEnd(body, name, end) : tokenEnd(body, name, end);
    if (nameEnd <= name) throw this.#error(`${word} without a metric name`);
    const family = familyName(body, name, nameEnd);
    const rest = skipBlanks(body, nameEnd, end);
    const value = decodeUtf8(body, rest, tokenEnd(body, rest, end));
    if (word === "UNIT") this.#handler.unit(family, value);
    else this.#handler.type(family, this.#typeOf(value));
  }

  #typeOf(word: string): MetricType {
    const type = word === "untyped" ? "unknown" : word;
    if (isMetricType(type)) return type;
    throw this.#error(`"${word.slice(0, 40)}" is no metric type`);
  }

  #sample(start: number, end: number): void {
    const body = this.#body;
    const seriesEnd = this.#seriesEnd(start, end);
    const value = skipBlanks(body, seriesEnd, end);
    const valueEnd = tokenEnd(body, value, end);
    if (value === valueEnd) throw this.#error("a sample without a value");
    const number = numberOf(body, value, valueEnd);
    if (number === null) throw this.#error(`"${this.#shown(value, valueEnd)}" is no number`);
    let rest = skipBlanks(body, valueEnd, end);
    let tsUs: number | null = null;
    if (rest < end && body[rest] !== HASH) {
      const timeEnd = tokenEnd(body, rest, end);
      tsUs = this.#time(rest, timeEnd);
      rest = skipBlanks(body, timeEnd, end);
    }
    if (rest < end && (body[rest] !== HASH || this.#format === "text")) {
      throw this.#error(`"${this.#shown(rest, end)}" after the sample`);
    }
    this.#samples++;
    this.#handler.sample(body, start, seriesEnd, number, tsUs);
    if (rest < end) this.#handler.exemplar(body, rest, end);
  }

  /** Where the metric's name and its labels end. */
  #seriesEnd(start: number, end: number): number {
    const body = this.#body;
    let at = start;
    while (at < end && !isBlank(body[at]!) && body[at] !== OPEN) at++;
    const open = skipBlanks(body, at, end);
    if (body[open] !== OPEN || open === end) return at;
    for (at = open + 1; at < end; at++) {
      if (body[at] === CLOSE) return at + 1;
      if (body[at] === QUOTE) at = quotedEnd(body, at, end) - 1;
    }
    throw this.#error("labels without their `}`");
  }

  // Milliseconds in the text format, seconds in OpenMetrics.
  #time(start: number, end: number): number {
    const number = numberOf(this.#body, start, end);
    const seconds = (number ?? NaN) / (this.#format === "text" ? 1_000 : 1);
    if (!(Math.abs(seconds) <= MAX_SECONDS)) {
      throw this.#error(`"${this.#shown(start, end)}" is no timestamp`);
    }
    return Math.round(seconds * 1_000_000);
  }

  #shown(start: number, end: number): string {
    return decodeUtf8(this.#body, start, Math.min(end, start + 60));
  }

  #error(problem: string): ExpositionError {
    return new ExpositionError(problem, this.#line);
  }
}

function isMetricType(word: string): word is MetricType {
  return TYPES.has(word);
}

function familyName(body: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(body, start, end);
  return text.startsWith('"') ? unescaped(text.slice(1, -1)) : text;
}

/** Where the quoted text that begins at `start` ends, its quote included; `end` when it does not. */
function quotedEnd(body: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (body[at] === BACKSLASH) at++;
    else if (body[at] === QUOTE) return at + 1;
  }
  return end;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function skipBlanks(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(body[at]!)) at++;
  return at;
}

function tokenEnd(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && !isBlank(body[at]!)) at++;
  return at;
}

/** The text of a quoted value, its escapes resolved: `\\`, `\"`, `\n`; others stay as they are. */
export function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([\\"n])/g, (_, escaped: string) => escaped === "n" ? "\n" : escaped);
}

import type { SampleRows, SeriesIdentity } from "../intake/sample_writer.ts";
import { decimal, serviceOf } from "./labels.ts";
import type { LineTally } from "./line_tally.ts";
import type { SeriesCache } from "./series_cache.ts";

/** Units of timestamps, as microseconds; nanoseconds are cut to microseconds. */
export const INFLUX_PRECISIONS = {
  ns: 0.001,
  n: 0.001,
  us: 1,
  u: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
} as const;
export type InfluxPrecision = keyof typeof INFLUX_PRECISIONS;

/** Fields of one line; a line with more is malformed. */
const MAX_FIELDS = 1_024;
/** A field of this name stands for its measurement. */
const PLAIN_FIELD = "value";

const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ...["t", "T", "true", "True", "TRUE"].map((text) => [text, 1] as const),
  ...["f", "F", "false", "False", "FALSE"].map((text) => [text, 0] as const),
]);

/** What is wrong with a line. */
class MalformedLine extends Error {}

/**
 * Takes in InfluxDB line protocol: `measurement,tag=a field=1,other=2i timestamp` (InfluxDB 2,
 * "Line protocol"). Each numeric field is a gauge named `measurement_field`, or as the measurement
 * where the field is `value`; tags are labels. Booleans are 0 and 1. Fields that are text have no
 * place among metrics: they are counted as `string_field`.
 */
export class InfluxLines {
  readonly #series: SeriesCache;

  constructor(series: SeriesCache) {
    this.#series = series;
  }

  take(text: string, precision: InfluxPrecision, rows: SampleRows, tally: LineTally): void {
    for (let at = 0; at < text.length;) {
      const line = new LineReader(text, at);
      if (line.isBlank) {
        at = line.end;
        continue;
      }
      try {
        line.read();
        this.#push(line, precision, rows, tally);
        at = line.pos;
      } catch (error) {
        if (!(error instanceof MalformedLine)) throw error;
        const newline = text.indexOf("\n", at);
        const end = newline < 0 ? text.length : newline;
        tally.malformed(text.slice(at, end), error.message);
        at = end + 1;
      }
    }
  }

  #push(line: LineReader, precision: InfluxPrecision, rows: SampleRows, tally: LineTally): void {
    const tsUs = line.time === "" ? rows.nowUs : timeOf(line.time, precision);
    // The series come first: a line with a bad one is refused as a whole.
    const ids = line.fields.map(({ key }) => this.#seriesId(line.head, key, rows));
    if (line.strings > 0) tally.add("string_field", line.strings);
    line.fields.forEach(({ value }, index) => {
      const id = ids[index];
      if (id !== null && id !== undefined) rows.sample(id, tsUs, value);
    });
  }

  #seriesId(head: string, field: string, rows: SampleRows): number | null {
    // No newline stands in a head.
    const key = `${head}\n${field}`;
    return this.#series.get(key) ?? this.#series.add(key, identityOf(head, field), rows);
  }
}

function timeOf(text: string, precision: InfluxPrecision): number {
  if (!/^-?\d{1,19}$/.test(text)) throw new MalformedLine("the timestamp is not a whole number");
  const unitUs = INFLUX_PRECISIONS[precision];
  // Nanoseconds since the epoch are past what a double holds exactly; microseconds are not.
  return unitUs < 1 ? Number(text.slice(0, -3)) : Number(text) * unitUs;
}

interface Field {
  readonly key: string;
  readonly value: number;
}

/** Takes one line apart; `pos` is then behind it. */
class LineReader {
  readonly #text: string;
  pos: number;
  /** Measurement and tags, as they were written. */
  head = "";
  readonly fields: Field[] = [];
  /** Fields that are text. */
  strings = 0;
  time = "";

  constructor(text: string, pos: number) {
    this.#text = text;
    this.pos = pos;
    while (isSpace(text.charCodeAt(this.pos))) this.pos++;
  }

  /** Nothing but white space or a comment stands here. */
  get isBlank(): boolean {
    const code = this.#text.charCodeAt(this.pos);
    return Number.isNaN(code) || code === NEWLINE || code === HASH;
  }

  /** Behind the newline after `pos`. */
  get end(): number {
    const newline = this.#text.indexOf("\n", this.pos);
    return newline < 0 ? this.#text.length : newline + 1;
  }

  /** @throws MalformedLine */
  read(): void {
    this.head = this.#until(SPACE);
    if (this.#text.charCodeAt(this.pos) !== SPACE) {
      throw new MalformedLine("expected `measurement,tags fields timestamp`");
    }
    while (this.#text.charCodeAt(this.pos) === SPACE) this.pos++;
    for (;;) {
      this.#readField();
      if (this.#text.charCodeAt(this.pos) !== COMMA) break;
      this.pos++;
    }
    const end = this.end;
    this.time = this.#text.slice(this.pos, end).trim();
    this.pos = end;
  }

  #readField(): void {
    if (this.fields.length + this.strings >= MAX_FIELDS) {
      throw new MalformedLine("the line has too many fields");
    }
    const key = this.#until(EQUALS);
    if (key === "" || this.#text.charCodeAt(this.pos) !== EQUALS) {
      throw new MalformedLine("expected fields as `key=value`");
    }
    this.pos++;
    if (this.#text.charCodeAt(this.pos) === QUOTE) {
      this.#passString();
      this.strings++;
    } else this.fields.push({ key, value: this.#readValue() });
    const next = this.#text.charCodeAt(this.pos);
    if (!Number.isNaN(next) && next !== COMMA && !isSpace(next) && next !== NEWLINE) {
      throw new MalformedLine("expected a comma or a space behind a field");
    }
  }

  #readValue(): number {
    const start = this.pos;
    for (;; this.pos++) {
      const code = this.#text.charCodeAt(this.pos);
      if (Number.isNaN(code) || code === COMMA || isSpace(code) || code === NEWLINE) break;
    }
    const text = this.#text.slice(start, this.pos);
    const last = text.at(-1);
    const whole = last === "i" || last === "u";
    const value = whole ? decimal(text.slice(0, -1)) : decimal(text) ?? BOOLEANS.get(text);
    if (value === undefined || value === null || whole && !/^[+-]?\d+[iu]$/.test(text)) {
      throw new MalformedLine("a field's value is no number, boolean or quoted text");
    }
    return value;
  }

  #passString(): void {
    for (this.pos++;; this.pos++) {
      const code = this.#text.charCodeAt(this.pos);
      if (Number.isNaN(code)) throw new MalformedLine("a quoted text does not end");
      if (code === BACKSLASH) this.pos++;
      else if (code === QUOTE) break;
    }
    this.pos++;
  }

  /** What stands before the next `stop` that is not escaped; stops at the line's end too. */
  #until(stop: number): string {
    const start = this.pos;
    for (;; this.pos++) {
      const code = this.#text.charCodeAt(this.pos);
      if (Number.isNaN(code) || code === stop || code === NEWLINE) break;
      if (code === BACKSLASH && this.#text.charCodeAt(this.pos + 1) !== NEWLINE) this.pos++;
    }
    this.pos = Math.min(this.pos, this.#text.length);
    return this.#text.slice(start, this.pos);
  }
}

const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;

function isSpace(code: number): boolean {
  return code === SPACE || code === 9 || code === 13;
}

/** @throws MalformedLine */
function identityOf(head: string, field: string): SeriesIdentity {
  const [measurement = "", ...tags] = splitUnescaped(head, ",");
  if (measurement === "") throw new MalformedLine("the measurement is empty");
  if (/\p{Cc}/u.test(head + field)) throw new MalformedLine("a name has control characters in it");
  const labels = tags.map((tag): [string, string] => {
    const [key = "", value = "", ...rest] = splitUnescaped(tag, "=");
    if (key === "" || value === "" || rest.length > 0) {
      throw new MalformedLine("expected tags as `key=value`");
    }
    return [unescape(key), unescape(value)];
  });
  const key = unescape(field);
  const name = unescape(measurement) + (key === PLAIN_FIELD ? "" : `_${key}`);
  return { name, kind: "gauge", unit: "", labels, service: serviceOf(labels) };
}

/** Splits at a character that has no backslash before it; backslashes stay. */
function splitUnescaped(text: string, at: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === at) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** A backslash escapes commas, equals signs and spaces; before anything else it is itself. */
function unescape(text: string): string {
  return text.includes("\\") ? text.replace(/\\([,= ])/g, "$1") : text;
}

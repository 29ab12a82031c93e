import { accessParser } from "./access_line.ts";
import { criParser } from "./cri_line.ts";
import { jsonParser } from "./json_line.ts";
import { type LineContext, type LineParser, type LogLine, withinEnvelope } from "./log_line.ts";
import { logfmtParser } from "./logfmt_line.ts";
import { plainParser } from "./plain_line.ts";
import { regexParser } from "./regex_line.ts";
import { syslogParser } from "./syslog_line.ts";
import type { TimeZone } from "./time_zone.ts";

/** The formats that a source of lines may have. */
export const LOG_FORMATS_OF_LINES = [
  "auto",
  "json",
  "logfmt",
  "cri",
  "syslog",
  "access",
  "regex",
  "plain",
] as const;
export type LineFormat = typeof LOG_FORMATS_OF_LINES[number];

export interface LineFormatOptions {
  readonly format: LineFormat;
  /** Of `regex` only: with named groups. */
  readonly pattern: string | null;
  /** Of times that do not name their zone. */
  readonly zone: TimeZone;
}

/** `key=` at the start of a line, and once more: what logfmt looks like. */
const LOGFMT = /^[A-Za-z_@][\w.@-]{0,63}=(?:"|[^\s"=]* +[A-Za-z_@][\w.@-]{0,63}=)/;
/** An address or `-`, and a bracket with a day in it. */
const ACCESS = /^\S{1,255} \S{1,255} [^[]{1,255} \[\d{2}\/[A-Z]/;
/** A time, a host, a tag with its colon: syslog as it is written to files. */
const SYSLOG_FILE =
  /^(?:[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T[\d:.]{8,15}[+Z-][\d:]{0,5}) [A-Za-z0-9.-]{1,255} [^\s:[\]]{1,128}(?:\[\d{1,9}\])?: /;
const CEE = "@cee:";

/**
 * Reads lines of one format. A line that is not of it is never lost: it is taken as plain text, and
 * counted.
 */
export class LineReader {
  readonly #format: LineFormat;
  readonly #parse: LineParser;
  readonly #json: LineParser;
  readonly #logfmt: LineParser;
  readonly #cri = criParser();
  readonly #syslog: LineParser;
  readonly #access: LineParser;
  readonly #plain: (text: string, nowMs: number) => LogLine;
  #misfits = 0;

  /** @throws TypeError for a pattern that `linePatternProblem` refuses, or is missing */
  constructor({ format, pattern, zone }: LineFormatOptions) {
    this.#format = format;
    this.#json = jsonParser(zone);
    this.#logfmt = logfmtParser(zone);
    this.#syslog = syslogParser(zone);
    this.#access = accessParser(zone);
    this.#plain = plainParser(zone);
    this.#parse = this.#parserOf(format, pattern, zone);
  }

  /** Lines so far that were not of the format. */
  get misfits(): number {
    return this.#misfits;
  }

  /** What a line says. Takes every line. */
  read(text: string, context: LineContext): LogLine {
    const line = this.#parse(text, context);
    if (line !== null) return line;
    if (this.#format !== "auto") this.#misfits++;
    return this.#plain(text, context.nowMs);
  }

  /** Reads the message within an envelope whose time, host and so on are known. */
  readWithin(envelope: LogLine, context: LineContext): LogLine {
    return withinEnvelope(envelope, this.#message(envelope.body, context));
  }

  #parserOf(format: LineFormat, pattern: string | null, zone: TimeZone): LineParser {
    switch (format) {
      case "auto":
        return (text, context) => this.#guess(text, context);
      case "json":
        return this.#json;
      case "logfmt":
        return this.#logfmt;
      case "cri":
        return this.#enveloped(this.#cri);
      case "syslog":
        return this.#enveloped(this.#syslog);
      case "access":
        return this.#access;
      case "regex":
        if (pattern === null) throw new TypeError("the format regex needs a pattern");
        return regexParser(pattern, zone);
      case "plain":
        return (text, { nowMs }) => this.#plain(text, nowMs);
    }
  }

  #enveloped(outer: LineParser): LineParser {
    return (text, context) => {
      const envelope = outer(text, context);
      return envelope === null ? null : this.readWithin(envelope, context);
    };
  }

  // Each guess is checked by the parser itself; a wrong one costs a line nothing but time.
  #guess(text: string, context: LineContext): LogLine | null {
    const first = text.charCodeAt(0);
    if (first === 123) return this.#json(text, context);
    if (first === 60) return this.#within(this.#syslog(text, context), context);
    const digit = first >= 48 && first <= 57;
    if (digit && / std(?:out|err) [FP](?: |$)/.test(text.slice(19, 50))) {
      return this.#within(this.#cri(text, context), context);
    }
    if (SYSLOG_FILE.test(text)) return this.#within(this.#syslog(text, context), context);
    if (ACCESS.test(text)) return this.#access(text, context);
    return LOGFMT.test(text) ? this.#logfmt(text, context) : null;
  }

  #within(envelope: LogLine | null, context: LineContext): LogLine | null {
    return envelope === null ? null : this.readWithin(envelope, context);
  }

  /** A message may be JSON or logfmt; else what is recognised in plain text counts. */
  #message(body: string, context: LineContext): LogLine {
    const text = body.startsWith(CEE) ? body.slice(CEE.length).trimStart() : body;
    const structured = text.startsWith("{")
      ? this.#json(text, context)
      : LOGFMT.test(text)
      ? this.#logfmt(text, context)
      : null;
    return structured ?? this.#plain(body, context.nowMs);
  }
}

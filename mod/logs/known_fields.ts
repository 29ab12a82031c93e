import { idOfDigits, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from "../signals/trace_ids.ts";
import type { LogLine } from "./log_line.ts";
import { type LevelScale, severityOfLevel, severityOfWord } from "./severity_text.ts";
import { timeOfNumber, timeOfText } from "./time_text.ts";
import type { TimeZone } from "./time_zone.ts";

/** A field of a structured line: text, or a number that the line wrote as one. */
export type FieldValue = string | number;

/** What every record has; each is looked for by the names that loggers give it. */
const ROLES = [
  "time",
  "severity",
  "level",
  "body",
  "service",
  "host",
  "pid",
  "trace",
  "span",
  "traceparent",
  "event",
] as const;
export type Role = typeof ROLES[number];

/** The names that loggers give to what every record has; of those of one role the first counts. */
const NAMES: Readonly<Record<Role, readonly string[]>> = {
  // OpenTelemetry, ECS, Winston, Pino, Zap, Logback, Serilog, Python, nginx, log4j.
  time: [
    "timeunixnano",
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "@t",
    "datetime",
    "asctime",
    "time_iso8601",
    "time_local",
    "timemillis",
    "t",
    "date",
  ],
  severity: [
    "severitytext",
    "severity_text",
    "severity",
    "log.level",
    "level",
    "loglevel",
    "log_level",
    "levelname",
    "@l",
    "lvl",
    "priority",
  ],
  // Numbers beside a word.
  level: ["severitynumber", "severity_number", "levelno"],
  body: ["body", "message", "msg", "@m", "short_message", "event", "log", "@mt", "text"],
  service: [
    "service.name",
    "resource.service.name",
    "service_name",
    "servicename",
    "service",
    "dd.service",
    "application",
    "app",
  ],
  host: ["host.name", "hostname", "host", "_hostname", "host_name"],
  pid: ["process.pid", "pid", "process_id", "processid", "process"],
  trace: [
    "trace_id",
    "traceid",
    "trace.id",
    "oteltraceid",
    "context.trace_id",
    "mdc.trace_id",
    "mdc.traceid",
    "@tr",
    "x-b3-traceid",
    "logging.googleapis.com/trace",
    "trace",
  ],
  span: [
    "span_id",
    "spanid",
    "span.id",
    "otelspanid",
    "context.span_id",
    "mdc.span_id",
    "mdc.spanid",
    "@sp",
    "x-b3-spanid",
    "logging.googleapis.com/spanid",
  ],
  traceparent: ["traceparent"],
  event: ["event.name", "event_name", "eventname"],
};

interface KnownName {
  readonly role: Role;
  readonly rank: number;
}

const KNOWN: ReadonlyMap<string, KnownName> = new Map(
  ROLES.flatMap((role) =>
    NAMES[role].map((name, rank): [string, KnownName] => [name, { role, rank }])
  ),
);

/** The longest name above. */
const MAX_NAME = 28;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;

/**
 * Gathers the fields of one line and finds among them what every record has. What is not of the
 * shape that its name promises stays an attribute, so that nothing is lost.
 */
export class KnownFields {
  readonly #zone: TimeZone;
  readonly #unsought: ReadonlySet<Role>;
  readonly #found = new Map<Role, { name: string; value: FieldValue; rank: number }>();
  #others: (readonly [string, string])[] = [];

  /** @param unsought what is not looked for; fields with its names are attributes */
  constructor(zone: TimeZone, unsought: readonly Role[] = []) {
    this.#zone = zone;
    this.#unsought = new Set(unsought);
  }

  add(name: string, value: FieldValue): void {
    const known = name.length > MAX_NAME
      ? undefined
      : KNOWN.get(name) ?? KNOWN.get(name.toLowerCase());
    if (known !== undefined && this.#unsought.has(known.role)) {
      this.#others.push([name, String(value)]);
      return;
    }
    const found = known === undefined ? undefined : this.#found.get(known.role);
    if (known === undefined || found !== undefined && found.rank <= known.rank) {
      this.#others.push([name, String(value)]);
      return;
    }
    if (found !== undefined) this.#others.push([found.name, String(found.value)]);
    this.#found.set(known.role, { name, value, rank: known.rank });
  }

  /** Moves what was gathered into `line`; starts anew. Answers whether there was a body. */
  finish(line: LogLine, nowMs: number): boolean {
    line.attributes = this.#others;
    this.#others = [];
    let body = false;
    for (const role of ROLES) {
      const field = this.#found.get(role);
      if (field === undefined) continue;
      if (!this.#assign(line, role, field.name, field.value, nowMs)) {
        line.attributes.push([field.name, String(field.value)]);
      } else if (role === "body") body = true;
    }
    this.#found.clear();
    return body;
  }

  #assign(line: LogLine, role: Role, name: string, value: FieldValue, nowMs: number): boolean {
    switch (role) {
      case "time":
        return this.#assignTime(line, value, nowMs);
      case "severity":
        return assignSeverity(line, value, this.#scaleOf(name, line));
      case "level":
        return assignLevel(line, Number(value), name.toLowerCase() === "levelno");
      case "pid":
        return assignPid(line, Number(value));
      case "trace":
        line.traceId = traceIdOf(String(value));
        return line.traceId !== null;
      case "span":
        line.spanId = idOfDigits(String(value), SPAN_ID_DIGITS);
        return line.spanId !== null;
      case "traceparent":
        return assignTraceparent(line, String(value));
      case "body":
        line.body = String(value);
        return true;
      case "service":
        return assignText(line, "service", value);
      case "host":
        return assignText(line, "host", value);
      case "event":
        return assignText(line, "eventName", value);
    }
  }

  #assignTime(line: LogLine, value: FieldValue, nowMs: number): boolean {
    const time = typeof value === "number"
      ? timeOfNumber(value)
      : timeOfText(value, this.#zone, nowMs) ?? timeOfDigits(value);
    if (time === null) return false;
    line.tsUs = time.tsUs;
    line.nsRemainder = time.nsRemainder;
    return true;
  }

  // GELF and journald count as syslog does; `level: 30` is Pino's.
  #scaleOf(name: string, line: LogLine): LevelScale {
    if (name.toLowerCase() === "priority") return "syslog";
    const isGelf = this.#found.get("body")?.name === "short_message" ||
      line.attributes.some(([key]) => key === "full_message");
    return isGelf ? "syslog" : "pino";
  }
}

function assignText(line: LogLine, to: "service" | "host" | "eventName", value: FieldValue) {
  line[to] = String(value);
  return line[to] !== "";
}

function assignSeverity(line: LogLine, value: FieldValue, scale: LevelScale): boolean {
  const level = typeof value === "number" ? value : /^[0-9]{1,2}$/.test(value) ? Number(value) : -1;
  if (level === -1) {
    line.severity = String(value);
    line.severityNumber = severityOfWord(line.severity);
    // A word nobody knows is the severity's text all the same.
    return line.severity !== "" && line.severity.length <= 64;
  }
  const number = severityOfLevel(level, scale) ||
    (level < 10 ? severityOfLevel(level, "syslog") : 0);
  if (number === 0) return false;
  line.severityNumber = number;
  return true;
}

function assignLevel(line: LogLine, level: number, python: boolean): boolean {
  const number = severityOfLevel(level, python ? "python" : "otel");
  if (number === 0) return false;
  line.severityNumber = number;
  return true;
}

function assignPid(line: LogLine, pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1 || pid > 2 ** 31 - 1) return false;
  line.pid = pid;
  return true;
}

function assignTraceparent(line: LogLine, text: string): boolean {
  const match = TRACEPARENT.exec(text);
  if (match === null) return false;
  line.traceId ??= idOfDigits(match[1] ?? "", TRACE_ID_DIGITS);
  line.spanId ??= idOfDigits(match[2] ?? "", SPAN_ID_DIGITS);
  // Its flags are written nowhere else.
  return false;
}

/**
 * A trace id of 128 bits, or of 64, which is widened with zeros (as the B3 propagation says), or at
 * the end of a path (Google Cloud), or written as a UUID.
 */
function traceIdOf(text: string): string | null {
  const last = text.includes("/") ? text.slice(text.lastIndexOf("/") + 1) : text;
  const digits = last.length === 36 ? last.replaceAll("-", "") : last;
  return idOfDigits(
    digits.length === SPAN_ID_DIGITS ? digits.padStart(TRACE_ID_DIGITS, "0") : digits,
    TRACE_ID_DIGITS,
  );
}

/** Digits with a fraction that is longer than a double's. */
function timeOfDigits(text: string) {
  return /^[0-9]{10}(?:\.[0-9]{1,20})?$/.test(text) ? timeOfNumber(Number(text)) : null;
}

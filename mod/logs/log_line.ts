/** What one line of a log says, or one group of lines that belong together. */
export interface LogLine {
  body: string;
  /** Microseconds since the Unix epoch; null when the line has no time that can be read. */
  tsUs: number | null;
  /** Nanoseconds past `tsUs`, 0–999. */
  nsRemainder: number;
  /** As it is written; "" when there is none. */
  severity: string;
  /** 0 (unspecified) to 24 (OpenTelemetry logs data model, SeverityNumber). */
  severityNumber: number;
  /** "" where the line does not say. */
  service: string;
  host: string;
  eventName: string;
  pid: number | null;
  /** 32 and 16 lower-case hexadecimal digits. */
  traceId: string | null;
  spanId: string | null;
  /** Everything else that has a name, in the order of the line. */
  attributes: (readonly [key: string, value: string])[];
}

/** What a parser may need besides the line. */
export interface LineContext {
  /** The clock when the line was read, milliseconds since the Unix epoch: it tells the year. */
  readonly nowMs: number;
}

/** Reads one line; null when it is not of the parser's format. Never throws, whatever it is given. */
export type LineParser = (text: string, context: LineContext) => LogLine | null;

/** A line about which nothing is known but its text. */
export function bareLine(body: string): LogLine {
  return {
    body,
    tsUs: null,
    nsRemainder: 0,
    severity: "",
    severityNumber: 0,
    service: "",
    host: "",
    eventName: "",
    pid: null,
    traceId: null,
    spanId: null,
    attributes: [],
  };
}

/**
 * A message that came in an envelope, such as a container runtime's or syslog's: what the message
 * says itself counts, the envelope says the rest.
 */
export function withinEnvelope(envelope: LogLine, message: LogLine): LogLine {
  const ownTime = message.tsUs !== null;
  const ownSeverity = message.severityNumber !== 0;
  return {
    body: message.body,
    tsUs: ownTime ? message.tsUs : envelope.tsUs,
    nsRemainder: ownTime ? message.nsRemainder : envelope.nsRemainder,
    severity: ownSeverity ? message.severity : envelope.severity,
    severityNumber: ownSeverity ? message.severityNumber : envelope.severityNumber,
    service: message.service || envelope.service,
    host: message.host || envelope.host,
    eventName: message.eventName || envelope.eventName,
    pid: message.pid ?? envelope.pid,
    traceId: message.traceId ?? envelope.traceId,
    spanId: message.spanId ?? envelope.spanId,
    attributes: envelope.attributes.length === 0
      ? message.attributes
      : [...message.attributes, ...envelope.attributes],
  };
}

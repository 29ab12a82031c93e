import type { LogRecord, TextAttributes } from "../../mod/intake/log_writer.ts";
import type { LogLine } from "../../mod/logs/log_line.ts";

/** What the lines of one source have in common. */
export interface LineOrigin {
  /** Where they came in: a file's path, "stdin", … */
  readonly source: string;
  /** Of lines that do not name theirs; "" when it is not known. */
  readonly service: string;
  readonly pid: number | null;
  /** One array for as long as it does not change. */
  readonly resource: TextAttributes;
}

/** The record of a line. What the line says itself goes before what is known of its source. */
export function recordOf(line: LogLine, origin: LineOrigin): LogRecord {
  return {
    tsUs: line.tsUs,
    nsRemainder: line.nsRemainder,
    severityNumber: line.severityNumber,
    severity: line.severity,
    body: line.body,
    service: line.service || origin.service,
    host: line.host,
    pid: line.pid ?? origin.pid,
    traceId: line.traceId,
    spanId: line.spanId,
    attributes: line.attributes,
    resource: origin.resource,
    source: origin.source,
    eventName: line.eventName,
  };
}

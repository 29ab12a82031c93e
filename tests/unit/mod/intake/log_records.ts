import type { LogRecord } from "../../../../mod/intake/log_writer.ts";

/** A record that says nothing, for tests to say what they are about. */
export const BARE_RECORD: LogRecord = {
  tsUs: null,
  nsRemainder: 0,
  severityNumber: 0,
  severity: "",
  body: "",
  service: "",
  host: "",
  pid: null,
  traceId: null,
  spanId: null,
  attributes: [],
  resource: [],
  source: "test",
  eventName: "",
};

import { decodeUtf8 } from "../columns/utf8_text.ts";
import { bareLine, type LogLine } from "./log_line.ts";
import { severityOfSyslog, SYSLOG_SEVERITIES } from "./severity_text.ts";

/** An entry of systemd's journal. */
export interface JournalEntry {
  readonly line: LogLine;
  /** Where reading goes on after it; null where it does not say. */
  readonly cursor: string | null;
}

/** Fields that become columns, or say nothing that others do not. */
const USED = new Set([
  "MESSAGE",
  "PRIORITY",
  "SYSLOG_IDENTIFIER",
  "SYSLOG_PID",
  "SYSLOG_TIMESTAMP",
  "SYSLOG_RAW",
]);

/** Fields that journald itself adds and that are kept, by the name of their attribute. */
const TRUSTED: readonly (readonly [field: string, attribute: string])[] = [
  ["_SYSTEMD_UNIT", "systemd.unit"],
  ["_SYSTEMD_USER_UNIT", "systemd.user_unit"],
  ["_EXE", "process.executable.path"],
  ["_UID", "process.user.id"],
  ["_TRANSPORT", "journald.transport"],
];

/**
 * Reads a line of `journalctl --output=json` (systemd.journal-fields(7)); null when it is none. Fields
 * of programs become attributes `journald.name`; of those that journald adds only a few are kept.
 */
export function readJournalEntry(text: string): JournalEntry | null {
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return null;
  const fields = new Map(Object.entries(entry).map(([name, value]) => [name, textOf(value)]));
  const field = (name: string): string => fields.get(name) ?? "";
  const line = bareLine(field("MESSAGE"));
  const time = field("_SOURCE_REALTIME_TIMESTAMP") || field("__REALTIME_TIMESTAMP");
  if (/^\d{1,16}$/.test(time)) line.tsUs = Number(time);
  if (/^[0-7]$/.test(field("PRIORITY"))) {
    line.severityNumber = severityOfSyslog(Number(field("PRIORITY")));
    line.severity = SYSLOG_SEVERITIES[Number(field("PRIORITY"))] ?? "";
  }
  const unit = field("_SYSTEMD_UNIT");
  line.service = unit.endsWith(".service")
    ? unit.slice(0, -".service".length)
    : field("SYSLOG_IDENTIFIER") || field("_COMM");
  line.host = field("_HOSTNAME");
  const pid = field("_PID") || field("SYSLOG_PID");
  if (/^[1-9]\d{0,8}$/.test(pid)) line.pid = Number(pid);
  for (const [name, attribute] of TRUSTED) {
    if (field(name) !== "") line.attributes.push([attribute, field(name)]);
  }
  for (const [name, value] of fields) {
    if (name.startsWith("_") || USED.has(name) || value === "") continue;
    line.attributes.push([`journald.${name.toLowerCase()}`, value]);
  }
  return { line, cursor: field("__CURSOR") || null };
}

/** Text, bytes that are no text, or several of them: then the first counts. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return "";
  const [first]: unknown[] = value;
  if (typeof first !== "number") return textOf(first);
  return decodeUtf8(
    Uint8Array.from(value, (byte: unknown) => typeof byte === "number" ? byte : 63),
  );
}

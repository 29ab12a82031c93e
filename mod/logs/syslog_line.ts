import { bareLine, type LineParser, type LogLine } from "./log_line.ts";
import { severityOfSyslog, SYSLOG_SEVERITIES } from "./severity_text.ts";
import { readTime } from "./time_text.ts";
import type { TimeZone } from "./time_zone.ts";

const FACILITIES = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "ntp",
  "security",
  "console",
  "solaris-cron",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;
const PRIORITY = /^<(\d{1,3})>/;
/** Elements of structured data, and parameters of all of them, that are read; more is left out of the attributes. */
const MAX_PARAMETERS = 256;
const HOST = /^[A-Za-z0-9.:_-]{1,255}$/;
/** `sshd[4711]:`, `kernel:`; the tag of RFC 3164, as wide as programs use it. */
const TAG = /^([^\s:[\]]{1,128})(?:\[([^\]\s]{1,32})\])?: ?/;

/**
 * Syslog, as it is sent (RFC 5424 and RFC 3164, with the priority in front) and as it is written to
 * files (without). What a sender leaves out or does its own way is taken as well as it goes: with
 * a priority or a time in front, every line is syslog.
 */
export function syslogParser(zone: TimeZone): LineParser {
  return (text, { nowMs }) => {
    const priority = PRIORITY.exec(text);
    if (priority === null) return readHeader(text, 0, zone, nowMs, bareLine(text), false);
    const value = Number(priority[1]);
    if (value > 191) return null;
    const line = bareLine(text.slice(priority[0].length));
    line.severity = SYSLOG_SEVERITIES[value & 7] ?? "";
    line.severityNumber = severityOfSyslog(value & 7);
    line.attributes.push(["syslog.facility", FACILITIES[value >> 3] ?? String(value >> 3)]);
    const start = priority[0].length;
    return text.startsWith("1 ", start)
      ? readRfc5424(text, start + 2, zone, nowMs, line) ??
        readHeader(text, start, zone, nowMs, line, true)
      : readHeader(text, start, zone, nowMs, line, true);
  };
}

/** `TIME HOST TAG[PID]: MESSAGE`, of which a sender may leave out much; RFC 3164, section 4.1. */
function readHeader(
  text: string,
  start: number,
  zone: TimeZone,
  nowMs: number,
  line: LogLine,
  prioritised: boolean,
): LogLine | null {
  const time = readTime(text, start, zone, nowMs);
  if (time === null && !prioritised) return null;
  let at = start;
  if (time !== null) {
    line.tsUs = time.tsUs;
    line.nsRemainder = time.nsRemainder;
    at = time.end + (text.charCodeAt(time.end) === 32 ? 1 : 0);
    // "tag: " may follow the time at once, as local programs send it.
    const space = text.indexOf(" ", at);
    const host = space === -1 ? "" : text.slice(at, space);
    if (!host.endsWith(":") && !host.endsWith("]") && HOST.test(host)) {
      line.host = host;
      at = space + 1;
    }
  }
  const tag = TAG.exec(text.slice(at, at + 170));
  if (tag !== null) {
    line.service = tag[1] ?? "";
    at += tag[0].length;
    setProcess(line, tag[2]);
  } else if (!prioritised) return null;
  line.body = text.slice(at);
  return line;
}

/** After `<PRI>1 `: RFC 5424, section 6. Null when it is not of that form. */
function readRfc5424(
  text: string,
  start: number,
  zone: TimeZone,
  nowMs: number,
  line: LogLine,
): LogLine | null {
  const fields: string[] = [];
  let at = start;
  for (let i = 0; i < 5; i++) {
    const space = text.indexOf(" ", at);
    if (space === -1) return null;
    fields.push(text.slice(at, space));
    at = space + 1;
  }
  const [timestamp = "", host = "", app = "", process = "", message = ""] = fields;
  const time = readTime(timestamp, 0, zone, nowMs);
  if (timestamp !== "-" && time === null) return null;
  const attributes: [string, string][] = [];
  const end = readStructuredData(text, at, attributes);
  if (end === -1) return null;
  line.tsUs = time?.tsUs ?? null;
  line.nsRemainder = time?.nsRemainder ?? 0;
  line.host = host === "-" ? "" : host;
  line.service = app === "-" ? "" : app;
  if (process !== "-") setProcess(line, process);
  if (message !== "-") line.attributes.push(["syslog.msg_id", message]);
  line.attributes.push(...attributes);
  const body = text.slice(text.charCodeAt(end) === 32 ? end + 1 : end);
  // A mark that the message is UTF-8, which it is taken for anyway.
  line.body = body.startsWith("\uFEFF") ? body.slice(1) : body;
  return line;
}

/** Reads `-` or `[id name="value" …]…` at `start`; answers where it ends, -1 for what is neither. */
function readStructuredData(text: string, start: number, into: [string, string][]): number {
  if (text.charAt(start) === "-") return start + 1;
  let at = start;
  while (text.charAt(at) === "[") {
    const idEnd = endOfName(text, ++at);
    const id = text.slice(at, idEnd);
    if (id === "") return -1;
    at = idEnd;
    while (text.charAt(at) === " ") {
      while (text.charAt(at) === " ") at++;
      if (text.charAt(at) === "]") break;
      const nameEnd = endOfName(text, at);
      const name = text.slice(at, nameEnd);
      if (name === "" || !text.startsWith('="', nameEnd)) return -1;
      const valueEnd = endOfValue(text, nameEnd + 2);
      if (valueEnd === -1) return -1;
      if (into.length < MAX_PARAMETERS) {
        const value = text.slice(nameEnd + 2, valueEnd).replace(/\\(["\\\]])/g, "$1");
        into.push([`syslog.sd.${id}.${name}`, value]);
      }
      at = valueEnd + 1;
    }
    if (text.charAt(at) !== "]") return -1;
    at++;
  }
  return at === start ? -1 : at;
}

function endOfName(text: string, start: number): number {
  let at = start;
  while (at < text.length && !' ="]'.includes(text.charAt(at))) at++;
  return at;
}

function endOfValue(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\") at++;
    else if (char === '"') return at;
  }
  return -1;
}

function setProcess(line: LogLine, process: string | undefined): void {
  if (process === undefined) return;
  if (/^\d{1,9}$/.test(process)) line.pid = Number(process);
  else line.attributes.push(["syslog.proc_id", process]);
}

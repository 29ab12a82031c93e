import { idOfDigits, SPAN_ID_DIGITS, TRACE_ID_DIGITS } from "../signals/trace_ids.ts";
import { SEVERITY } from "../signals/severity.ts";
import { bareLine, type LineParser, type LogLine } from "./log_line.ts";
import { severityOfWord } from "./severity_text.ts";
import { readTime, type TimeReading } from "./time_text.ts";
import type { TimeZone } from "./time_zone.ts";

/** How far into a line a time and a severity are looked for. */
const HEAD = 160;
/**
 * A severity as lines show it: in capitals, or in brackets, or after `level=`. A word in small
 * letters within a sentence is none.
 */
const SEVERITY_WORD =
  /\b(?:TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|ALERT|EMERG|FATAL|PANIC)\b|[[(<|](?:trace|debug|info|notice|warn|warning|error|err|crit|critical|alert|emerg|fatal|panic|[A-Za-z]{2,20}:(?:trace[1-8]?|debug|info|notice|warn|error|crit|alert|emerg))[\])>|]|\b(?:level|severity|lvl)[=:] ?"?([A-Za-z]{1,13})\b|^(?:Trace|Debug|Info|Warn|Warning|Error|Fatal):/;
/** `I1125 19:14:53.123456    4711 file.go:42] message`: klog and glog. */
const KLOG =
  /^([IWEF])(\d{2})(\d{2}) (\d{2}:\d{2}:\d{2}\.\d{6}) +(\d{1,9}) [^\s:]{1,128}:\d{1,7}\]/;
/** nginx's error log: `[error] 4711#4711:`. */
const NGINX_PID = /\] (\d{1,9})#\d{1,9}:/;
const APACHE_PID = /\[pid (\d{1,9})[\]:]/;
const TRACE = /\btrace[_.-]?id["']?[=: ]{1,2}["']?([0-9a-fA-F]{32})\b/i;
const SPAN = /\bspan[_.-]?id["']?[=: ]{1,2}["']?([0-9a-fA-F]{16})\b/i;

/**
 * Lines of no format: the line is the body, and what is recognised in it is a time in front, a
 * severity, and ids of a trace. Takes every line.
 */
export function plainParser(zone: TimeZone): (text: string, nowMs: number) => LogLine {
  return (text, nowMs) => {
    const line = bareLine(text);
    const head = text.length > HEAD ? text.slice(0, HEAD) : text;
    if (!readKlog(head, zone, nowMs, line)) {
      const time = timeInFront(head, zone, nowMs);
      if (time !== null) {
        line.tsUs = time.tsUs;
        line.nsRemainder = time.nsRemainder;
      }
      readSeverity(head, line);
      if (head.includes("] ")) readServerPid(head, line);
    }
    readIds(text, line);
    return line;
  };
}

/** The same as a parser of lines. */
export function plainLineParser(zone: TimeZone): LineParser {
  const parse = plainParser(zone);
  return (text, { nowMs }) => parse(text, nowMs);
}

function timeInFront(text: string, zone: TimeZone, nowMs: number): TimeReading | null {
  const first = text.charCodeAt(0);
  const start = first === 91 || first === 40 || first === 34 ? 1 : 0;
  const time = readTime(text, start, zone, nowMs);
  if (time !== null) return time;
  // "4711:M 25 Nov 2026 19:14:53.123 * message": Redis.
  const role = /^\d{1,9}:[A-Z] /.exec(text);
  return role === null ? null : readTime(text, role[0].length, zone, nowMs);
}

function readSeverity(head: string, line: LogLine): void {
  const match = SEVERITY_WORD.exec(head);
  if (match === null) return;
  const word = match[1] ?? match[0].replace(/^[[(<|]/, "").replace(/[\])>|:]$/, "");
  // Apache writes "module:level".
  const severity = word.slice(word.indexOf(":") + 1);
  line.severityNumber = severityOfWord(severity) || severityOfWord(severity.replace(/\d$/, ""));
  if (line.severityNumber > 0) line.severity = severity;
}

function readServerPid(head: string, line: LogLine): void {
  const pid = (NGINX_PID.exec(head) ?? APACHE_PID.exec(head))?.[1];
  if (pid !== undefined) line.pid = Number(pid);
}

const KLOG_SEVERITIES: Readonly<Record<string, number>> = {
  I: SEVERITY.info,
  W: SEVERITY.warn,
  E: SEVERITY.error,
  F: SEVERITY.fatal,
};
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function readKlog(head: string, zone: TimeZone, nowMs: number, line: LogLine): boolean {
  const match = KLOG.exec(head);
  if (match === null) return false;
  const [, letter = "", month = "", day = "", clock = "", thread = ""] = match;
  const time = readTime(`${MONTHS[Number(month) - 1] ?? ""} ${day} ${clock}`, 0, zone, nowMs);
  if (time === null) return false;
  line.tsUs = time.tsUs;
  line.nsRemainder = time.nsRemainder;
  line.severity = letter;
  line.severityNumber = KLOG_SEVERITIES[letter] ?? 0;
  line.attributes.push(["thread.id", thread]);
  return true;
}

function readIds(text: string, line: LogLine): void {
  if (!/trace/i.test(text)) return;
  const trace = TRACE.exec(text);
  if (trace === null) return;
  line.traceId = idOfDigits(trace[1] ?? "", TRACE_ID_DIGITS);
  line.spanId = idOfDigits(SPAN.exec(text)?.[1] ?? "", SPAN_ID_DIGITS);
}

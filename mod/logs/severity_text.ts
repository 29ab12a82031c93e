import { SEVERITY, SEVERITY_NAMES } from "../signals/severity.ts";

/**
 * Severity numbers of words that logs use (OpenTelemetry logs data model, appendix B, "Severity
 * Number Mapping Examples").
 */
const WORDS: ReadonlyMap<string, number> = new Map([
  ...SEVERITY_NAMES.map((name, number): [string, number] => [name.toLowerCase(), number]),
  ["t", SEVERITY.trace],
  ["trc", SEVERITY.trace],
  ["finest", SEVERITY.trace],
  ["silly", SEVERITY.trace],
  ["v", SEVERITY.trace],
  ["verbose", SEVERITY.trace],
  ["vrb", SEVERITY.trace],
  ["finer", SEVERITY.trace + 1],
  ["d", SEVERITY.debug],
  ["dbg", SEVERITY.debug],
  ["fine", SEVERITY.debug],
  ["config", SEVERITY.debug + 1],
  ["i", SEVERITY.info],
  ["inf", SEVERITY.info],
  ["information", SEVERITY.info],
  ["informational", SEVERITY.info],
  ["log", SEVERITY.info],
  ["http", SEVERITY.info],
  ["statement", SEVERITY.info],
  ["notice", SEVERITY.info + 1],
  ["success", SEVERITY.info + 1],
  ["w", SEVERITY.warn],
  ["warning", SEVERITY.warn],
  ["wrn", SEVERITY.warn],
  ["e", SEVERITY.error],
  ["err", SEVERITY.error],
  ["eror", SEVERITY.error],
  ["severe", SEVERITY.error],
  ["c", SEVERITY.error + 1],
  ["crit", SEVERITY.error + 1],
  ["critical", SEVERITY.error + 1],
  ["dpanic", SEVERITY.error + 1],
  ["alert", SEVERITY.error + 2],
  ["f", SEVERITY.fatal],
  ["ftl", SEVERITY.fatal],
  ["emerg", SEVERITY.fatal],
  ["emergency", SEVERITY.fatal],
  ["panic", SEVERITY.fatal],
]);

/** The longest word above. */
const MAX_WORD = 13;

/** The severity number of a word such as `WARN` or `err`; 0 for a word that is none. */
export function severityOfWord(word: string): number {
  return word.length > MAX_WORD ? 0 : WORDS.get(word.toLowerCase()) ?? 0;
}

const SYSLOG = [21, 19, 18, 17, 13, 10, 9, 5] as const;

/** Syslog's names, from 0, emergency, to 7, debug (RFC 5424, 6.2.1). */
export const SYSLOG_SEVERITIES = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warning",
  "notice",
  "info",
  "debug",
] as const;

/** Of a severity of syslog, 0–7; 0 for other numbers. */
export function severityOfSyslog(value: number): number {
  return SYSLOG[value] ?? 0;
}

/** How the numbers of a field are to be read. */
export type LevelScale =
  /** 10 trace, 20 debug, … 60 fatal: Pino, Bunyan. */
  | "pino"
  /** 10 debug, 20 info, … 50 critical: Python's `levelno`. */
  | "python"
  /** 7 debug … 0 emergency: GELF, journald. */
  | "syslog"
  /** 1–24: OpenTelemetry. */
  | "otel";

/** The severity number of a level on that scale; 0 when it is not on it. */
export function severityOfLevel(value: number, scale: LevelScale): number {
  if (!Number.isInteger(value) || value < 0) return 0;
  if (scale === "syslog") return severityOfSyslog(value);
  if (scale === "otel") return value <= 24 ? value : 0;
  if (value < 10 || value >= 70) return 0;
  // Levels between the named ones count as the one below.
  const step = Math.floor(value / 10) - (scale === "pino" ? 1 : 0);
  return Math.min(SEVERITY.trace + step * 4, scale === "python" ? SEVERITY.error + 1 : 24);
}

/** How much a log line matters, least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** How lines are written: for programs, or for people. */
export const LOG_FORMATS = ["json", "text"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

/** The facts of a log line. Values whose key looks secret are redacted before they are written. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line: a stable event name in `snake_case`, and its facts. Never throws. */
export type LogFunction = (event: string, fields?: LogFields) => void;

/** The log as the rest of Horizon sees it. Injected; nobody else writes to stderr. */
export interface Logger {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
  /** A logger that adds these fields to each of its lines. */
  child(fields: LogFields): Logger;
}

/** One line before it is text. Fields are redacted, bounded, and safe for JSON. */
export interface LogEntry {
  /** Milliseconds since the Unix epoch. */
  readonly tsMs: number;
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

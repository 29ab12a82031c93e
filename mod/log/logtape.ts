/** The only file that knows LogTape: see docs/adr/0002-stand-ins-for-jsr-packages.md. */
import {
  configureSync,
  getLogger,
  type Logger as TapeLogger,
  type LogLevel as TapeLevel,
  type LogRecord,
} from "@logtape/logtape";
import type { Clock } from "../clock.ts";
import { jsonLine } from "./json_line.ts";
import { logFields } from "./log_value.ts";
import type { LogEntry, LogFields, LogFormat, Logger, LogLevel } from "./logger.ts";
import { textLine } from "./text_line.ts";

export interface LogOptions {
  /** Lines below it are not written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly clock: Pick<Clock, "nowMs">;
  /** Takes one line with its line end, synchronously; the composition root gives stderr. */
  readonly write: (line: string) => void;
  /** Told of each entry that is written, redacted already; for the ring behind Horizon's own log page. */
  readonly onEntry?: (entry: LogEntry) => void;
}

export interface OpenLog {
  readonly logger: Logger;
  /** Lines that `write` or `onEntry` failed to take, since there is nobody left to tell. */
  lostLines(): number;
  /** Writes nothing from then on. */
  close(): void;
}

const CATEGORY = "horizon";
const TAPE_LEVELS: Readonly<Record<LogLevel, TapeLevel>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};

/**
 * Opens the log. LogTape's configuration belongs to the whole process, so there is one open log
 * at a time: opening another ends the one before.
 */
export function openLog(options: LogOptions): OpenLog {
  const format = options.format === "json" ? jsonLine : textLine;
  let lost = 0;
  let open = true;
  const sink = (record: LogRecord): void => {
    if (!open) return;
    // A full disk or a closed pipe behind stderr must not take the monitor down.
    try {
      const entry = entryOf(record, options.clock.nowMs());
      options.write(`${format(entry)}\n`);
      options.onEntry?.(entry);
    } catch {
      lost += 1;
    }
  };
  const lowestLevel = TAPE_LEVELS[options.level];
  configureSync({
    reset: true,
    sinks: { lines: sink },
    loggers: [
      { category: CATEGORY, sinks: ["lines"], lowestLevel },
      // LogTape's own troubles, which it would print to the console otherwise.
      { category: ["logtape", "meta"], sinks: ["lines"], lowestLevel: "warning" },
    ],
  });
  return {
    logger: wrap(getLogger(CATEGORY)),
    lostLines: () => lost,
    // LogTape is left as it is: its configuration may be that of a later log.
    close: () => void (open = false),
  };
}

function wrap(tape: TapeLogger, context: LogFields = {}): Logger {
  // Fields go in whole, under one name: LogTape would spread them, and a getter may throw.
  return {
    debug: (event, fields) => tape.debug(event, { context, fields }),
    info: (event, fields) => tape.info(event, { context, fields }),
    warn: (event, fields) => tape.warn(event, { context, fields }),
    error: (event, fields) => tape.error(event, { context, fields }),
    child: (fields: LogFields) => wrap(tape, { ...context, ...logFields(fields) }),
  };
}

function entryOf(record: LogRecord, tsMs: number): LogEntry {
  const { context, fields } = record.properties;
  const isOurs = record.category[0] === CATEGORY;
  return {
    tsMs,
    level: levelOf(record.level),
    // The raw message: an event name is never a template, whatever braces it has.
    event: typeof record.rawMessage === "string" ? record.rawMessage : record.rawMessage.join(""),
    fields: isOurs ? { ...logFields(context), ...logFields(fields) } : logFields(record.properties),
  };
}

function levelOf(level: TapeLevel): LogLevel {
  switch (level) {
    case "trace":
    case "debug":
      return "debug";
    case "info":
      return "info";
    case "warning":
      return "warn";
    case "error":
    case "fatal":
      return "error";
  }
}

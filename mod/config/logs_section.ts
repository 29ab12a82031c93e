import { z } from "zod";
import { linePatternProblem } from "../logs/line_pattern.ts";
import { type LineFormat, LOG_FORMATS_OF_LINES } from "../logs/log_format.ts";
import { parsePathPattern } from "../logs/path_pattern.ts";
import { contradiction, whenRight } from "./contradiction.ts";
import { choice, count, duration, flag, size, text, timeZone } from "./scalars.ts";

export const START_PLACES = ["end", "beginning"] as const;
export type StartPlace = typeof START_PLACES[number];

/** Which lines make up one record. */
export interface MultilineConfig {
  /** Of the first line of a record; null where `continuation` says it. */
  readonly start: string | null;
  readonly continuation: string | null;
  readonly timeout_ms: number;
  readonly max_lines: number;
  readonly max_bytes: number;
}

/** Files that are read in one way. */
export interface LogFilesConfig {
  /** Absolute paths with wildcards. */
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly format: LineFormat;
  readonly pattern: string | null;
  readonly time_zone: string;
  readonly start_at: StartPlace;
  /** Null: the service whose process writes the file. */
  readonly service: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly multiline: MultilineConfig | null;
}

/** Whether journald is read: `auto` is yes where its tool is. */
export const JOURNALD_CHOICES = ["off", "auto", "on"] as const;
export type JournaldChoice = typeof JOURNALD_CHOICES[number];

export interface JournaldConfig {
  readonly enabled: JournaldChoice;
  /** Empty: all of them. */
  readonly units: readonly string[];
  readonly start_at: StartPlace;
}

/** `logs`: logs that Horizon reads by itself. */
export interface LogsConfig {
  readonly files: readonly LogFilesConfig[];
  readonly poll_interval_ms: number;
  readonly discovery_interval_ms: number;
  readonly max_files: number;
  readonly max_line_bytes: number;
  readonly journald: JournaldConfig;
  readonly stdin: boolean;
  readonly stdin_format: LineFormat;
}

/** As they are written in the file. */
export const LOGS_DEFAULTS = {
  format: "auto",
  time_zone: "local",
  start_at: "end",
  multiline: { timeout: "1s", max_lines: 500, max_bytes: "256KiB" },
  poll_interval: "250ms",
  discovery_interval: "1s",
  max_files: 512,
  max_line_bytes: "256KiB",
  journald: { enabled: "off", start_at: "end" },
  stdin: false,
} as const;

const MAX_INPUTS = 256;
const MAX_PATHS = 256;
const MAX_UNITS = 256;

const PATH_ALLOWED = "an absolute path, in which *, ?, [a-z], {a,b} and ** (any folders) may stand";
const PathPatternText = text(4_096, PATH_ALLOWED).refine(
  (path) => parsePathPattern(path) !== null,
  { error: "is not an absolute path with wildcards" },
);
const LinePatternText = text(1_024, "a regular expression that is matched at a line's start")
  .superRefine((pattern, ctx) => {
    const problem = linePatternProblem(pattern);
    if (problem !== null) ctx.addIssue({ code: "custom", message: problem, input: pattern });
  });
const Format = choice(LOG_FORMATS_OF_LINES);
const listError = { error: "is not a list" };
const paths = () =>
  z.array(PathPatternText, listError).max(MAX_PATHS, {
    error: `has more than ${MAX_PATHS} entries`,
  });

const Multiline = z
  .strictObject({
    start: LinePatternText.nullable().prefault(null)
      .describe("Pattern of the first line of a record; other lines go on with it."),
    continuation: LinePatternText.nullable().prefault(null)
      .describe("Pattern of lines that go on with the record before."),
    timeout: duration("10ms", "1h").prefault(LOGS_DEFAULTS.multiline.timeout)
      .describe("How long a record may wait for further lines."),
    max_lines: count(2, 100_000).prefault(LOGS_DEFAULTS.multiline.max_lines)
      .describe("Lines of one record; more start another."),
    max_bytes: size("1KiB", "512KiB").prefault(LOGS_DEFAULTS.multiline.max_bytes)
      .describe("Size of one record; more starts another."),
  })
  .superRefine((m, ctx) => {
    if ((m.start === null) === (m.continuation === null)) {
      contradiction(ctx, [], "needs either start or continuation", "one of the two");
    }
  }, whenRight("start", "continuation"))
  .transform(({ timeout, ...rest }): MultilineConfig => ({ ...rest, timeout_ms: timeout }));

const Files = z
  .strictObject({
    paths: paths().min(1, { error: "is empty" }).describe("Files to read, with wildcards."),
    exclude: paths().prefault([]).describe("Files not to read, with wildcards."),
    format: Format.prefault(LOGS_DEFAULTS.format).describe("What lines look like."),
    pattern: LinePatternText.nullable().prefault(null)
      .describe("For the format regex: its named groups are the fields."),
    time_zone: timeZone().prefault(LOGS_DEFAULTS.time_zone)
      .describe("Zone of times that do not name theirs."),
    start_at: choice(START_PLACES).prefault(LOGS_DEFAULTS.start_at)
      .describe("Where files that were there before Horizon are read from."),
    service: text(128, "a service name").nullable().prefault(null)
      .describe("Service of lines that do not name theirs. Not set: the one that writes the file."),
    attributes: z.record(text(128), text(1_024), { error: "is not a set of names and texts" })
      .prefault({}).describe("Attributes of the resource of every line."),
    multiline: Multiline.nullable().prefault(null)
      .describe("Which lines make up one record. Not set: each line is one."),
  })
  .superRefine((f, ctx) => {
    if ((f.format === "regex") === (f.pattern === null)) {
      contradiction(
        ctx,
        ["pattern"],
        f.pattern === null ? "is missing" : "is for the format regex only",
        "a pattern with format: regex, none with others",
      );
    }
  }, whenRight("format", "pattern"))
  .transform((f): LogFilesConfig => f);

const Journald = z.strictObject({
  enabled: choice(JOURNALD_CHOICES).prefault(LOGS_DEFAULTS.journald.enabled)
    .describe("Read the journal; auto: where journalctl is."),
  units: z.array(text(256, "the name of a unit"), listError).max(MAX_UNITS, {
    error: `has more than ${MAX_UNITS} entries`,
  }).prefault([]).describe("Only these units. Empty: all of them."),
  start_at: choice(START_PLACES).prefault(LOGS_DEFAULTS.journald.start_at)
    .describe("Where the journal is read from the first time."),
});

/** Those that need nothing else. */
const STDIN_FORMATS = ["auto", "json", "logfmt", "cri", "syslog", "access", "plain"] as const;

export const LogsSection: z.ZodType<LogsConfig> = z
  .strictObject({
    files: z.array(Files, listError).max(MAX_INPUTS, {
      error: `has more than ${MAX_INPUTS} entries`,
    }).prefault([]).describe("Log files to read; for a file that several match the first counts."),
    poll_interval: duration("10ms", "1m").prefault(LOGS_DEFAULTS.poll_interval)
      .describe("Time between two looks at the files that are read."),
    discovery_interval: duration("100ms", "1h").prefault(LOGS_DEFAULTS.discovery_interval)
      .describe("Time between two looks for new and rotated files."),
    max_files: count(1, 10_000).prefault(LOGS_DEFAULTS.max_files)
      .describe("Files that are read; more are left out and counted."),
    max_line_bytes: size("1KiB", "512KiB").prefault(LOGS_DEFAULTS.max_line_bytes)
      .describe("Size of one line; longer ones come in pieces."),
    journald: Journald.prefault({}).describe("The journal of systemd."),
    stdin: flag().prefault(LOGS_DEFAULTS.stdin).describe("Read lines from the standard input."),
    stdin_format: choice(STDIN_FORMATS).prefault(LOGS_DEFAULTS.format)
      .describe("What lines of the standard input look like."),
  })
  .transform(({ poll_interval, discovery_interval, ...rest }): LogsConfig => ({
    ...rest,
    poll_interval_ms: poll_interval,
    discovery_interval_ms: discovery_interval,
  }))
  .describe("Logs that Horizon reads by itself.");

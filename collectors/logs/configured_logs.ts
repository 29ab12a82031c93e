import type { LogFilesConfig, LogsConfig, MultilineConfig } from "../../mod/config/logs_section.ts";
import type { StorageConfig } from "../../mod/config/storage_section.ts";
import { assert } from "../../mod/errors.ts";
import type { MultilineOptions } from "../../mod/logs/line_groups.ts";
import { LinePattern } from "../../mod/logs/line_pattern.ts";
import { parsePathPattern, type PathPattern } from "../../mod/logs/path_pattern.ts";
import { timeZoneOf } from "../../mod/logs/time_zone.ts";
import { type FileInput, FileSource, type FileSourceOptions } from "./file_source.ts";
import { JournaldStream } from "./journald_stream.ts";
import { PositionsFile } from "./log_positions.ts";
import { LogSources } from "./log_sources.ts";
import type { LogStream } from "./log_stream.ts";
import { StdinStream } from "./stdin_stream.ts";

const POSITIONS_FILE = "log-positions.json";
const JOURNALCTL = "journalctl";
/** Rows are on disk when so much time has passed, where each second is forced to it. */
const SETTLE_MS = 2_000;

export type LogSourcesParts = Pick<
  FileSourceOptions,
  "writer" | "sources" | "processes" | "procRoot" | "clock" | "timers" | "log"
>;

/** The log sources that the configuration asks for. */
export function configuredLogs(
  logs: LogsConfig,
  storage: Pick<StorageConfig, "data_dir" | "fsync">,
  parts: LogSourcesParts,
): LogSources {
  const { data_dir: dataDir, fsync } = storage;
  const files = new FileSource({
    ...parts,
    inputs: logs.files.map(fileInput),
    pollIntervalMs: logs.poll_interval_ms,
    discoveryIntervalMs: logs.discovery_interval_ms,
    maxFiles: logs.max_files,
    maxLineBytes: logs.max_line_bytes,
  });
  const positions = dataDir === null
    ? null
    : new PositionsFile(`${dataDir}/${POSITIONS_FILE}`, parts.log);
  return new LogSources({
    ...parts,
    files,
    streams: configuredStreams(logs, parts),
    settleMs: fsync === "every_batch" ? 0 : SETTLE_MS,
    positions,
  });
}

function configuredStreams(logs: LogsConfig, parts: LogSourcesParts): LogStream[] {
  const { journald, max_line_bytes: maxLineBytes } = logs;
  const streams: LogStream[] = [];
  if (journald.enabled === "on" || journald.enabled === "auto" && runs(JOURNALCTL)) {
    streams.push(
      new JournaldStream({
        ...parts,
        book: parts.sources.open("journald", JOURNALCTL, ["logs"]),
        program: JOURNALCTL,
        units: journald.units,
        startAt: journald.start_at,
        maxLineBytes,
      }),
    );
  }
  if (logs.stdin) {
    streams.push(
      new StdinStream({
        ...parts,
        book: parts.sources.open("stdin", "stdin", ["logs"]),
        stream: Deno.stdin.readable,
        format: logs.stdin_format,
        pattern: null,
        zone: zoneOf("local"),
        maxLineBytes,
      }),
    );
  }
  return streams;
}

/** Whether a program is there, and is not meant for another machine. */
function runs(program: string): boolean {
  try {
    const { success } = new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success;
  } catch {
    return false;
  }
}

function fileInput(config: LogFilesConfig): FileInput {
  return {
    patterns: config.paths.flatMap(patternsOf),
    exclude: config.exclude.flatMap(patternsOf),
    format: config.format,
    pattern: config.pattern,
    zone: zoneOf(config.time_zone),
    startAt: config.start_at,
    service: config.service ?? "",
    attributes: Object.entries(config.attributes),
    multiline: config.multiline === null ? null : multilineOf(config.multiline),
    multilineTimeoutMs: config.multiline?.timeout_ms ?? 1_000,
  };
}

function multilineOf({ start, continuation, ...rest }: MultilineConfig): MultilineOptions {
  return {
    start: start === null ? null : new LinePattern(start),
    continuation: continuation === null ? null : new LinePattern(continuation),
    maxLines: rest.max_lines,
    maxBytes: rest.max_bytes,
  };
}

function patternsOf(path: string): readonly PathPattern[] {
  const patterns = parsePathPattern(path);
  assert(patterns !== null, "the configuration has paths that can be read");
  return patterns;
}

function zoneOf(name: string) {
  const zone = timeZoneOf(name);
  assert(zone !== null, "the configuration has time zones that are there");
  return zone;
}

import type { OtlpSignal } from "../otlp/otlp_signal.ts";

/** How telemetry comes in. The closed set of `kind` values in `/api/ingest` and `/metrics`. */
export type SourceKind =
  | "collector"
  | "otlp_http"
  | "otlp_grpc"
  | "scrape"
  | "remote_write"
  | "graphite"
  | "statsd"
  | "influx"
  | "syslog"
  | "loki"
  | "file"
  | "journald"
  | "stdin";

/** What a source brings: samples and histograms are both metrics. */
export type SourceSignal = OtlpSignal;

/** What became of one signal's records. All figures only rise. */
export interface SignalCounts {
  /** Requests, datagrams, lines, turns: whatever this source takes in at a time. */
  readonly requests: number;
  /** Records kept by the store. */
  readonly accepted: number;
  /** Records that were not kept, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
}

/** What went wrong last. */
export interface SourceProblem {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** A sentence for people; at most `MAX_PROBLEM_LENGTH` characters. */
  readonly message: string;
}

/** How a source of telemetry is doing: one line of `/api/ingest`. */
export interface SourceStatus {
  readonly kind: SourceKind;
  /** Tells it from others of its kind: an address, a path, a target, a collector. */
  readonly name: string;
  readonly signals: Readonly<Partial<Record<SourceSignal, SignalCounts>>>;
  /**
   * Requests, connections or turns that were refused or failed as a whole, by reason: how many
   * records were in them is not known.
   */
  readonly refused: Readonly<Record<string, number>>;
  /** Accepted records a second over the last minute. */
  readonly ratePerSecond: number;
  /** How far what was taken in last is behind the present, milliseconds; null when not known. */
  readonly lagMs: number | null;
  /** Times that `lastProblem` was set: refusals, failures, rejected records, each once a request. */
  readonly errors: number;
  readonly lastProblem: SourceProblem | null;
  /** When a record was last accepted, milliseconds since the Unix epoch. */
  readonly lastAcceptedMs: number | null;
  /** Why it takes nothing in for the moment; null while it does. */
  readonly paused: string | null;
}

/** Where the status of all sources is read. */
export interface SourceList {
  statuses(): readonly SourceStatus[];
  /** Sources that were not listed by themselves, because there were too many. */
  readonly unlisted: number;
}

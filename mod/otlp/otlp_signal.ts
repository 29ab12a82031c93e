/** The three signals that OTLP carries; a metrics request fills two tables of the store. */
export type OtlpSignal = "traces" | "metrics" | "logs";
export const OTLP_SIGNALS: readonly OtlpSignal[] = ["traces", "metrics", "logs"];

/** The two encodings of OTLP bodies. */
export type OtlpEncoding = "protobuf" | "json";

/** What became of a request's spans, data points or log records. */
export interface ReceiveOutcome {
  /** Kept, and visible to queries. */
  readonly accepted: number;
  /** Refused for good: sending them again will not help. */
  readonly rejected: number;
  /** The rejected ones by reason; reasons without any are left out. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Why some were rejected, for people; null when none were. */
  readonly errorMessage: string | null;
  /** Time of the newest record, microseconds since the Unix epoch; null when none had one. */
  readonly newestUs: number | null;
}

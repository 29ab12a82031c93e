import { refusalText, type RefusedSeries } from "../intern/series_refusals.ts";

/** Why a record was rejected for good. The closed set of `reason` values in metrics and counters. */
export type RejectReason =
  | "invalid_trace_id"
  | "invalid_span_id"
  | "timestamp_missing"
  | "timestamp_out_of_range"
  | "series_limit"
  | "bounds_limit"
  | "metric_name"
  | "value_missing"
  | "invalid_temporality"
  | "invalid_delta"
  | "delta_out_of_order"
  | "invalid_buckets"
  | "label_limit"
  | "duplicate_sample";

/** For the sender: what is wrong with a record that was rejected for this reason. */
const EXPLANATIONS: Readonly<Record<RejectReason, string>> = {
  invalid_trace_id: "trace_id must be 16 bytes, not all zero",
  invalid_span_id: "span_id must be 8 bytes, not all zero",
  timestamp_missing: "start_time_unix_nano is missing",
  timestamp_out_of_range: "timestamp out of range",
  series_limit: "the limit of metric series is reached; series that exist are still taken",
  bounds_limit: "the limit of distinct histogram bounds is reached",
  metric_name: "the metric's name is missing or too long",
  value_missing: "the data point has no value",
  invalid_temporality: "aggregation_temporality must be delta or cumulative",
  invalid_delta: "a delta must be finite, and not negative where the sum is monotonic",
  delta_out_of_order: "a delta point that is not later than the one before it was taken already",
  invalid_buckets: "bucket counts and bounds do not fit together, or are too many",
  duplicate_sample: "a series has more than one sample of the same time",
  label_limit: "a series has too many labels, or a label's name or value is too long",
};

/** Metrics whose limits one answer explains. */
const MAX_EXPLAINED = 3;

/** Rejected records of one request, by reason. */
export class Rejections {
  readonly #counts = new Map<RejectReason, number>();
  /** Refusals of new series to be explained, by metric. */
  readonly #refusals = new Map<string, RefusedSeries>();
  #lastRefusal: RefusedSeries | null = null;
  #moreRefusals = false;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(reason: RejectReason, count = 1): void {
    if (count === 0) return;
    this.#total += count;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  /** Notes which limit stands behind a `series_limit`, for the message; counts nothing. */
  noteRefusal(refusal: RefusedSeries | null): void {
    if (refusal === null || refusal === this.#lastRefusal) return;
    this.#lastRefusal = refusal;
    if (this.#refusals.has(refusal.metric)) return;
    if (this.#refusals.size < MAX_EXPLAINED) this.#refusals.set(refusal.metric, refusal);
    else this.#moreRefusals = true;
  }

  byReason(): Iterable<readonly [RejectReason, number]> {
    return this.#counts;
  }

  /** One sentence for the sender; null when nothing was rejected. */
  message(): string | null {
    if (this.#total === 0) return null;
    return [...this.#counts]
      .map(([reason, count]) => `${count} rejected: ${this.#explain(reason)}`)
      .join("; ");
  }

  #explain(reason: RejectReason): string {
    if (reason !== "series_limit" || this.#refusals.size === 0) return EXPLANATIONS[reason];
    const limits = [...this.#refusals.values()].map(refusalText).join("; ");
    const more = this.#moreRefusals ? "; further metrics are at a limit" : "";
    return `${EXPLANATIONS.series_limit} (${limits}${more})`;
  }
}

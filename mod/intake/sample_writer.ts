import type { Clock } from "../clock.ts";
import type { SeriesKind } from "../intern/definitions.ts";
import type { Registries } from "../intern/registries.ts";
import { SERIES_REFUSED, sortLabels } from "../intern/series_registry.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { Rejections, type RejectReason } from "../otlp/rejections.ts";
import type { Exemplar, ExemplarBatchBuilder } from "../signals/exemplars.ts";
import type { HistogramBatchBuilder } from "../signals/histograms.ts";
import { bucketsFit } from "../signals/histogram_shape.ts";
import type { SampleBatchBuilder } from "../signals/samples.ts";
import type { Intake } from "./intake.ts";
import { notKept } from "./not_kept.ts";

/** What a series is. Labels in any order; of a repeated name the last value stays. */
export interface SeriesIdentity {
  readonly name: string;
  readonly kind: SeriesKind;
  /** UCUM ("By", "s"), or as the source says it; "" when unknown. */
  readonly unit: string;
  readonly labels: Iterable<readonly [name: string, value: string]>;
  /** "" for a service that is not known. */
  readonly service: string;
}

/** A point of an explicit-bucket histogram, cumulative over time; counts are per bucket. */
export interface HistogramSample {
  /** Microseconds since the Unix epoch. */
  readonly tsUs: number;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Upper bounds of all buckets but the last, which is +Inf; finite and rising. */
  readonly bounds: readonly number[];
  /** One more than bounds, whole numbers; none when only `count` is known. */
  readonly counts: readonly number[];
}

/** Samples that are kept or refused as a whole. */
export interface SampleWrite {
  /** Their size as it came, for admission. */
  readonly bytes: number;
  /** Pushes them, synchronously. What it throws takes back what was pushed before. */
  readonly push: (rows: SampleRows) => void;
  /** How long they may wait for company, milliseconds; without it, as long as `ingest` says. */
  readonly waitMs?: number;
}

export interface SampleWriteOutcome {
  readonly accepted: number;
  /** Rejected for good: to send them again would not help. */
  readonly rejections: Rejections;
  /** Time of the newest accepted, microseconds since the Unix epoch; null when none was. */
  readonly newestUs: number | null;
}

export type SampleLimits = Pick<
  OtlpLimits,
  | "maxAttributes"
  | "maxKeyBytes"
  | "maxValueBytes"
  | "maxNameBytes"
  | "maxBuckets"
  | "minTimeUs"
  | "maxFutureMs"
>;

export interface SampleWriterOptions {
  readonly intake: Pick<Intake, "admit" | "commit" | "builders">;
  readonly registries: Pick<Registries, "series" | "bounds">;
  readonly clock: Clock;
  readonly limits: SampleLimits;
}

/**
 * How sources other than OTLP store samples and histogram points: admission, one synchronous
 * write into the open batch, then the wait until the store has kept it.
 *
 * A sample is rejected when its time cannot be true, when its series is new and a limit of series
 * is reached, and when its series breaks a limit of its own (name, labels): to cut a label would
 * make two series one. NaN and the infinities are values like others.
 */
export class SampleWriter {
  readonly #options: SampleWriterOptions;

  constructor(options: SampleWriterOptions) {
    this.#options = options;
  }

  /** Rises when series were forgotten: numbers of series must then be asked for again. */
  get generation(): number {
    return this.#options.registries.series.generation;
  }

  /**
   * Resolves once what was accepted is kept and visible to queries. On failure nothing of it is.
   * @throws HorizonError `overloaded`, `unavailable` (not kept; to be tried again), and whatever
   * `push` throws.
   */
  async write({ bytes, push, waitMs }: SampleWrite): Promise<SampleWriteOutcome> {
    const { intake } = this.#options;
    const release = intake.admit(bytes);
    try {
      const rows = this.#push(push);
      const { accepted, rejections, newestUs } = rows;
      const outcome = { accepted, rejections, newestUs };
      if (accepted > 0 || rows.exemplars > 0) await this.#commit(waitMs);
      return outcome;
    } finally {
      release();
    }
  }

  #push(push: (rows: SampleRows) => void): SampleRows {
    const { intake: { builders: { metrics, histograms, exemplars } }, clock } = this.#options;
    const [metricRows, histogramRows] = [metrics.rows, histograms.rows];
    const exemplarRows = exemplars.rows;
    const rows = new SampleRows(this.#options, Math.floor(clock.nowMs() * 1_000));
    try {
      push(rows);
    } catch (error) {
      metrics.truncate(metricRows);
      histograms.truncate(histogramRows);
      exemplars.truncate(exemplarRows);
      throw error;
    }
    return rows;
  }

  async #commit(waitMs: number | undefined): Promise<void> {
    try {
      await this.#options.intake.commit(waitMs);
    } catch (error) {
      throw notKept(error, "the samples");
    }
  }
}

/** The rows of one write. Good only while `SampleWrite.push` runs. */
export class SampleRows {
  readonly #options: SampleWriterOptions;
  readonly #metrics: SampleBatchBuilder;
  readonly #histograms: HistogramBatchBuilder;
  readonly #exemplars: ExemplarBatchBuilder;
  /** Our clock when the write began, microseconds since the Unix epoch. */
  readonly nowUs: number;
  readonly #minUs: number;
  readonly #maxUs: number;
  readonly rejections = new Rejections();
  #accepted = 0;
  #exemplarCount = 0;
  #newestUs = -Infinity;

  /** Made by `SampleWriter` only. */
  constructor(options: SampleWriterOptions, nowUs: number) {
    this.#options = options;
    this.#metrics = options.intake.builders.metrics;
    this.#histograms = options.intake.builders.histograms;
    this.#exemplars = options.intake.builders.exemplars;
    this.nowUs = nowUs;
    this.#minUs = options.limits.minTimeUs;
    this.#maxUs = nowUs + options.limits.maxFutureMs * 1_000;
  }

  /** Samples and points pushed so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Exemplars pushed so far; they are no samples and not among `accepted`. */
  get exemplars(): number {
    return this.#exemplarCount;
  }

  /** Time of the newest pushed so far; null when there is none. */
  get newestUs(): number | null {
    return this.#accepted === 0 ? null : this.#newestUs;
  }

  /**
   * The number of a series, or why it cannot have one; nothing is counted. It may be remembered
   * until `SampleWriter.generation` rises; a refusal may not, there may be room next time.
   * A refusal at a limit of series is explained in the message of `rejections`.
   */
  seriesId(identity: SeriesIdentity): number | RejectReason {
    const { limits, registries: { series } } = this.#options;
    const { name, kind, unit, service } = identity;
    if (name === "" || name.length > limits.maxNameBytes) return "metric_name";
    const labels = sortLabels(identity.labels);
    if (!labelsFit(labels, limits) || unit.length > limits.maxNameBytes) return "label_limit";
    const id = series.resolve(name, kind, unit, labels, service);
    if (id !== SERIES_REFUSED) return id;
    this.rejections.noteRefusal(series.lastRefusal);
    return "series_limit";
  }

  /** Takes a sample of a series that is known, or counts why not. Answers whether it was taken. */
  sample(seriesId: number, tsUs: number, value: number): boolean {
    if (tsUs >= this.#minUs && tsUs <= this.#maxUs) {
      this.#metrics.push(seriesId, tsUs, value);
      this.#take(tsUs);
      return true;
    }
    this.rejections.add("timestamp_out_of_range");
    return false;
  }

  /** The same for a point of a series of kind `histogram`. */
  histogram(seriesId: number, point: HistogramSample): boolean {
    const problem = this.#pushHistogram(seriesId, point);
    if (problem === null) this.#take(point.tsUs);
    else this.rejections.add(problem);
    return problem === null;
  }

  /** Takes an exemplar of a series that is known. Answers whether it was taken; nothing is counted. */
  exemplar(exemplar: Exemplar): boolean {
    if (!(exemplar.tsUs >= this.#minUs && exemplar.tsUs <= this.#maxUs)) return false;
    this.#exemplars.push(exemplar);
    this.#exemplarCount++;
    return true;
  }

  #take(tsUs: number): void {
    this.#accepted++;
    if (tsUs > this.#newestUs) this.#newestUs = tsUs;
  }

  /** Finds the series and takes the sample; for sources that do not remember series. */
  add(identity: SeriesIdentity, tsUs: number, value: number): void {
    const id = this.seriesId(identity);
    if (typeof id === "string") this.rejections.add(id);
    else this.sample(id, tsUs, value);
  }

  /** The same for a histogram point. */
  addHistogram(identity: Omit<SeriesIdentity, "kind">, point: HistogramSample): void {
    const id = this.seriesId({ ...identity, kind: "histogram" });
    if (typeof id === "string") this.rejections.add(id);
    else this.histogram(id, point);
  }

  #pushHistogram(seriesId: number, point: HistogramSample): RejectReason | null {
    const { bounds, counts, ...rest } = point;
    if (point.tsUs < this.#minUs || point.tsUs > this.#maxUs) return "timestamp_out_of_range";
    const whole = isCount(point.count) && counts.every(isCount);
    if (!whole || !bucketsFit(bounds, counts, this.#options.limits.maxBuckets)) {
      return "invalid_buckets";
    }
    const boundsId = this.#options.registries.bounds.idOf(bounds);
    if (boundsId === 0) return "bounds_limit";
    const stored = counts.length === 0 ? [point.count] : counts;
    this.#histograms.push({ seriesId, ...rest, boundsId, counts: stored });
    return null;
  }
}

/** What a column of counts can hold; past 2^53 the last digits are rounded. */
function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 64;
}

// Lengths of texts stand in for their bytes: a bound on memory, not a promise about encodings.
function labelsFit(
  labels: readonly (readonly [string, string])[],
  { maxAttributes, maxKeyBytes, maxValueBytes }: SampleLimits,
): boolean {
  return labels.length <= maxAttributes &&
    labels.every(([name, value]) =>
      name !== "" && name.length <= maxKeyBytes && value.length <= maxValueBytes
    );
}

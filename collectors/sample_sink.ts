import { HorizonError } from "../mod/errors.ts";
import type { Intake } from "../mod/intake/intake.ts";
import type { SeriesKind } from "../mod/intern/definitions.ts";
import type { SeriesRegistry } from "../mod/intern/series_registry.ts";
import { SERIES_REFUSED, sortLabels } from "../mod/intern/series_registry.ts";
import type { LatestValues } from "../mod/latest/latest_values.ts";
import type { SourceBook } from "../mod/sources/source_book.ts";
import type { CollectorLog } from "./collector.ts";

/**
 * Where one collector puts its samples. `push` only gathers; `commit` hands all of them over as
 * one batch, synchronously, so that samples of collectors that run at the same time never mix.
 */
export interface SampleSink {
  /**
   * The handle of a series, or `SERIES_REFUSED` at a series limit; the collector keeps it for
   * as long as it sees the thing. Asking again gives the same handle.
   */
  resolve(
    name: string,
    kind: SeriesKind,
    unit: string,
    labels: Iterable<readonly [key: string, value: string]>,
    service?: string,
  ): number;
  /** Rises when series were forgotten: handles must then be asked for again. */
  readonly generation: number;
  /** Adds a sample. One of a refused series, or that is not finite, is dropped and counted. */
  push(seriesId: number, tsUs: number, value: number): void;
  /** Stores what was pushed and makes it the latest; never waits for the store. */
  commit(tsUs: number): void;
  /** Drops what was pushed since the last commit, for example when time is up. */
  discard(): void;
  /** Takes series of something that has ended out of the latest values at once. */
  forget(seriesIds: Iterable<number>): void;
}

/** Why samples were dropped. */
export type SampleDrop =
  /** The series limits refused their series. */
  | "series_refused"
  /** Too much telemetry was waiting for the store. */
  | "overloaded"
  /** The store did not keep them. */
  | "append_failed"
  /** NaN or infinite: a damaged file. */
  | "not_finite";

/**
 * Samples wait this long, so that the collectors of a second share an append: each costs the
 * store a few milliseconds, however few its rows. The live stream does not wait for it.
 */
const COMMIT_WAIT_MS = 1_000;

export interface IntakeSinkOptions {
  readonly intake: Pick<Intake, "admit" | "builders" | "commit">;
  readonly series: Pick<SeriesRegistry, "resolve" | "generation">;
  readonly latest: Pick<LatestValues, "record" | "forget">;
  /** How long a latest value stands without a newer one, milliseconds. */
  readonly staleAfterMs: number;
  /** Where it is noted what becomes of the samples. Its name is the collector's, for the log. */
  readonly book: SourceBook;
  readonly log: CollectorLog;
}

const FIRST_CAPACITY = 256;
/** What one sample takes in the intake: series id, time, value. */
const SAMPLE_BYTES = 20;

/** A sink that stores through the intake and keeps the latest values. One per collector. */
export class IntakeSampleSink implements SampleSink {
  readonly #options: IntakeSinkOptions;
  #seriesIds = new Uint32Array(FIRST_CAPACITY);
  #timesUs = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #count = 0;
  /** Whether batches are being lost: the log speaks only when that changes. */
  #losing = false;

  constructor(options: IntakeSinkOptions) {
    this.#options = options;
  }

  get generation(): number {
    return this.#options.series.generation;
  }

  resolve(
    name: string,
    kind: SeriesKind,
    unit: string,
    labels: Iterable<readonly [key: string, value: string]>,
    service = "",
  ): number {
    return this.#options.series.resolve(name, kind, unit, sortLabels(labels), service);
  }

  push(seriesId: number, tsUs: number, value: number): void {
    if (seriesId === SERIES_REFUSED) this.#note("series_refused", 1);
    else if (!Number.isFinite(value)) this.#note("not_finite", 1);
    else {
      if (this.#count === this.#seriesIds.length) this.#grow();
      this.#seriesIds[this.#count] = seriesId;
      this.#timesUs[this.#count] = tsUs;
      this.#values[this.#count] = value;
      this.#count++;
    }
  }

  commit(tsUs: number): void {
    const count = this.#count;
    this.#count = 0;
    this.#options.book.request("metrics");
    if (count === 0) return;
    // What was seen is true whether or not the store has room for it.
    this.#options.latest.record(
      tsUs,
      this.#seriesIds,
      this.#values,
      count,
      this.#options.staleAfterMs,
    );
    const release = this.#admit(count);
    if (release === null) return;
    const { metrics } = this.#options.intake.builders;
    for (let i = 0; i < count; i++) {
      metrics.push(this.#seriesIds[i]!, this.#timesUs[i]!, this.#values[i]!);
    }
    this.#options.intake.commit(COMMIT_WAIT_MS).then(
      () => this.#keep(count, tsUs),
      (error: unknown) => this.#drop("append_failed", count, error),
    ).finally(release);
  }

  discard(): void {
    this.#count = 0;
  }

  forget(seriesIds: Iterable<number>): void {
    this.#options.latest.forget(seriesIds);
  }

  #admit(count: number): (() => void) | null {
    try {
      return this.#options.intake.admit(count * SAMPLE_BYTES, "own");
    } catch (error) {
      if (!(error instanceof HorizonError) || error.code !== "overloaded") throw error;
      this.#drop("overloaded", count, error);
      return null;
    }
  }

  #keep(count: number, tsUs: number): void {
    this.#options.book.accepted("metrics", count);
    this.#options.book.newest(tsUs);
    if (!this.#losing) return;
    this.#losing = false;
    this.#options.log.info("samples_kept_again", { collector: this.#options.book.name });
  }

  #drop(reason: SampleDrop, count: number, error: unknown): void {
    this.#note(reason, count);
    const message = error instanceof Error ? error.message : String(error);
    const { book, log } = this.#options;
    book.problem(message);
    if (this.#losing) return;
    this.#losing = true;
    log.warn("samples_dropped", { collector: book.name, reason, samples: count, error: message });
  }

  #note(reason: SampleDrop, count: number): void {
    this.#options.book.rejected("metrics", reason, count);
  }

  #grow(): void {
    const capacity = this.#seriesIds.length * 2;
    const seriesIds = new Uint32Array(capacity);
    const timesUs = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    seriesIds.set(this.#seriesIds);
    timesUs.set(this.#timesUs);
    values.set(this.#values);
    this.#seriesIds = seriesIds;
    this.#timesUs = timesUs;
    this.#values = values;
  }
}

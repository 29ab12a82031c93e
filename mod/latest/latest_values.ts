/** A series and its value at the time of the batch it came in. */
export interface LatestSample {
  readonly seriesId: number;
  readonly value: number;
}

/** The newest value of a series. */
export interface LatestValue extends LatestSample {
  /** Microseconds since the Unix epoch. */
  readonly tsUs: number;
}

/** One collection's samples, all of one time. */
export interface SampleBatch {
  /** Microseconds since the Unix epoch. */
  readonly tsUs: number;
  readonly samples: readonly LatestSample[];
}

export type SampleListener = (batch: SampleBatch) => void;

export interface LatestValuesOptions {
  /** Series held; a series past it is not shown, and counted. */
  readonly maxSeries: number;
  /** Told when a listener threw. It is unsubscribed, so that it can do no more harm. */
  readonly onListenerError: (error: unknown) => void;
}

export interface LatestValuesStats {
  readonly series: number;
  readonly maxSeries: number;
  /** Values not kept because `maxSeries` was reached. */
  readonly refused: number;
  /** Series dropped because no new value came in time. */
  readonly expired: number;
  readonly listeners: number;
  /** Listeners removed because they threw. */
  readonly failedListeners: number;
}

interface Entry {
  seriesId: number;
  value: number;
  tsUs: number;
  /** Past this time the value is no longer the truth. */
  expiresUs: number;
}

/**
 * The newest value of everything collected: for `/metrics` and for the live stream, neither of
 * which then asks the store. A value that is not renewed is dropped, so that a process that
 * ended does not go on being reported.
 */
export class LatestValues {
  readonly #options: LatestValuesOptions;
  readonly #entries = new Map<number, Entry>();
  readonly #listeners = new Set<SampleListener>();
  #newestUs = 0;
  #nextExpiryUs = Infinity;
  #refused = 0;
  #expired = 0;
  #failedListeners = 0;

  constructor(options: LatestValuesOptions) {
    this.#options = options;
  }

  get stats(): LatestValuesStats {
    return {
      series: this.#entries.size,
      maxSeries: this.#options.maxSeries,
      refused: this.#refused,
      expired: this.#expired,
      listeners: this.#listeners.size,
      failedListeners: this.#failedListeners,
    };
  }

  /**
   * Takes the first `count` values of a collection made at `tsUs` and tells the listeners.
   * They are dropped when nothing newer has come for `staleAfterMs`.
   */
  record(
    tsUs: number,
    seriesIds: ArrayLike<number>,
    values: ArrayLike<number>,
    count: number,
    staleAfterMs: number,
  ): void {
    this.#newestUs = tsUs;
    const expiresUs = tsUs + staleAfterMs * 1000;
    for (let i = 0; i < count; i++) this.#keep(seriesIds[i] ?? 0, values[i] ?? 0, tsUs, expiresUs);
    if (expiresUs < this.#nextExpiryUs) this.#nextExpiryUs = expiresUs;
    if (tsUs > this.#nextExpiryUs) this.#expire(tsUs);
    if (this.#listeners.size > 0) this.#tell(tsUs, seriesIds, values, count);
  }

  /** Drops series at once, for example those of a process that has ended. */
  forget(seriesIds: Iterable<number>): void {
    for (const id of seriesIds) this.#entries.delete(id);
  }

  /** The newest values, in the order in which the series were first seen. */
  *entries(): Iterable<LatestValue> {
    for (const entry of this.#entries.values()) {
      if (entry.expiresUs >= this.#newestUs) yield entry;
    }
  }

  get(seriesId: number): LatestValue | undefined {
    const entry = this.#entries.get(seriesId);
    return entry === undefined || entry.expiresUs < this.#newestUs ? undefined : entry;
  }

  /**
   * Tells of each collection as it happens, with all its samples in one batch; the batch is the
   * listener's to keep. Listeners are called synchronously and must be quick. Call the answer
   * to hear no more.
   */
  subscribe(listener: SampleListener): () => void {
    // Its own function, so that one listener may be subscribed twice and each ended alone.
    const own: SampleListener = (batch) => listener(batch);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  #keep(seriesId: number, value: number, tsUs: number, expiresUs: number): void {
    const entry = this.#entries.get(seriesId);
    if (entry !== undefined) {
      entry.value = value;
      entry.tsUs = tsUs;
      entry.expiresUs = expiresUs;
    } else if (this.#entries.size < this.#options.maxSeries) {
      this.#entries.set(seriesId, { seriesId, value, tsUs, expiresUs });
    } else this.#refused++;
  }

  #expire(nowUs: number): void {
    let next = Infinity;
    for (const [id, { expiresUs }] of this.#entries) {
      if (expiresUs < nowUs) {
        this.#entries.delete(id);
        this.#expired++;
      } else if (expiresUs < next) next = expiresUs;
    }
    this.#nextExpiryUs = next;
  }

  #tell(
    tsUs: number,
    seriesIds: ArrayLike<number>,
    values: ArrayLike<number>,
    count: number,
  ): void {
    const samples: LatestSample[] = [];
    for (let i = 0; i < count; i++) {
      samples.push({ seriesId: seriesIds[i] ?? 0, value: values[i] ?? 0 });
    }
    for (const listener of [...this.#listeners]) {
      try {
        listener({ tsUs, samples });
      } catch (error) {
        this.#listeners.delete(listener);
        this.#failedListeners++;
        this.#options.onListenerError(error);
      }
    }
  }
}

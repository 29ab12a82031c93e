/** One turn of a collector. */
export interface Tick {
  /** The scheduled time, a multiple of the interval: the timestamp of every sample of this turn. */
  readonly tsMs: number;
  /** The same in microseconds. */
  readonly tsUs: number;
  /** Aborted when the collector's time is up; what is found later must not be committed. */
  readonly signal: AbortSignal;
}

/**
 * Something that is looked at again and again. The scheduler owns interval, timeout and
 * bookkeeping; a collector only looks, and hands its samples to its own sink.
 */
export interface Collector {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Throws only on what is not normal: a missing file or a vanished process is normal. */
  collect(tick: Tick): Promise<void> | void;
  /** Parts that this host does not offer (a file that an old kernel lacks), or that were bounded. */
  readonly unavailable: readonly string[];
  /** Frees what is held between turns. Called once, after the last turn. */
  close(): void;
}

/** What collectors need of a logger: an event name and its facts. */
export interface CollectorLog {
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
}

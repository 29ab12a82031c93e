import type { Clock } from "../clock.ts";
import type { ColumnBatch, Signal } from "../columns/column.ts";
import { HorizonError } from "../errors.ts";
import type { Registries } from "../intern/registries.ts";
import type { RowFeed } from "../live/row_feed.ts";
import type { BatchPipeline, ProcessedBatches } from "../pipeline/batch_pipeline.ts";
import type { Store } from "../ports.ts";
import { attributeKeyIds } from "../signals/attributes.ts";
import { EventBatchBuilder } from "../signals/events.ts";
import { ExemplarBatchBuilder } from "../signals/exemplars.ts";
import { HistogramBatchBuilder } from "../signals/histograms.ts";
import { LogBatchBuilder } from "../signals/logs.ts";
import { SampleBatchBuilder } from "../signals/samples.ts";
import { SpanBatchBuilder } from "../signals/spans.ts";

export interface IntakeLimits {
  /** Bytes of requests admitted and not yet kept; past it senders are told to come back. */
  readonly maxPendingBytes: number;
  /** How long rows may wait for company before they are appended, milliseconds. */
  readonly flushIntervalMs: number;
  /** A signal's batch is appended at once when it has this many rows. */
  readonly maxBatchRows: number;
}

export interface Builders {
  readonly metrics: SampleBatchBuilder;
  readonly histograms: HistogramBatchBuilder;
  readonly exemplars: ExemplarBatchBuilder;
  readonly spans: SpanBatchBuilder;
  readonly logs: LogBatchBuilder;
  readonly events: EventBatchBuilder;
}

export interface IntakeStats {
  readonly pendingBytes: number;
  readonly maxPendingBytes: number;
  /** Requests refused because `maxPendingBytes` was reached. */
  readonly refusedRequests: number;
  readonly keptRows: Readonly<Record<Signal, number>>;
  readonly failedAppends: number;
}

/** Appends under way at a time; a third waits, so that memory stays bounded by two batches. */
const MAX_APPENDS_IN_FLIGHT = 2;
/** How often idle series are looked for. */
const FORGET_EVERY_MS = 60_000;
/**
 * With so many rows an append costs the store little more than its rows do: it is made as soon
 * as the store is free, so that the store works while the next rows are decoded.
 */
const EAGER_ROWS = 8_192;
/** Room that is kept for what Horizon sees by itself, as a share of `maxPendingBytes` on top of it. */
const OWN_SHARE = 1 / 8;
/** What senders are told to wait when the intake is full. */
const RETRY_AFTER_MS = 1_000;

/** Batches go on as they came. */
const NO_PIPELINE: BatchPipeline = { process: (batches) => ({ batches, settle: () => undefined }) };

/**
 * Where all telemetry meets: decoders and collectors write rows into `builders`, then call
 * `commit`, which resolves once the store has kept the rows. Rows of many senders share a
 * batch: it goes through the pipeline and is appended when it is large enough or
 * `flushIntervalMs` old, whichever is first.
 *
 * What is written between two commits must be written synchronously, so that a sender whose
 * body is malformed can take back its own rows with `truncate` and nobody else's.
 */
export class Intake {
  readonly builders: Builders = {
    metrics: new SampleBatchBuilder(),
    histograms: new HistogramBatchBuilder(),
    exemplars: new ExemplarBatchBuilder(),
    spans: new SpanBatchBuilder(),
    logs: new LogBatchBuilder(),
    events: new EventBatchBuilder(),
  };
  readonly #store: Pick<Store, "append">;
  readonly #registries: Registries;
  readonly #limits: IntakeLimits;
  readonly #clock: Clock;
  readonly #pipeline: BatchPipeline;
  /** Told of what was kept. */
  readonly #followers: Pick<RowFeed, "offer"> | null;
  #pendingBytes = 0;
  #refusedRequests = 0;
  #failedAppends = 0;
  #appendsInFlight = 0;
  #forgetDueMs = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerDueMs = 0;
  #openSinceMs = 0;
  #waiters: PromiseWithResolvers<void> | null = null;
  #flushWhenFree = false;
  readonly #idle = new Set<() => void>();
  readonly #keptRows: Record<Signal, number> = {
    metrics: 0,
    histograms: 0,
    exemplars: 0,
    spans: 0,
    logs: 0,
    events: 0,
  };

  constructor(
    store: Pick<Store, "append">,
    registries: Registries,
    limits: IntakeLimits,
    clock: Clock,
    pipeline: BatchPipeline = NO_PIPELINE,
    followers: Pick<RowFeed, "offer"> | null = null,
  ) {
    this.#followers = followers;
    this.#pipeline = pipeline;
    this.#store = store;
    this.#registries = registries;
    this.#limits = limits;
    this.#clock = clock;
  }

  get stats(): IntakeStats {
    return {
      pendingBytes: this.#pendingBytes,
      maxPendingBytes: this.#limits.maxPendingBytes,
      refusedRequests: this.#refusedRequests,
      keptRows: { ...this.#keptRows },
      failedAppends: this.#failedAppends,
    };
  }

  /**
   * Makes room for a request of `bytes` (as it will be decoded). Call the answer exactly once,
   * when the request is done, well or not. What Horizon sees by itself (`own`) finds room for a
   * while longer: a host must not go unseen because somebody sends too much.
   * @throws HorizonError `overloaded` with a retry time when the room is taken. A request
   * larger than all the room is let in when it is alone.
   */
  admit(bytes: number, from: "sender" | "own" = "sender"): () => void {
    const { maxPendingBytes } = this.#limits;
    const room = from === "own" ? maxPendingBytes * (1 + OWN_SHARE) : maxPendingBytes;
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > room) {
      this.#refusedRequests++;
      throw new HorizonError(
        "overloaded",
        "too much telemetry is waiting to be stored; retry later",
        { pending_bytes: this.#pendingBytes, max_pending_bytes: this.#limits.maxPendingBytes },
        RETRY_AFTER_MS,
      );
    }
    this.#pendingBytes += bytes;
    let held = true;
    return () => {
      if (held) this.#pendingBytes -= bytes;
      held = false;
    };
  }

  /**
   * Resolves when every row now in `builders` has been kept. `waitMs` is how long they may wait
   * for company; a caller in no hurry saves an append by waiting for the others'.
   * @throws whatever the store's append throws; the rows are then gone, and not acknowledged.
   */
  commit(waitMs: number = this.#limits.flushIntervalMs): Promise<void> {
    const rows = this.#openRows();
    if (rows === 0) return Promise.resolve();
    if (this.#waiters === null) {
      this.#waiters = Promise.withResolvers<void>();
      this.#openSinceMs = this.#clock.monotonicMs();
    }
    const kept = this.#waiters.promise;
    const open = this.#largestOpen();
    const free = this.#appendsInFlight === 0 && open >= EAGER_ROWS;
    if (free || open >= this.#limits.maxBatchRows) this.#flush();
    else if (!this.#flushWhenFree) this.#flushWithin(waitMs);
    return kept;
  }

  /** Appends what is open and waits until nothing is under way. For shutdown. */
  async drain(): Promise<void> {
    const open = this.commit();
    this.#flush();
    await Promise.allSettled([open]);
    if (this.#appendsInFlight === 0 && this.#openRows() === 0) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /** Milliseconds the oldest uncommitted row has waited; for health checks. */
  get oldestWaitMs(): number {
    return this.#waiters === null ? 0 : this.#clock.monotonicMs() - this.#openSinceMs;
  }

  /** Sets the timer, or brings it forward. */
  #flushWithin(waitMs: number): void {
    const dueMs = this.#clock.monotonicMs() + waitMs;
    if (this.#timer !== null) {
      if (dueMs >= this.#timerDueMs) return;
      clearTimeout(this.#timer);
    }
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#flush(), waitMs);
  }

  #openRows(): number {
    return Object.values(this.builders).reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Notes which series and attribute keys live, and now and then answers those that do not; nothing is open here. */
  #forgetIdle(batches: readonly ColumnBatch[]): number[] {
    const { series, attributeKeys } = this.#registries;
    const nowMs = this.#clock.nowMs();
    for (const { columns } of batches) {
      const [name, column] = columns[0] ?? [];
      if (name === "series_id" && column?.type === "u32") series.touch(column.data, nowMs);
      attributeKeys.touch(attributeKeyIds(columns), nowMs);
    }
    const sinceStartMs = this.#clock.monotonicMs();
    if (sinceStartMs < this.#forgetDueMs || this.#appendsInFlight > 0) return [];
    this.#forgetDueMs = sinceStartMs + FORGET_EVERY_MS;
    attributeKeys.forgetIdle(nowMs);
    return series.forgetIdle(nowMs);
  }

  #largestOpen(): number {
    return Math.max(...Object.values(this.builders).map(({ rows }) => rows));
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waiters = this.#waiters;
    if (waiters === null) return;
    if (this.#appendsInFlight >= MAX_APPENDS_IN_FLIGHT) {
      this.#flushWhenFree = true;
      return;
    }
    this.#flushWhenFree = false;
    this.#waiters = null;
    const finished: ColumnBatch[] = [];
    for (const builder of Object.values(this.builders)) {
      if (builder.rows > 0) finished.push(builder.finish());
    }
    let processed: ProcessedBatches;
    try {
      processed = this.#pipeline.process(finished);
    } catch (error) {
      // Rows that were not looked at must not be stored: what is in them may be secret.
      this.#failedAppends++;
      return waiters.reject(error);
    }
    const { batches, settle } = processed;
    // After the pipeline, which may have made definitions of its own.
    const definitions = this.#registries.takePending();
    const forgotten = this.#forgetIdle(batches);
    const { attributeKeys } = this.#registries;
    const forgottenKeys = attributeKeys.takeForgotten();
    this.#appendsInFlight++;
    this.#store.append({ definitions, batches, forgotten, forgottenKeys }).then(
      () => {
        for (const batch of batches) this.#keptRows[batch.signal] += batch.rows;
        settle(true);
        waiters.resolve();
        this.#followers?.offer(batches);
      },
      (error: unknown) => {
        this.#failedAppends++;
        settle(false);
        this.#registries.giveBack(definitions);
        attributeKeys.giveBackForgotten(forgottenKeys);
        waiters.reject(error);
      },
    ).finally(() => {
      this.#appendsInFlight--;
      if (this.#flushWhenFree || this.#largestOpen() >= EAGER_ROWS) this.#flush();
      if (this.#appendsInFlight === 0) {
        for (const resolve of this.#idle) resolve();
        this.#idle.clear();
      }
    });
  }
}

import type { Clock } from "../mod/clock.ts";
import { HorizonError } from "../mod/errors.ts";
import type { DuckDb } from "./duckdb_module.ts";
import type { QueryLimits } from "./messages.ts";
import type { Patience } from "./patience.ts";
import { QueryJob, type QuerySettled, type QueuedQuery } from "./query_job.ts";
import { CutOff, runWithin } from "./run_within.ts";

interface Waiting {
  readonly id: number;
  readonly command: QueuedQuery;
  readonly sinceMs: number;
  readonly settle: (settled: QuerySettled) => void;
}

interface Running {
  readonly id: number;
  readonly job: QueryJob;
  readonly settle: (settled: QuerySettled) => void;
}

/** A query that held the thread until it was cut off. */
export class QueryHeld extends Error {
  override readonly name = "QueryHeld";

  constructor(readonly id: number, cause: CutOff) {
    super(`a query: ${cause.message}`, { cause });
  }
}

/** What a refused caller is told to wait. */
const RETRY_AFTER_MS = 1_000;

/**
 * Users' queries: some run, in turns of one slice; some wait; more are refused and counted.
 */
export class QueryQueue {
  readonly #db: DuckDb;
  readonly #clock: Clock;
  readonly #limits: QueryLimits;
  readonly #patience: Patience;
  readonly #free: number[];
  readonly #waiting: Waiting[] = [];
  readonly #running: Running[] = [];
  #turn = 0;
  #held = false;
  #total = 0;
  #cancelled = 0;
  #refused = 0;

  constructor(
    db: DuckDb,
    connections: readonly number[],
    limits: QueryLimits,
    clock: Clock,
    patience: Patience,
  ) {
    this.#patience = patience;
    this.#db = db;
    this.#free = [...connections];
    this.#limits = limits;
    this.#clock = clock;
  }

  get counts(): {
    running: number;
    queued: number;
    total: number;
    cancelled: number;
    refused: number;
  } {
    return {
      running: this.#running.length,
      queued: this.#waiting.length,
      total: this.#total,
      cancelled: this.#cancelled,
      refused: this.#refused,
    };
  }

  /** Whether a query has begun and is not settled. */
  get running(): boolean {
    return this.#running.length > 0;
  }

  /** Lets no further query begin until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#fill();
  }

  get busy(): boolean {
    return this.#running.length > 0 || this.#waiting.length > 0;
  }

  submit(id: number, asked: QueuedQuery, settle: (settled: QuerySettled) => void): void {
    this.#total++;
    if ((this.#held || this.#free.length === 0) && this.#waiting.length >= this.#limits.maxQueued) {
      this.#refused++;
      const error = new HorizonError(
        "overloaded",
        `${this.#running.length} queries run and ${this.#waiting.length} wait; retry later`,
        { max_concurrent: this.#limits.maxConcurrent, max_queued: this.#limits.maxQueued },
        RETRY_AFTER_MS,
      );
      return settle({ ok: false, error });
    }
    const own = asked.ownStatement !== undefined;
    const command: QueuedQuery = {
      ...asked,
      maxRows: own ? asked.maxRows : Math.min(asked.maxRows, this.#limits.maxRows),
      maxBytes: own ? asked.maxBytes : Math.min(asked.maxBytes, this.#limits.maxBytes),
      timeoutMs: Math.min(asked.timeoutMs, this.#limits.maxTimeoutMs),
    };
    this.#waiting.push({ id, command, sinceMs: this.#clock.monotonicMs(), settle });
    this.#fill();
  }

  cancel(id: number): void {
    const error = new HorizonError("cancelled", "the query was cancelled by its caller");
    const at = this.#waiting.findIndex((one) => one.id === id);
    if (at >= 0) {
      this.#cancelled++;
      this.#waiting.splice(at, 1)[0]?.settle({ ok: false, error });
      return;
    }
    const running = this.#running.find((one) => one.id === id);
    if (running === undefined) return;
    running.job.cancel(error);
    this.#retire(running);
  }

  /** Stops every query that has begun; those that wait are left alone. */
  stopRunning(error: HorizonError): void {
    for (const running of [...this.#running]) {
      running.job.cancel(error);
      this.#retire(running);
    }
  }

  /**
   * Gives the next running query one slice.
   * @throws QueryHeld when the slice had to be cut off; WebAssembly.RuntimeError when the engine
   * broke. The engine is not to be used any more then.
   */
  step(): void {
    if (this.#running.length === 0) return;
    this.#turn = (this.#turn + 1) % this.#running.length;
    const running = this.#running[this.#turn]!;
    if (this.#slice(running)) this.#retire(running);
  }

  #slice({ id, job }: Running): boolean {
    const { pastDeadlineMs, sliceMs } = this.#patience;
    const leftMs = Math.max(0, job.deadlineMs - this.#clock.monotonicMs());
    try {
      return runWithin(Math.min(leftMs + pastDeadlineMs, sliceMs), () => job.step());
    } catch (error) {
      if (error instanceof CutOff) throw new QueryHeld(id, error);
      throw error;
    }
  }

  #retire(running: Running): void {
    const at = this.#running.indexOf(running);
    this.#running.splice(at, 1);
    this.#free.push(running.job.connection);
    const settled = running.job.settled;
    if (settled === null) return;
    if (!settled.ok && isStop(settled.error)) this.#cancelled++;
    running.settle(settled);
    this.#fill();
  }

  #fill(): void {
    while (!this.#held && this.#free.length > 0 && this.#waiting.length > 0) {
      const connection = this.#free.pop()!;
      const { id, command, sinceMs, settle } = this.#waiting.shift()!;
      const waitedMs = this.#clock.monotonicMs() - sinceMs;
      const job = new QueryJob(this.#db, connection, command, this.#clock, waitedMs);
      this.#running.push({ id, job, settle });
    }
  }
}

function isStop(error: HorizonError): boolean {
  return error.code === "cancelled" || error.code === "deadline_exceeded";
}

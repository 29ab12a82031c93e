import type { Clock } from "../mod/clock.ts";
import type { Collector, CollectorLog } from "./collector.ts";

/** How a collector is doing. Times are milliseconds since the Unix epoch. */
export interface CollectorState {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly running: boolean;
  /** How long the last finished turn took, whatever its outcome. */
  readonly lastDurationMs: number | null;
  readonly lastSuccessMs: number | null;
  readonly successes: number;
  readonly failures: number;
  /** Turns that took longer than `timeoutMs`. Never counted as successes as well. */
  readonly timeouts: number;
  /** Ticks left out because the turn before was still running, or the process was too busy. */
  readonly skipped: number;
  /** Why the last turn that did not succeed did not; stays after a later success. */
  readonly lastError: string | null;
  /** Parts that this host does not offer. */
  readonly unavailable: readonly string[];
}

/** Timers as the scheduler needs them, injected so that tests own time. */
export interface Timers {
  /** Runs once after `delayMs`; call the answer to cancel. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Why a turn did not succeed. */
export interface CollectorProblem {
  readonly reason: "failed" | "timed_out";
  readonly message: string;
}

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). Asked once per collector. */
  readonly random: () => number;
  readonly log: CollectorLog;
  /** Told of every turn that did not succeed; the log speaks only of the first in a row. */
  readonly onProblem: (collector: string, problem: CollectorProblem) => void;
}

/** Collectors are spread over this share of their interval, at most `MAX_JITTER_MS`. */
const JITTER_SHARE = 0.1;
const MAX_JITTER_MS = 250;

/**
 * Runs each collector on its interval.
 *
 * Ticks are aligned: their times are whole multiples of the interval since the Unix epoch, so
 * that samples of different collectors meet at the same times and compress well. Each collector
 * is run a little after its tick, always by the same amount, so that they do not all start at
 * once; the time of the tick, not of the run, is the timestamp. Rates are measured by the
 * monotonic clock.
 *
 * A collector never overlaps itself: while a turn runs, also one whose time is up, its ticks
 * are skipped and counted.
 */
export class Scheduler {
  readonly #runs: CollectorRun[];
  #started = false;
  #stopped: Promise<void> | null = null;

  constructor(collectors: readonly Collector[], options: SchedulerOptions) {
    this.#runs = collectors.map((collector) => new CollectorRun(collector, options));
  }

  /** Starts all collectors; does nothing the second time. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const run of this.#runs) run.start();
  }

  states(): CollectorState[] {
    return this.#runs.map((run) => run.state);
  }

  /**
   * Starts no more turns, waits for those that run, each no longer than its timeout, and closes
   * the collectors.
   */
  stop(): Promise<void> {
    this.#stopped ??= Promise.all(this.#runs.map((run) => run.stop())).then(() => {});
    return this.#stopped;
  }
}

/** One collector and its books. */
class CollectorRun {
  readonly #collector: Collector;
  readonly #options: SchedulerOptions;
  readonly #jitterMs: number;
  #cancelTimer: (() => void) | null = null;
  #stopping = false;
  #lastTickMs = 0;
  #lastFireMonotonicMs: number | null = null;
  /** Resolves when the running turn has ended or its time is up; null between turns. */
  #turn: Promise<void> | null = null;
  #collecting = false;
  #lastDurationMs: number | null = null;
  #lastSuccessMs: number | null = null;
  #successes = 0;
  #failures = 0;
  #timeouts = 0;
  #skipped = 0;
  #lastError: string | null = null;
  /** Turns without success since the last one with; the log speaks only when this leaves 0. */
  #badTurns = 0;

  constructor(collector: Collector, options: SchedulerOptions) {
    this.#collector = collector;
    this.#options = options;
    const spread = Math.min(collector.intervalMs * JITTER_SHARE, MAX_JITTER_MS);
    this.#jitterMs = Math.floor(options.random() * spread);
  }

  get state(): CollectorState {
    const { name, intervalMs, timeoutMs, unavailable } = this.#collector;
    return {
      name,
      intervalMs,
      timeoutMs,
      running: this.#collecting,
      lastDurationMs: this.#lastDurationMs,
      lastSuccessMs: this.#lastSuccessMs,
      successes: this.#successes,
      failures: this.#failures,
      timeouts: this.#timeouts,
      skipped: this.#skipped,
      lastError: this.#lastError,
      unavailable: [...unavailable],
    };
  }

  start(): void {
    if (this.#stopping) return;
    const { clock, timers } = this.#options;
    const { intervalMs } = this.#collector;
    // The tick is worked out anew from the wall clock each time, so a clock that is set forward
    // or back costs at most one interval of waiting.
    const nowMs = clock.nowMs();
    let tickMs = (Math.floor((nowMs - this.#jitterMs) / intervalMs) + 1) * intervalMs;
    // Timers may fire a moment early by the wall clock; one tick is never run twice.
    if (tickMs === this.#lastTickMs) tickMs += intervalMs;
    this.#cancelTimer = timers.after(
      Math.max(0, tickMs + this.#jitterMs - nowMs),
      () => this.#fire(tickMs),
    );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    await this.#turn;
    this.#collector.close();
  }

  #fire(tickMs: number): void {
    this.#lastTickMs = tickMs;
    this.#countMissedTicks();
    if (this.#collecting) this.#skipped++;
    else this.#turn = this.#runTurn(tickMs);
    this.start();
  }

  /** Ticks that passed while the process was too busy, by the clock that nobody sets. */
  #countMissedTicks(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#lastFireMonotonicMs !== null) {
      const passed = (nowMs - this.#lastFireMonotonicMs) / this.#collector.intervalMs;
      this.#skipped += Math.max(0, Math.round(passed) - 1);
    }
    this.#lastFireMonotonicMs = nowMs;
  }

  async #runTurn(tickMs: number): Promise<void> {
    const { clock, timers } = this.#options;
    const { timeoutMs } = this.#collector;
    const timeUp = new AbortController();
    const startMs = clock.monotonicMs();
    this.#collecting = true;
    const ended = this.#collect(tickMs, timeUp.signal).then((error) => {
      this.#collecting = false;
      this.#lastDurationMs = clock.monotonicMs() - startMs;
      if (timeUp.signal.aborted) return;
      // Synchronous work cannot be cut short; that it took too long is seen afterwards.
      if (error === null && this.#lastDurationMs > timeoutMs) this.#timedOut();
      else if (error === null) this.#succeeded();
      else this.#failed(error);
    });
    const late = Promise.withResolvers<void>();
    const cancel = timers.after(timeoutMs, () => {
      if (!this.#collecting) return;
      timeUp.abort();
      this.#timedOut();
      late.resolve();
    });
    await Promise.race([ended, late.promise]);
    cancel();
  }

  /** The error of the turn, null when it went well. */
  async #collect(tickMs: number, signal: AbortSignal): Promise<string | null> {
    try {
      await this.#collector.collect({ tsMs: tickMs, tsUs: tickMs * 1000, signal });
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #succeeded(): void {
    this.#successes++;
    this.#lastSuccessMs = this.#options.clock.nowMs();
    if (this.#badTurns > 0) {
      this.#options.log.info("collector_recovered", {
        collector: this.#collector.name,
        bad_turns: this.#badTurns,
      });
    }
    this.#badTurns = 0;
  }

  #failed(error: string): void {
    this.#failures++;
    this.#wentBad("failed", error);
  }

  #timedOut(): void {
    this.#timeouts++;
    this.#wentBad("timed_out", `took longer than ${this.#collector.timeoutMs} ms`);
  }

  #wentBad(reason: CollectorProblem["reason"], error: string): void {
    const { log, onProblem } = this.#options;
    const { name } = this.#collector;
    this.#lastError = error;
    onProblem(name, { reason, message: error });
    if (this.#badTurns++ > 0) return;
    log.warn(`collector_${reason}`, { collector: name, error });
  }
}

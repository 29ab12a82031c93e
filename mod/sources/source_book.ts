import type { Clock } from "../clock.ts";
import { HorizonError, toHorizonError } from "../errors.ts";
import type { ReceiveOutcome } from "../otlp/otlp_signal.ts";
import { RateWindow } from "./rate_window.ts";
import type {
  SignalCounts,
  SourceKind,
  SourceProblem,
  SourceSignal,
  SourceStatus,
} from "./source_status.ts";

/** Different reasons counted by one source; more are counted under `OTHER_REASON`. */
const MAX_REASONS = 64;
const OTHER_REASON = "other";
/** Of a problem's sentence, characters. */
export const MAX_PROBLEM_LENGTH = 500;

interface Counts {
  requests: number;
  accepted: number;
  readonly rejected: Map<string, number>;
}

/**
 * The books of one source. Whoever takes telemetry in opens one (`SourceRegistry.open`) and notes
 * here what comes of it. Notes are cheap and never fail.
 */
export class SourceBook {
  readonly kind: SourceKind;
  readonly name: string;
  readonly #clock: Clock;
  readonly #rate: RateWindow;
  readonly #counts = new Map<SourceSignal, Counts>();
  readonly #refused = new Map<string, number>();
  #lagMs: number | null = null;
  #errors = 0;
  #lastProblem: SourceProblem | null = null;
  #lastAcceptedMs: number | null = null;
  #paused: string | null = null;

  constructor(
    kind: SourceKind,
    name: string,
    signals: readonly SourceSignal[],
    clock: Clock,
  ) {
    this.kind = kind;
    this.name = name;
    this.#clock = clock;
    this.#rate = new RateWindow(clock);
    for (const signal of signals) this.#of(signal);
  }

  get status(): SourceStatus {
    const signals: Partial<Record<SourceSignal, SignalCounts>> = {};
    for (const [signal, { requests, accepted, rejected }] of this.#counts) {
      signals[signal] = { requests, accepted, rejected: Object.fromEntries(rejected) };
    }
    return {
      kind: this.kind,
      name: this.name,
      signals,
      refused: Object.fromEntries(this.#refused),
      ratePerSecond: this.#rate.perSecond(),
      lagMs: this.#lagMs,
      errors: this.#errors,
      lastProblem: this.#lastProblem,
      lastAcceptedMs: this.#lastAcceptedMs,
      paused: this.#paused,
    };
  }

  /** Something came in: a request, a datagram, a turn. */
  request(signal: SourceSignal, count = 1): void {
    this.#of(signal).requests += count;
  }

  /** Records that the store has kept. */
  accepted(signal: SourceSignal, count: number): void {
    if (count === 0) return;
    this.#of(signal).accepted += count;
    this.#rate.add(count);
    this.#lastAcceptedMs = this.#clock.nowMs();
  }

  /** Records that were not kept. `reason` is one of a few fixed words, never text of a sender. */
  rejected(signal: SourceSignal, reason: string, count = 1): void {
    if (count > 0) add(this.#of(signal).rejected, reason, count);
  }

  /** A request, connection or turn that was refused or failed as a whole. */
  refused(reason: string, message: string): void {
    add(this.#refused, reason, 1);
    this.problem(message);
  }

  /** What went wrong, for people to read; counts as one error. */
  problem(message: string): void {
    this.#errors++;
    const short = message.length > MAX_PROBLEM_LENGTH
      ? `${message.slice(0, MAX_PROBLEM_LENGTH - 1).toWellFormed()}…`
      : message;
    this.#lastProblem = { atMs: this.#clock.nowMs(), message: short };
  }

  /** What came last is of this time, microseconds since the Unix epoch: the lag is told by it. */
  newest(tsUs: number): void {
    this.lag(this.#clock.nowMs() - tsUs / 1000);
  }

  /** How far behind the present it is, milliseconds; null when that is not known. */
  lag(lagMs: number | null): void {
    this.#lagMs = lagMs === null ? null : Math.max(0, lagMs);
  }

  /** Why it takes nothing in for the moment; null once it does again. */
  pause(reason: string | null): void {
    this.#paused = reason;
  }

  /**
   * Notes what becomes of a request: its records when it resolves, a refusal by its error's code
   * when it rejects. Answers and throws what `receive` does.
   */
  async follow<T extends ReceiveOutcome>(
    signal: SourceSignal,
    receive: () => Promise<T>,
  ): Promise<T> {
    this.request(signal);
    try {
      const outcome = await receive();
      this.outcome(signal, outcome);
      return outcome;
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** What became of a request's records. */
  outcome(signal: SourceSignal, outcome: ReceiveOutcome): void {
    this.accepted(signal, outcome.accepted);
    for (const [reason, count] of Object.entries(outcome.reasons)) {
      this.rejected(signal, reason, count);
    }
    if (outcome.newestUs !== null) this.newest(outcome.newestUs);
    if (outcome.errorMessage !== null) this.problem(outcome.errorMessage);
  }

  /** A request failed as a whole with this error. */
  failed(error: unknown): void {
    // What is not expected may carry internals in its message; the log has it.
    const known = error instanceof HorizonError;
    const { code, message } = toHorizonError(error);
    this.refused(code, known ? message : "an internal error; Horizon's log has it");
  }

  #of(signal: SourceSignal): Counts {
    const known = this.#counts.get(signal);
    if (known !== undefined) return known;
    const counts = { requests: 0, accepted: 0, rejected: new Map<string, number>() };
    this.#counts.set(signal, counts);
    return counts;
  }
}

function add(counts: Map<string, number>, reason: string, count: number): void {
  const key = counts.has(reason) || counts.size < MAX_REASONS ? reason : OTHER_REASON;
  counts.set(key, (counts.get(key) ?? 0) + count);
}

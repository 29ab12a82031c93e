import type { Clock } from "../../mod/clock.ts";
import type {
  CheckChange,
  CheckIdentity,
  CheckResult,
  CheckStatus,
} from "../../mod/health/check_status.ts";
import {
  type Finding,
  finding,
  MAX_MESSAGE_LENGTH,
  MAX_OUTPUT_LENGTH,
} from "../../mod/health/health_state.ts";
import { flappingAfter, type FlappingRule, STEADY } from "../../mod/health/flapping.ts";
import { judge, type Thresholds, UNJUDGED } from "../../mod/health/judgement.ts";
import type { Timers } from "../scheduler.ts";
import type { CheckPast } from "./health_past.ts";
import type { Probe } from "./probe.ts";

/** A check: what it is called, how it is asked, when, and what its answers mean. */
export interface CheckDefinition extends CheckIdentity {
  readonly probe: Probe;
  readonly intervalMs: number;
  /** Never longer than the interval. */
  readonly timeoutMs: number;
  readonly initialDelayMs: number;
  readonly thresholds: Thresholds;
}

/** Told of each finished run, with the change it made, if any. */
export type ResultListener = (
  status: CheckStatus,
  result: CheckResult,
  change: CheckChange | null,
) => void;

export interface CheckRunOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly flapping: FlappingRule;
  /** Why the check rests for now; null when it may run. */
  readonly rests: (check: CheckIdentity) => string | null;
  readonly onResult: ResultListener;
}

/** Results and changes of a check that are kept for the page. */
const MAX_RECENT = 60;
const MAX_CHANGES = 32;

/**
 * One check and its books. It never overlaps itself: a probe that does not let go when its time
 * is up keeps the check's only slot, and its turns are skipped and counted until it does.
 */
export class CheckRun {
  readonly definition: CheckDefinition;
  readonly #options: CheckRunOptions;
  #cancelTimer: (() => void) | null = null;
  #stopping = false;
  /** True until the probe has settled, also past its deadline. */
  #occupied = false;
  /** Resolves with the end of the running look or its deadline; null between looks. */
  #turn: Promise<void> | null = null;
  #rests: string | null = null;
  #judgement = UNJUDGED;
  #flapping = STEADY;
  #sinceMs: number | null = null;
  #reason = "has not run yet";
  #runs = 0;
  #timeouts = 0;
  #skipped = 0;
  readonly #recent: CheckResult[] = [];
  readonly #changes: CheckChange[] = [];

  constructor(definition: CheckDefinition, options: CheckRunOptions) {
    this.definition = definition;
    this.#options = options;
  }

  get status(): CheckStatus {
    const { name, service, role, kind, intervalMs, timeoutMs } = this.definition;
    return {
      name,
      service,
      role,
      kind,
      state: this.#judgement.state,
      sinceMs: this.#sinceMs,
      flapping: this.#flapping.flapping,
      reason: this.#rests ?? this.#reason,
      intervalMs,
      timeoutMs,
      running: this.#occupied,
      runs: this.#runs,
      timeouts: this.#timeouts,
      skipped: this.#skipped,
      last: this.#recent.at(-1) ?? null,
      recent: [...this.#recent],
      changes: [...this.#changes],
    };
  }

  /** Goes on from where an earlier Horizon left off. Before `start`. */
  recall({ state, sinceMs, reason, changes }: CheckPast): void {
    const { clock, flapping } = this.#options;
    this.#judgement = { state, run: null };
    this.#sinceMs = sinceMs;
    this.#reason = reason;
    this.#changes.push(...changes.slice(-MAX_CHANGES));
    const changesMs = changes.filter(isSwing).map(({ atMs }) => atMs);
    const newest = { flapping: false, changesMs: changesMs.slice(-flapping.changes) };
    this.#flapping = flappingAfter(newest, false, clock.nowMs(), flapping);
  }

  /** @param staggerMs added to the initial delay, so that checks do not all start at once */
  start(staggerMs: number): void {
    this.definition.probe.open(() => void this.runNow());
    this.#schedule(this.definition.initialDelayMs + staggerMs);
  }

  /** Looks once more and waits for it; while a look runs, waits for that. Never rejects. */
  async runNow(): Promise<void> {
    if (this.#stopping) return;
    if (this.#turn === null && !this.#occupied) this.#turn = this.#look();
    await this.#turn;
  }

  /** Starts no more looks, waits for the one that runs, no longer than its deadline. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    await this.#turn;
    this.definition.probe.close();
  }

  #schedule(delayMs: number): void {
    if (this.#stopping) return;
    this.#cancelTimer = this.#options.timers.after(delayMs, () => {
      this.#schedule(this.definition.intervalMs);
      this.#rests = this.#options.rests(this.definition);
      if (this.#rests !== null) return;
      if (this.#occupied) this.#skipped++;
      else this.#turn = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { clock, timers } = this.#options;
    const { timeoutMs } = this.definition;
    const atMs = clock.nowMs();
    const startMs = clock.monotonicMs();
    const timeUp = new AbortController();
    const late = Promise.withResolvers<Finding>();
    const cancel = timers.after(timeoutMs, () => {
      this.#timeouts++;
      late.resolve(finding(this.definition.probe.late, `no answer within ${timeoutMs} ms`));
      timeUp.abort();
    });
    this.#occupied = true;
    const settled = this.#ask(timeUp.signal).finally(() => {
      this.#occupied = false;
    });
    const found = await Promise.race([late.promise, settled]);
    cancel();
    this.#turn = null;
    this.#rests = null;
    this.#record(found, atMs, clock.monotonicMs() - startMs);
  }

  async #ask(signal: AbortSignal): Promise<Finding> {
    try {
      return await this.definition.probe.look(signal);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return finding("unknown", `the check itself failed: ${message}`);
    }
  }

  #record(found: Finding, atMs: number, latencyMs: number): void {
    const result: CheckResult = {
      atMs,
      state: found.state,
      latencyMs,
      message: found.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed(),
      output: found.output?.slice(0, MAX_OUTPUT_LENGTH).toWellFormed() ?? null,
    };
    this.#runs++;
    push(this.#recent, result, MAX_RECENT);
    const before = this.#judgement;
    this.#judgement = judge(before, found.state, this.definition.thresholds);
    const { state } = this.#judgement;
    const change = state === before.state
      ? null
      : { atMs, from: before.state, to: state, message: result.message };
    const swung = change !== null && isSwing(change);
    this.#flapping = flappingAfter(this.#flapping, swung, atMs, this.#options.flapping);
    this.#sinceMs ??= atMs;
    if (change !== null) {
      this.#sinceMs = atMs;
      push(this.#changes, change, MAX_CHANGES);
    }
    if (found.state === state) this.#reason = result.message;
    else if (state === "unknown") this.#reason = `not decided yet: ${result.message}`;
    this.#options.onResult(this.status, result, change);
  }
}

/** The first judgement is news, not a change of mind. */
function isSwing({ from }: CheckChange): boolean {
  return from !== "unknown";
}

function push<T>(into: T[], value: T, max: number): void {
  into.push(value);
  if (into.length > max) into.shift();
}

import type { Clock } from "../../mod/clock.ts";
import { healthReport } from "../../mod/health/aggregate.ts";
import type { CheckIdentity, CheckStatus, HealthReport } from "../../mod/health/check_status.ts";
import type { FlappingRule } from "../../mod/health/flapping.ts";
import type { Timers } from "../scheduler.ts";
import type { PastOf } from "./health_past.ts";
import { type CheckDefinition, CheckRun, type ResultListener } from "./check_run.ts";

export interface HealthMonitorOptions {
  readonly flapping: FlappingRule;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onResult: ResultListener;
}

/** First runs are spread over an interval, but over no more than this. */
const MAX_STAGGER_MS = 5_000;

/**
 * Runs every check on its interval. Each has a slot and a deadline of its own, so that one that
 * hangs delays no other; no more run at a time than there are checks, which the configuration
 * bounds.
 *
 * While a startup check of a service has not been healthy, the service's other checks rest; once
 * it has been, it rests itself.
 */
export class HealthMonitor {
  readonly #runs: ReadonlyMap<string, CheckRun>;
  readonly #clock: Clock;
  /** Names of startup checks that have been healthy once. */
  readonly #started = new Set<string>();
  #running = false;

  constructor(checks: readonly CheckDefinition[], options: HealthMonitorOptions) {
    this.#clock = options.clock;
    const shared = {
      ...options,
      rests: (check: CheckIdentity) => this.#rests(check),
      onResult: ((status, result, change) => {
        if (status.role === "startup" && status.state === "healthy") this.#started.add(status.name);
        options.onResult(status, result, change);
      }) satisfies ResultListener,
    };
    this.#runs = new Map(checks.map((check) => [check.name, new CheckRun(check, shared)]));
  }

  /**
   * Checks go on from where an earlier Horizon left off. Startup checks run again all the same: what they
   * watch may have begun anew meanwhile.
   */
  recall(pastOf: PastOf): void {
    for (const run of this.#runs.values()) {
      const past = pastOf(run.definition);
      if (past !== null) run.recall(past);
    }
  }

  /** Starts all checks; does nothing the second time. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const runs = [...this.#runs.values()];
    runs.forEach((run, i) => {
      const spread = Math.min(run.definition.intervalMs, MAX_STAGGER_MS);
      run.start(Math.floor(spread * i / runs.length));
    });
  }

  /** Starts no more runs and waits for those under way, each no longer than its deadline. */
  async stop(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.stop()));
  }

  report(): HealthReport {
    return healthReport(this.#clock.nowMs(), [...this.#runs.values()].map(({ status }) => status));
  }

  status(name: string): CheckStatus | null {
    return this.#runs.get(name)?.status ?? null;
  }

  /** Runs a check now, out of its turn, and answers how it is doing then; null: there is no such. */
  async run(name: string): Promise<CheckStatus | null> {
    const run = this.#runs.get(name);
    if (run === undefined) return null;
    await run.runNow();
    return run.status;
  }

  #rests({ name, service, role }: CheckIdentity): string | null {
    if (role === "startup") return this.#started.has(name) ? "has started; rests" : null;
    if (service === null) return null;
    for (const { definition } of this.#runs.values()) {
      const waits = definition.service === service && definition.role === "startup" &&
        !this.#started.has(definition.name);
      if (waits) return `waits for ${definition.name}`;
    }
    return null;
  }
}

import { HorizonError } from "../../mod/errors.ts";
import type { Intake } from "../../mod/intake/intake.ts";
import { SERIES_REFUSED, type SeriesRegistry } from "../../mod/intern/series_registry.ts";
import type { HealthFinding } from "./health_checks.ts";

/** Where a sample goes on its way into the store. */
export interface CommitTarget {
  readonly intake: Pick<Intake, "admit" | "commit"> & {
    readonly builders: Pick<Intake["builders"], "metrics">;
  };
  readonly series: Pick<SeriesRegistry, "resolve">;
}

/** A round trip is made again after this long; probes between get its outcome. */
const EVERY_MS = 10_000;
/** A round trip that takes longer is told. */
const SLOW_MS = 500;
/** What a sample takes in the intake. */
const SAMPLE_BYTES = 20;
const METRIC = "horizon.store.commit.duration";

/**
 * Whether rows are kept, found out by keeping one: a sample of how long the round trip before took
 * goes through the intake into the store, and is waited for. One is under way at a time.
 */
export class CommitRoundTrip {
  readonly #target: CommitTarget;
  readonly #clock: { nowMs(): number; monotonicMs(): number };
  #newest: { readonly atMs: number; readonly found: Promise<HealthFinding> } | null = null;
  #lastMs = 0;

  constructor(
    target: CommitTarget,
    clock: { nowMs(): number; monotonicMs(): number },
  ) {
    this.#target = target;
    this.#clock = clock;
  }

  check(): Promise<HealthFinding> {
    const atMs = this.#clock.monotonicMs();
    if (this.#newest === null || atMs - this.#newest.atMs >= EVERY_MS) {
      // While it hangs it stays the newest; its callers have deadlines.
      const found = this.#commit().finally(() => this.#newest = { atMs, found });
      this.#newest = { atMs: Infinity, found };
    }
    return this.#newest.found;
  }

  async #commit(): Promise<HealthFinding> {
    const { intake, series } = this.#target;
    const startMs = this.#clock.monotonicMs();
    const id = series.resolve(METRIC, "gauge", "s", [], "");
    if (id === SERIES_REFUSED) {
      return { status: "degraded", message: "no series is left for the sample of the round trip" };
    }
    try {
      const release = intake.admit(SAMPLE_BYTES);
      try {
        intake.builders.metrics.push(id, this.#clock.nowMs() * 1000, this.#lastMs / 1000);
        await intake.commit(0);
      } finally {
        release();
      }
    } catch (error) {
      // Senders are told to come back: pressed, but nothing is lost.
      const pressed = error instanceof HorizonError && error.code === "overloaded";
      const message = error instanceof Error ? error.message : String(error);
      return {
        status: pressed ? "degraded" : "failing",
        message: `a row was not kept: ${message}`,
      };
    }
    this.#lastMs = this.#clock.monotonicMs() - startMs;
    const tookMs = Math.round(this.#lastMs);
    return {
      status: this.#lastMs > SLOW_MS ? "degraded" : "ok",
      message: `a row was kept within ${tookMs} ms`,
    };
  }
}

import type { Finding, HealthState } from "../../mod/health/health_state.ts";

/**
 * One way to find out whether something is well. The monitor owns interval, deadline and
 * bookkeeping; a probe only looks.
 */
export interface Probe {
  /** What it means when no answer comes in time: of what is asked `unhealthy`, of the asking `unknown`. */
  readonly late: HealthState;
  /**
   * Looks once. `signal` is aborted when its time is up: the probe then lets go of what it holds
   * and settles; what it answers from then on is not used.
   * @throws what is unexpected; the check is `unknown` then
   */
  look(signal: AbortSignal): Promise<Finding>;
  /** Called once before the first look. `wake` asks for a look before its time. */
  open(wake: () => void): void;
  /** Frees what is held between looks. Called once, after the last look. */
  close(): void;
}

/** A probe that holds nothing between looks. */
export function simpleProbe(
  look: Probe["look"],
  late: HealthState = "unhealthy",
): Probe {
  return { late, look, open: () => {}, close: () => {} };
}

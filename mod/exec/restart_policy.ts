import { isSuccess, type ProcessExit } from "./process_exit.ts";

/** When a command that has ended is started again. */
export const RESTART_MODES = ["never", "on-failure", "always"] as const;
export type RestartMode = typeof RESTART_MODES[number];

export interface RestartPolicy {
  readonly mode: RestartMode;
  /** Restarts in a row after which it stays down; null for no limit. */
  readonly maxRestarts: number | null;
  /** Wait before the first restart; each further one in a row doubles it, up to `maxDelayMs`. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A run that lasted so long was a success of starting: counting begins anew. */
  readonly stableAfterMs: number;
}

export type AfterExit =
  | {
    readonly kind: "restart";
    readonly delayMs: number;
    /** Restarts in a row with this one. */
    readonly restarts: number;
  }
  | { readonly kind: "stop"; readonly reason: "not_wanted" | "too_many_restarts" };

/** Share of a delay that is random, so that many hosts do not restart in step. */
const JITTER = 0.1;

/**
 * What follows the end of a run.
 *
 * @param restarts restarts in a row before this end
 * @param ranMs how long the run lasted
 * @param random in [0, 1)
 */
export function afterExit(
  policy: RestartPolicy,
  exit: ProcessExit,
  restarts: number,
  ranMs: number,
  random: number,
): AfterExit {
  const wanted = policy.mode === "always" || policy.mode === "on-failure" && !isSuccess(exit);
  if (!wanted) return { kind: "stop", reason: "not_wanted" };
  const before = ranMs >= policy.stableAfterMs ? 0 : restarts;
  if (policy.maxRestarts !== null && before >= policy.maxRestarts) {
    return { kind: "stop", reason: "too_many_restarts" };
  }
  const delayMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** before);
  return {
    kind: "restart",
    delayMs: Math.round(delayMs * (1 - JITTER * random)),
    restarts: before + 1,
  };
}

import type { Clock } from "../../mod/clock.ts";
import { CommitRoundTrip, type CommitTarget } from "./commit_round_trip.ts";
import { EventLoopDelay } from "./event_loop_delay.ts";
import { HealthChecks } from "./health_checks.ts";
import type { Lifecycle } from "./health_routes.ts";
import { ownHealthChecks, type OwnHealthSources } from "./own_checks.ts";

export interface OwnHealthDeps extends Omit<OwnHealthSources, "commits" | "eventLoop"> {
  readonly commit: CommitTarget;
  readonly clock: Clock;
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  readonly lifecycle: () => Lifecycle;
}

/** Horizon's health, as its probes tell it. */
export interface OwnHealth {
  readonly checks: HealthChecks;
  /**
   * Whether it is ready, under the empty name, and whether each check is well, as
   * `horizon.<check>`; for `grpc.health.v1`.
   */
  serving(): Promise<ReadonlyMap<string, boolean>>;
  stop(): void;
}

/** Begins to watch over Horizon itself. */
export function startOwnHealth(deps: OwnHealthDeps): OwnHealth {
  const eventLoop = new EventLoopDelay(deps.clock, deps.timers);
  eventLoop.start();
  const commits = new CommitRoundTrip(deps.commit, deps.clock);
  const checks = new HealthChecks(ownHealthChecks({ ...deps, commits, eventLoop }), deps.clock);
  return {
    checks,
    serving: async () => {
      const { status, checks: found } = await checks.report();
      return new Map([
        ["", deps.lifecycle() === "ready" && status !== "failing"],
        ...found.map((one) => [`horizon.${one.name}`, one.status !== "failing"] as const),
      ]);
    },
    stop: () => eventLoop.stop(),
  };
}

import type { Clock } from "../../mod/clock.ts";
import type { IntakeStats } from "../../mod/intake/intake.ts";
import type { Store } from "../../mod/ports.ts";
import type { CommitRoundTrip } from "./commit_round_trip.ts";
import type { EventLoopDelay } from "./event_loop_delay.ts";
import type { HealthCheck, HealthFinding } from "./health_checks.ts";

export interface OwnHealthSources {
  readonly store: Pick<Store, "stats">;
  readonly intake: { readonly stats: IntakeStats; readonly oldestWaitMs: number };
  readonly scheduler: {
    states(): readonly {
      readonly name: string;
      readonly intervalMs: number;
      readonly lastSuccessMs: number | null;
      readonly lastError: string | null;
    }[];
  };
  readonly clock: Clock;
  readonly commits: Pick<CommitRoundTrip, "check">;
  readonly eventLoop: Pick<EventLoopDelay, "check">;
}

/** Rows that wait longer than this for the store are a problem. */
const LONGEST_WAIT_MS = 5_000;
/** The intake is pressed when so much of its room is taken. */
const PRESSED_SHARE = 0.8;
/** A collector is late after so many intervals without a success. */
const LATE_INTERVALS = 5;

/** How long a restart of the store is shown. */
const RESTART_SHOWN_MS = 600_000;

/** What Horizon watches about itself. */
export function ownHealthChecks(sources: OwnHealthSources): HealthCheck[] {
  return [
    { name: "store", check: () => storeAnswers(sources) },
    { name: "commits", check: () => sources.commits.check() },
    { name: "disk", check: () => diskWrites(sources.store) },
    { name: "intake", check: () => intakeFlows(sources.intake) },
    { name: "collectors", check: () => collectorsOnTime(sources) },
    { name: "event_loop", check: () => sources.eventLoop.check() },
  ];
}

/** Fails with the store's own words while it is being restarted. */
async function storeAnswers({ store, clock }: OwnHealthSources): Promise<HealthFinding> {
  const { bytes, budgetBytes, restarts: { last } } = await store.stats();
  if (last !== null && clock.nowMs() - last.atMs < RESTART_SHOWN_MS) {
    const kept = last.emptied ? "what was in memory is gone" : "all that was on disk is back";
    return { status: "degraded", message: `it was restarted: ${last.reason}; ${kept}` };
  }
  const percent = Math.round(100 * bytes / budgetBytes);
  return { status: "ok", message: `it answers; ${percent} % of its memory budget is used` };
}

async function diskWrites(store: OwnHealthSources["store"]): Promise<HealthFinding> {
  const { disk } = await store.stats();
  if (disk === null) return { status: "ok", message: "no data directory; all is in memory" };
  if (disk.problem === null) return { status: "ok", message: `writes to ${disk.path} succeed` };
  return {
    status: "failing",
    message: `cannot write to ${disk.path}: ${disk.problem}; new rows are in memory only`,
  };
}

function intakeFlows({ stats, oldestWaitMs }: OwnHealthSources["intake"]): HealthFinding {
  if (oldestWaitMs > LONGEST_WAIT_MS) {
    const seconds = Math.round(oldestWaitMs / 1000);
    return { status: "failing", message: `rows have waited ${seconds} s for the store` };
  }
  const share = stats.pendingBytes / stats.maxPendingBytes;
  if (share > PRESSED_SHARE) {
    const percent = Math.round(100 * share);
    return { status: "degraded", message: `${percent} % of the room for waiting data is taken` };
  }
  return { status: "ok", message: "rows reach the store in time" };
}

function collectorsOnTime({ scheduler, clock }: OwnHealthSources): HealthFinding {
  const now = clock.nowMs();
  const late = scheduler.states().filter(({ lastSuccessMs, lastError, intervalMs }) =>
    lastSuccessMs === null ? lastError !== null : now - lastSuccessMs > LATE_INTERVALS * intervalMs
  );
  if (late.length === 0) return { status: "ok", message: "all collectors are on time" };
  const said = late.map(({ name, lastError }) => `${name} (${lastError ?? "no success lately"})`);
  return { status: "degraded", message: `late: ${said.join(", ")}` };
}

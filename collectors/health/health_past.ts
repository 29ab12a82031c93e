import type { CheckChange, CheckIdentity } from "../../mod/health/check_status.ts";
import { HEALTH_STATES, type HealthState } from "../../mod/health/health_state.ts";
import type { QueryFn, SqlValue } from "../../mod/ports.ts";

/** Changes of a check that are read back. */
export const MAX_PAST_CHANGES = 32;
/** Checks are bounded by the configuration; those that are no longer in it have rows too. */
const MAX_ROWS = 100_000;
const TIMEOUT_MS = 10_000;

/** How a check stood when Horizon last watched it. Times are milliseconds since the Unix epoch. */
export interface CheckPast {
  readonly state: HealthState;
  readonly sinceMs: number;
  /** What the last result, or change, said. */
  readonly reason: string;
  /** Oldest first. */
  readonly changes: readonly CheckChange[];
}

/** Of `name` as this check has it: a check of another kind is not the same one. */
export type PastOf = (check: CheckIdentity) => CheckPast | null;

const PAST_QUERY =
  `SELECT name, role, kind, service, event, epoch_ms(ts)::DOUBLE, previous_state, state,
    message
  FROM health_checks
  WHERE event IN ('change', 'result')
  QUALIFY row_number() OVER (PARTITION BY name, role, kind, service, event ORDER BY ts DESC)
    <= CASE event WHEN 'change' THEN ${MAX_PAST_CHANGES} ELSE 1 END
  ORDER BY ts`;

/**
 * What is stored of health checks, so that a start of Horizon is no change of what it watches.
 * @throws what `query` throws
 */
export async function readPast(query: QueryFn): Promise<PastOf> {
  const result = await query({ sql: PAST_QUERY, maxRows: MAX_ROWS, timeoutMs: TIMEOUT_MS });
  const past = new Map<string, CheckPast>();
  for (const [name, role, kind, service, event, at, from, to, message] of result.rows()) {
    const state = stateOf(to);
    if (state === null || typeof at !== "number") continue;
    const key = keyOf([name, role, kind, service]);
    const before = past.get(key);
    const previous = stateOf(from);
    const reason = String(message ?? "");
    const changed = event === "change" && previous !== null;
    past.set(key, {
      state,
      sinceMs: changed || before === undefined ? at : before.sinceMs,
      reason,
      changes: changed
        ? [...before?.changes ?? [], { atMs: at, from: previous, to: state, message: reason }]
        : before?.changes ?? [],
    });
  }
  return ({ name, role, kind, service }) => past.get(keyOf([name, role, kind, service])) ?? null;
}

function keyOf(parts: readonly (SqlValue | undefined)[]): string {
  return JSON.stringify(parts);
}

function stateOf(value: SqlValue | undefined): HealthState | null {
  return HEALTH_STATES.find((state) => state === value) ?? null;
}

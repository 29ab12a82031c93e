import { toHorizonError } from "../../../mod/errors.ts";
import {
  type Finding,
  finding,
  HEALTH_STATES,
  type HealthState,
} from "../../../mod/health/health_state.ts";
import type { QueryFn, SqlValue } from "../../../mod/ports.ts";
import { type Probe, simpleProbe } from "../probe.ts";

export interface SqlProbeOptions {
  readonly sql: string;
  /** What no row, or NULL, means. */
  readonly noData: HealthState;
  readonly timeoutMs: number;
  readonly query: QueryFn;
}

/** Bytes of a result that is looked at. */
const MAX_BYTES = 64 * 1024;

/**
 * A condition on what is stored. A query that does not run says nothing about what is checked,
 * so the check is unknown then.
 */
export function sqlProbe({ sql, noData, timeoutMs, query }: SqlProbeOptions): Probe {
  return simpleProbe(async (signal) => {
    try {
      const result = await query({ sql, maxRows: 1, maxBytes: MAX_BYTES, timeoutMs, signal });
      const [row] = result.rows();
      return judgeRow(row ?? [], noData);
    } catch (error) {
      const { code, message } = toHorizonError(error);
      return finding("unknown", `the query failed (${code}): ${message}`);
    }
  }, "unknown");
}

/**
 * What the first row says. Its first value is true or false, a number (0 is false), or the name
 * of a state; a second value is the message.
 */
export function judgeRow(row: readonly SqlValue[], noData: HealthState): Finding {
  const [first, second] = row;
  const said = typeof second === "string" && second !== "" ? second : null;
  if (first === undefined) return finding(noData, "the query answers no row");
  if (first === null) return finding(noData, said ?? "the query answers NULL");
  if (typeof first === "boolean" || typeof first === "number") {
    const holds = first !== false && first !== 0;
    return finding(holds ? "healthy" : "unhealthy", said ?? `the query answers ${first}`);
  }
  const state = HEALTH_STATES.find((word) => word === first);
  if (state !== undefined) return finding(state, said ?? `the query answers ${state}`);
  return finding(
    "unknown",
    `the query's first value is ${JSON.stringify(first).slice(0, 100)}: want true or false, ` +
      `a number, or one of ${HEALTH_STATES.join(", ")}`,
  );
}

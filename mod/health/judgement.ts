import type { HealthState } from "./health_state.ts";

/** How many runs in a row it takes to change one's mind. */
export interface Thresholds {
  /** Towards a worse state, and towards `unknown`. */
  readonly failures: number;
  /** Towards a better state. */
  readonly successes: number;
}

/** Runs in a row that all speak against the present state in the same direction. */
interface Run {
  readonly towards: "worse" | "better" | "unknown";
  readonly length: number;
  /** The state that all of the run agree on: the mildest of a worse one, the worst of a better. */
  readonly state: HealthState;
}

/** The state of a check, and what speaks against it so far. */
export interface Judgement {
  readonly state: HealthState;
  readonly run: Run | null;
}

export const UNJUDGED: Judgement = { state: "unknown", run: null };

const RANK = { healthy: 0, degraded: 1, unhealthy: 2 } as const;
type Known = keyof typeof RANK;

/**
 * The judgement after one more run found `found`. A state holds until as many runs in a row as
 * the thresholds want speak against it; it then becomes what all of these agree on, so that a
 * mix of slow and failed answers is degraded first.
 */
export function judge(before: Judgement, found: HealthState, thresholds: Thresholds): Judgement {
  const towards = direction(before.state, found);
  if (towards === null) return { state: before.state, run: null };
  const { run } = before;
  const continued = run !== null && run.towards === towards;
  const length = continued ? run.length + 1 : 1;
  const state = continued ? agreed(towards, run.state, found) : found;
  const needed = towards === "better" ? thresholds.successes : thresholds.failures;
  if (length >= needed) return { state, run: null };
  return { state: before.state, run: { towards, length, state } };
}

/** Where `found` points, seen from `state`; null when it is the same. */
function direction(state: HealthState, found: HealthState): Run["towards"] | null {
  if (state === found) return null;
  if (found === "unknown") return "unknown";
  // Nothing is known yet: what works need only convince as what recovers does.
  if (state === "unknown") return found === "unhealthy" ? "worse" : "better";
  return RANK[found] > RANK[state] ? "worse" : "better";
}

function agreed(towards: Run["towards"], a: HealthState, b: HealthState): HealthState {
  if (towards === "unknown" || a === "unknown" || b === "unknown") return "unknown";
  const better: Known = RANK[a] < RANK[b] ? a : b;
  const worse: Known = RANK[a] < RANK[b] ? b : a;
  return towards === "worse" ? better : worse;
}

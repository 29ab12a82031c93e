import type { CheckRole, HealthState } from "./health_state.ts";

/** The kinds of check there are. */
export const CHECK_KINDS = [
  "process",
  "limits",
  "http",
  "grpc",
  "tcp",
  "command",
  "sql",
  "dependency",
] as const;
export type CheckKind = typeof CHECK_KINDS[number];

/** What names and orders a check. */
export interface CheckIdentity {
  readonly name: string;
  /** The service it speaks for; null for the host itself. */
  readonly service: string | null;
  readonly role: CheckRole;
  readonly kind: CheckKind;
}

/** One finished run. Times are milliseconds since the Unix epoch. */
export interface CheckResult {
  readonly atMs: number;
  readonly state: HealthState;
  readonly latencyMs: number;
  readonly message: string;
  readonly output: string | null;
}

/** The state of a check became another one. */
export interface CheckChange {
  readonly atMs: number;
  readonly from: HealthState;
  readonly to: HealthState;
  /** What the run said that made it so. */
  readonly message: string;
}

/** A check as others see it. */
export interface CheckStatus extends CheckIdentity {
  readonly state: HealthState;
  /** Since when it is in this state; null while no run has ended. */
  readonly sinceMs: number | null;
  readonly flapping: boolean;
  /** Why it is in this state, one sentence. */
  readonly reason: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly running: boolean;
  readonly runs: number;
  readonly timeouts: number;
  /** Runs left out because the one before had not ended. */
  readonly skipped: number;
  readonly last: CheckResult | null;
  /** The newest results, oldest first; bounded. */
  readonly recent: readonly CheckResult[];
  /** The newest changes, oldest first; bounded. */
  readonly changes: readonly CheckChange[];
}

/** What several checks amount to. */
export interface Aggregate {
  readonly state: HealthState;
  /** Why it is not healthy, worst first; empty when it is. Bounded. */
  readonly reasons: readonly string[];
}

export interface ServiceHealth extends Aggregate {
  readonly service: string;
  readonly checks: readonly string[];
}

/** Everything that is known about the health of this host. */
export interface HealthReport {
  readonly atMs: number;
  readonly host: Aggregate;
  readonly services: readonly ServiceHealth[];
  readonly checks: readonly CheckStatus[];
}

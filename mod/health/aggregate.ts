import type {
  Aggregate,
  CheckIdentity,
  CheckStatus,
  HealthReport,
  ServiceHealth,
} from "./check_status.ts";
import type { HealthState } from "./health_state.ts";

/** Reasons that are told; of more only the number is. */
export const MAX_REASONS = 16;

/** What of a check decides about its service. */
export type JudgedCheck =
  & Pick<CheckStatus, "state" | "flapping" | "reason">
  & Pick<CheckIdentity, "name" | "role">;

/**
 * What the checks of one service amount to, the first that holds:
 * - unhealthy: a liveness or startup check is, or all of its readiness checks are
 * - degraded: some of its readiness checks are unhealthy, a check is degraded, or one flaps
 * - unknown: a check is, or there is none
 * - healthy
 */
export function serviceState(checks: readonly JudgedCheck[]): HealthState {
  const down = checks.filter(({ state }) => state === "unhealthy");
  const readiness = checks.filter(({ role }) => role === "readiness");
  if (down.some(({ role }) => role !== "readiness")) return "unhealthy";
  if (readiness.length > 0 && down.length === readiness.length) return "unhealthy";
  if (down.length > 0) return "degraded";
  if (checks.some(({ state, flapping }) => state === "degraded" || flapping)) return "degraded";
  if (checks.length === 0 || checks.some(({ state }) => state === "unknown")) return "unknown";
  return "healthy";
}

/** The same with its reasons. */
export function aggregateChecks(checks: readonly JudgedCheck[]): Aggregate {
  const state = serviceState(checks);
  const told = checks.filter((one) => one.state !== "healthy" || one.flapping)
    .toSorted((a, b) => SEVERITY[b.state] - SEVERITY[a.state])
    .map(({ name, state, flapping, reason }) =>
      `${name} is ${state}${flapping ? " and flapping" : ""}: ${reason}`
    );
  return { state, reasons: bounded(told.length > 0 || checks.length > 0 ? told : ["no checks"]) };
}

const SEVERITY: Readonly<Record<HealthState, number>> = {
  unhealthy: 3,
  degraded: 2,
  unknown: 1,
  healthy: 0,
};

/**
 * What the host's own checks and its services amount to. A host is unhealthy when a check of its
 * own says so or when every service is; it is degraded when a service is unhealthy or degraded.
 */
export function aggregateHost(
  own: Aggregate | null,
  services: readonly ServiceHealth[],
): Aggregate {
  const states = [...own === null ? [] : [own.state], ...services.map(({ state }) => state)];
  const reasons = bounded([
    ...own?.reasons ?? [],
    ...services.filter(({ state }) => state !== "healthy")
      .toSorted((a, b) => SEVERITY[b.state] - SEVERITY[a.state])
      .map(({ service, state, reasons }) => `service ${service} is ${state}: ${reasons[0] ?? ""}`),
  ]);
  const all = services.length > 0 && services.every(({ state }) => state === "unhealthy");
  if (own?.state === "unhealthy" || all) return { state: "unhealthy", reasons };
  if (states.some((state) => state === "unhealthy" || state === "degraded")) {
    return { state: "degraded", reasons };
  }
  if (states.length === 0) return { state: "unknown", reasons: ["no checks"] };
  return { state: states.includes("unknown") ? "unknown" : "healthy", reasons };
}

/** Everything in one report; services in the order of their names. */
export function healthReport(atMs: number, checks: readonly CheckStatus[]): HealthReport {
  const services = Map.groupBy(checks, ({ service }) => service);
  const own = services.get(null);
  const named = [...services].flatMap(([service, its]): ServiceHealth[] =>
    service === null
      ? []
      : [{ service, checks: its.map(({ name }) => name), ...aggregateChecks(its) }]
  ).toSorted((a, b) => a.service < b.service ? -1 : 1);
  const host = aggregateHost(own === undefined ? null : aggregateChecks(own), named);
  return { atMs, host, services: named, checks };
}

function bounded(reasons: readonly string[]): readonly string[] {
  if (reasons.length <= MAX_REASONS) return reasons;
  return [...reasons.slice(0, MAX_REASONS), `and ${reasons.length - MAX_REASONS} more`];
}

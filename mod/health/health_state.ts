/** How a check, a service or the host is doing. */
export const HEALTH_STATES = ["healthy", "degraded", "unhealthy", "unknown"] as const;
export type HealthState = typeof HEALTH_STATES[number];

/**
 * What a check is about, in the words of Kubernetes: does it run, can it take requests, has it
 * started.
 */
export const CHECK_ROLES = ["liveness", "readiness", "startup"] as const;
export type CheckRole = typeof CHECK_ROLES[number];

/** What one run of a check found. */
export interface Finding {
  /** `unknown`: it could not be judged, which is not the fault of what is checked. */
  readonly state: HealthState;
  /** One sentence for people, at most `MAX_MESSAGE_LENGTH` characters. */
  readonly message: string;
  /** What it printed or answered, cut; null where there is nothing to show. */
  readonly output: string | null;
}

/** Characters of a message; what is longer is cut where the result is kept. */
export const MAX_MESSAGE_LENGTH = 500;
/** Characters of output that are kept of one run. */
export const MAX_OUTPUT_LENGTH = 2_000;

/** A finding without output. */
export function finding(state: HealthState, message: string): Finding {
  return { state, message, output: null };
}

/** A number for metrics: 1 healthy, 0.5 degraded, 0 unhealthy; null while nobody knows. */
export function healthValue(state: HealthState): number | null {
  switch (state) {
    case "healthy":
      return 1;
    case "degraded":
      return 0.5;
    case "unhealthy":
      return 0;
    case "unknown":
      return null;
  }
}

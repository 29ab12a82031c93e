import type { EventSeverity, HorizonEvent } from "../../mod/events/event.ts";
import type { CheckChange, CheckResult, CheckStatus } from "../../mod/health/check_status.ts";
import type { HealthState } from "../../mod/health/health_state.ts";

/**
 * A result that says what the one before said is written again after this long, so that a check
 * that goes on well is seen to. Metrics have every run; events are kept for weeks.
 */
const REPEAT_MS = 300_000;

/** What was last written of a check. */
interface Written {
  readonly atMs: number;
  readonly state: HealthState;
  readonly message: string;
}

/**
 * Turns results into events of the stream `health`: `result` when it says something new or
 * nothing was written for a while, `change` when the state became another one, `flapping` and
 * `steady`. Holds one entry per check.
 */
export class HealthJournal {
  readonly #write: (event: HorizonEvent) => void;
  readonly #written = new Map<string, Written>();
  readonly #flapping = new Set<string>();

  constructor(write: (event: HorizonEvent) => void) {
    this.#write = write;
  }

  record(status: CheckStatus, result: CheckResult, change: CheckChange | null): void {
    const { atMs, state, message } = result;
    const last = this.#written.get(status.name);
    const news = last === undefined || last.state !== state || last.message !== message;
    if (news || change !== null || atMs - last.atMs >= REPEAT_MS) {
      this.#written.set(status.name, { atMs, state, message });
      this.#write(event("result", status, result, SEVERITIES[state], message));
    }
    if (change !== null) {
      this.#write({
        ...event("change", status, result, SEVERITIES[change.to], change.message),
        attributes: { ...attributes(status, result), from: change.from },
      });
    }
    // One run makes nothing flap: that began before Horizon was started, and was written then.
    if (last === undefined && status.flapping) this.#flapping.add(status.name);
    if (status.flapping === this.#flapping.has(status.name)) return;
    if (status.flapping) {
      this.#flapping.add(status.name);
      this.#write(event("flapping", status, result, "warn", "its state changes again and again"));
    } else {
      this.#flapping.delete(status.name);
      this.#write(event("steady", status, result, "info", "its state has stopped changing"));
    }
  }
}

const SEVERITIES: Readonly<Record<HealthState, EventSeverity>> = {
  healthy: "info",
  unknown: "info",
  degraded: "warn",
  unhealthy: "error",
};

function event(
  name: "result" | "change" | "flapping" | "steady",
  status: CheckStatus,
  result: CheckResult,
  severity: EventSeverity,
  message: string,
): HorizonEvent {
  return {
    tsMs: result.atMs,
    stream: "health",
    name,
    subject: status.name,
    service: status.service,
    pid: null,
    severity,
    message,
    // The view `health_checks` shows it as latency.
    value: result.latencyMs,
    attributes: attributes(status, result),
  };
}

function attributes(status: CheckStatus, result: CheckResult): HorizonEvent["attributes"] {
  return {
    role: status.role,
    kind: status.kind,
    found: result.state,
    state: status.state,
    flapping: String(status.flapping),
    output: result.output,
  };
}

import type { CheckResult, CheckStatus } from "../../mod/health/check_status.ts";
import { HEALTH_STATES, type HealthState, healthValue } from "../../mod/health/health_state.ts";
import type { Metric } from "../metric.ts";
import type { SampleSink } from "../sample_sink.ts";

const CHECK_ATTRIBUTES = ["health.check.name", "health.check.kind"];

/** What each run of a health check is counted as. The service is the label `service.name`. */
export const HEALTH_METRICS = {
  status: {
    name: "health.check.status",
    kind: "gauge",
    unit: "1",
    attributes: CHECK_ATTRIBUTES,
    description:
      "State of the check: 1 healthy, 0.5 degraded, 0 unhealthy; no sample while unknown.",
  },
  latency: {
    name: "health.check.latency",
    kind: "gauge",
    unit: "s",
    attributes: CHECK_ATTRIBUTES,
    description: "How long the run took.",
  },
  flapping: {
    name: "health.check.flapping",
    kind: "gauge",
    unit: "1",
    attributes: CHECK_ATTRIBUTES,
    description: "1 while the check flaps, else 0.",
  },
  runs: {
    name: "health.check.runs",
    kind: "counter",
    unit: "{run}",
    attributes: [...CHECK_ATTRIBUTES, "health.state"],
    description: "Runs by what they found.",
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Turns results into samples. Holds one entry per check, of which there is a bounded number. */
export class HealthMetrics {
  readonly #sink: SampleSink;
  readonly #runs = new Map<string, Record<HealthState, number>>();

  constructor(sink: SampleSink) {
    this.#sink = sink;
  }

  record(status: CheckStatus, { atMs, state, latencyMs }: CheckResult): void {
    const tsUs = atMs * 1000;
    const runs = this.#runs.get(status.name) ??
      { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
    this.#runs.set(status.name, runs);
    runs[state]++;
    const value = healthValue(status.state);
    if (value !== null) this.#push(HEALTH_METRICS.status, status, tsUs, value);
    this.#push(HEALTH_METRICS.latency, status, tsUs, latencyMs / 1000);
    this.#push(HEALTH_METRICS.flapping, status, tsUs, status.flapping ? 1 : 0);
    for (const word of HEALTH_STATES) {
      if (runs[word] > 0) this.#push(HEALTH_METRICS.runs, status, tsUs, runs[word], word);
    }
    this.#sink.commit(tsUs);
  }

  #push(metric: Metric, status: CheckStatus, tsUs: number, value: number, state?: string): void {
    const { name, kind, service } = status;
    const values = [name, kind, ...state === undefined ? [] : [state]];
    const labels = metric.attributes.map((key, i) => [key, values[i] ?? ""] as const);
    const emitter = service === null ? [] : [["service.name", service] as const];
    this.#sink.push(
      this.#sink.resolve(
        metric.name,
        metric.kind,
        metric.unit,
        [...labels, ...emitter],
        service ?? "",
      ),
      tsUs,
      value,
    );
  }
}

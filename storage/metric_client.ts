import { assert } from "../mod/errors.ts";
import type { CallOptions, MetricSource, StepPlan } from "../mod/metrics/metric_source.ts";
import type { MetricCommand, QueryOutcome } from "./messages.ts";
import { readHistogramSegments, readNames, readSegments, readSeries } from "./metric_rows.ts";

/** Has a command answered by the store; `plan` is there for windows. */
export type AskMetrics = (
  command: MetricCommand,
  options: CallOptions,
) => Promise<{ readonly outcome: QueryOutcome; readonly plan: StepPlan | null }>;

/** What functions over metrics need of the store, by way of its answers. */
export function metricSource(ask: AskMetrics): MetricSource {
  return {
    names: async (contains, options) =>
      readNames((await ask({ kind: "names", contains }, options)).outcome),
    series: async (name, matchers, options) =>
      readSeries((await ask({ kind: "series", name, matchers }, options)).outcome),
    windows: async (request, options) => {
      const { outcome, plan } = await ask({ kind: "windows", request }, options);
      assert(plan !== null, "windows are answered with their plan");
      return request.signal === "metrics"
        ? { ...plan, signal: "metrics", rows: readSegments(outcome) }
        : { ...plan, signal: "histograms", rows: readHistogramSegments(outcome) };
    },
  };
}

import type { Registry } from "prom-client";
import type { PipelineStats } from "../../mod/pipeline/pipeline.ts";
import { readCounter, readGauge } from "./readings.ts";

/** Registers what is sent on to other receivers, what waits, and what was dropped. */
export function registerForwardMetrics(
  registry: Registry,
  pipeline: { readonly stats: PipelineStats },
): void {
  readCounter(registry, {
    name: "horizon_forward_sent_rows_total",
    help: "Rows that a sink took.",
    labelNames: ["sink"],
    read: () => pipeline.stats.forwarders.map(({ name, sentRows }) => [{ sink: name }, sentRows]),
  });
  readCounter(registry, {
    name: "horizon_forward_dropped_rows_total",
    help: "Rows that were not sent on, by sink and reason. The store has them.",
    labelNames: ["sink", "reason"],
    read: () =>
      pipeline.stats.forwarders.flatMap(({ name, droppedRows }) =>
        Object.entries(droppedRows).map(([reason, n]) => [{ sink: name, reason }, n] as const)
      ),
  });
  readCounter(registry, {
    name: "horizon_forward_retries_total",
    help: "Requests to a sink that failed and are sent again.",
    labelNames: ["sink"],
    read: () => pipeline.stats.forwarders.map(({ name, retries }) => [{ sink: name }, retries]),
  });
  readCounter(registry, {
    name: "horizon_forward_partial_answers_total",
    help: "Requests that a sink took with rows left out, or with a warning.",
    labelNames: ["sink"],
    read: () =>
      pipeline.stats.forwarders.map(({ name, partialAnswers }) => [{ sink: name }, partialAnswers]),
  });
  readGauge(registry, {
    name: "horizon_forward_queue_bytes",
    help: "Telemetry that waits to be sent on.",
    labelNames: ["sink"],
    read: () =>
      pipeline.stats.forwarders.map(({ name, queuedBytes }) => [{ sink: name }, queuedBytes]),
  });
  readGauge(registry, {
    name: "horizon_forward_queue_limit_bytes",
    help: "Bound of horizon_forward_queue_bytes.",
    labelNames: ["sink"],
    read: () =>
      pipeline.stats.forwarders.map(({ name, maxQueueBytes }) => [{ sink: name }, maxQueueBytes]),
  });
}

import type { PipelineCounter } from "../mod/pipeline/ledger.ts";
import type { Collector, Tick } from "./collector.ts";
import type { SampleSink } from "./sample_sink.ts";

/** What the pipeline counted is written as often. What was counted since then a shutdown loses. */
export const PIPELINE_COUNTERS_INTERVAL_MS = 10_000;

/** Where the pipeline's counters are read. */
export interface CounterSource {
  all(): Iterable<Readonly<PipelineCounter>>;
}

/** Writes what the pipeline counts (log records, calls before sampling) as metrics. */
export class PipelineCounters implements Collector {
  readonly name = "pipeline";
  readonly intervalMs = PIPELINE_COUNTERS_INTERVAL_MS;
  readonly timeoutMs = PIPELINE_COUNTERS_INTERVAL_MS;
  readonly unavailable: readonly string[] = [];
  readonly #source: CounterSource;
  readonly #sink: SampleSink;

  constructor(source: CounterSource, sink: SampleSink) {
    this.#source = source;
    this.#sink = sink;
  }

  collect({ tsUs }: Tick): void {
    for (const { metric, unit, service, labels, value } of this.#source.all()) {
      const all = [["service.name", service] as const, ...labels];
      this.#sink.push(this.#sink.resolve(metric, "counter", unit, all, service), tsUs, value);
    }
    this.#sink.commit(tsUs);
  }

  close(): void {
    // Nothing is held between turns.
  }
}

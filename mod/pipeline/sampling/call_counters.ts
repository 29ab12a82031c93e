import type { CounterTable } from "../counter_table.ts";
import type { Ledger } from "../ledger.ts";
import { distinctTexts } from "../batch_columns.ts";
import type { SpanFacts } from "./span_facts.ts";

const CALLS = "traces.span.metrics.calls";
const DURATION = "traces.span.metrics.duration";

/**
 * Counts all spans of a batch by service, name, kind and status, and adds up how long they took, so
 * that rates, errors and durations stay exact whatever is sampled away. Names are those that the
 * span metrics of the OpenTelemetry Collector have.
 */
export function countCalls(
  facts: SpanFacts,
  counters: CounterTable,
  ledger: Ledger,
): void {
  const { service, name, kind, status } = facts;
  const groups = new Map<string, { row: number; calls: number; durationNs: number }>();
  for (let row = 0; row < facts.rows; row++) {
    const key = `${service.ids[row]} ${name.ids[row]} ${kind.ids[row]} ${status.ids[row]}`;
    const group = groups.get(key);
    const durationNs = facts.durationNs(row);
    if (group === undefined) groups.set(key, { row, calls: 1, durationNs });
    else {
      group.calls++;
      group.durationNs += durationNs;
    }
  }
  const [names, kinds, statuses] = [name, kind, status].map(distinctTexts);
  for (const { row, calls, durationNs } of groups.values()) {
    const labels = [
      ["span.name", names![name.ids[row]!]!],
      ["span.kind", kinds![kind.ids[row]!]!],
      ["status.code", statuses![status.ids[row]!]!],
    ] as const;
    const of = facts.services[service.ids[row]!]!;
    const callsCounter = counters.counter(CALLS, "{call}", of, labels);
    if (callsCounter !== null) ledger.raise(callsCounter, calls);
    const durationCounter = counters.counter(DURATION, "s", of, labels);
    if (durationCounter !== null) ledger.raise(durationCounter, durationNs / 1e9);
  }
}

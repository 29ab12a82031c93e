import type { ColumnBatch } from "../../columns/column.ts";
import { selectRows } from "../../columns/select_rows.ts";
import type { AttributeKeys } from "../../intern/attribute_keys.ts";
import type { CounterTable } from "../counter_table.ts";
import type { Ledger } from "../ledger.ts";
import type { Stage } from "../stage.ts";
import type { AdaptiveRates } from "./adaptive_rates.ts";
import { countCalls } from "./call_counters.ts";
import { type Kept, markSampled, type SamplingRule } from "./mark_sampled.ts";
import { SpanFacts } from "./span_facts.ts";
import { incomingThreshold, traceRandomness } from "./trace_threshold.ts";

/** The name under which sampled-away spans are counted; no processor may have it. */
export const SAMPLING = "sampling";

export interface HeadSamplingOptions {
  /** Share of traces to keep, in (0, 1]. */
  readonly probability: number;
  /** Null where no rate is aimed at. */
  readonly rates: Pick<AdaptiveRates, "share"> | null;
  readonly keepErrors: boolean;
  /** Spans that took longer are kept, nanoseconds. */
  readonly keepSlowerThanNs: number;
  readonly counters: CounterTable;
  readonly keys: AttributeKeys;
}

/**
 * Keeps a share of the traces, decided for each span by the randomness of its trace: all spans of a
 * trace that meet the same share are kept or dropped together, also in other processes and by other
 * samplers that follow W3C and OpenTelemetry, and whoever keeps fewer traces keeps a subset.
 *
 * Spans that failed or were slow are kept by themselves, whatever becomes of their trace.
 */
export function headSampling(options: HeadSamplingOptions): Stage {
  return {
    apply: (batch, ledger) => batch.signal === "spans" ? sampled(batch, ledger, options) : batch,
  };
}

function sampled(batch: ColumnBatch, ledger: Ledger, options: HeadSamplingOptions): ColumnBatch {
  const facts = new SpanFacts(batch);
  countCalls(facts, options.counters, ledger);
  const shares = serviceShares(facts, options);
  const kept: Kept[] = [];
  for (let row = 0; row < batch.rows; row++) {
    const share = shares[facts.service.ids[row]!]!;
    const decision = decide(facts, row, share, options);
    if (decision !== null) kept.push(decision);
  }
  ledger.drop(SAMPLING, batch.signal, batch.rows - kept.length);
  const left = selectRows(batch, Uint32Array.from(kept, ({ row }) => row));
  // Where all is kept there is nothing to say about anything.
  return kept.every(({ adjustedCount }) => adjustedCount === 1) && left === batch
    ? batch
    : markSampled(left, kept, options.keys);
}

interface Share {
  readonly share: number;
  readonly rule: SamplingRule;
}

function serviceShares(facts: SpanFacts, { probability, rates }: HeadSamplingOptions): Share[] {
  const spans = new Uint32Array(facts.services.length);
  for (let row = 0; row < facts.rows; row++) spans[facts.service.ids[row]!]!++;
  return facts.services.map((service, id) => {
    const byRate = rates === null || spans[id] === 0 ? 1 : rates.share(service, spans[id]!);
    return byRate < probability
      ? { share: byRate, rule: "rate" }
      : { share: probability, rule: "probability" };
  });
}

function decide(
  facts: SpanFacts,
  row: number,
  { share, rule }: Share,
  { keepErrors, keepSlowerThanNs }: HeadSamplingOptions,
): Kept | null {
  const traceState = facts.traceState(row);
  // A sampler before us has rejected this share already: of what it let through each stands for more.
  const upstream = incomingThreshold(traceState);
  const always = 1 / (1 - upstream);
  if (keepErrors && facts.isError(row)) return { row, adjustedCount: always, rule: "error" };
  if (facts.durationNs(row) > keepSlowerThanNs) return { row, adjustedCount: always, rule: "slow" };
  const own = 1 - share;
  if (upstream >= own) {
    return { row, adjustedCount: always, rule: upstream > 0 ? "upstream" : rule };
  }
  if (traceRandomness(facts.traceId(row), traceState) < own) return null;
  return { row, adjustedCount: 1 / share, rule };
}

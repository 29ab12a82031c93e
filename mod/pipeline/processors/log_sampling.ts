import type { ColumnBatch } from "../../columns/column.ts";
import { selectRows } from "../../columns/select_rows.ts";
import { assert } from "../../errors.ts";
import type { AttributeKeys } from "../../intern/attribute_keys.ts";
import { SEVERITY } from "../../signals/severity.ts";
import { columnOf, isPresent, textAt, textsOf } from "../batch_columns.ts";
import { type Kept, markSampled } from "../sampling/mark_sampled.ts";
import { traceRandomness } from "../sampling/trace_threshold.ts";
import type { Stage } from "../stage.ts";
import type { RowMatcher } from "./row_matcher.ts";

export interface LogSamplingOptions {
  /** The processor, under which dropped records are counted. */
  readonly name: string;
  readonly matcher: RowMatcher;
  /** Of the records that match, in [0, 1]. */
  readonly share: number;
  /** Whether records of severity ERROR and above are kept, all of them. */
  readonly keepErrors: boolean;
  readonly keys: AttributeKeys;
  /** In [0, 1); decides on records that belong to no trace. */
  readonly random: () => number;
}

/**
 * Keeps a share of the log records that match, decided by the randomness of their trace as head
 * sampling decides on spans: at the same share the records of a trace stay with its spans. A log
 * record has no tracestate, so that a trace whose randomness is told there (`ot=rv:`) is decided by
 * its id.
 *
 * Kept records of those that match say how many they stand for; others are left as they are.
 */
export function logSamplingStage(options: LogSamplingOptions): Stage {
  return {
    apply: (batch, ledger) => {
      // Where all is kept there is nothing to say about anything.
      if (batch.signal !== "logs" || options.share >= 1) return batch;
      const { kept, marked } = decided(batch, options);
      ledger.drop(options.name, batch.signal, batch.rows - kept.length);
      const left = selectRows(batch, Uint32Array.from(kept, ({ row }) => row));
      return marked ? markSampled(left, kept, options.keys) : left;
    },
  };
}

/** The rows that stay, and whether there is something to say about any of them. */
function decided(
  batch: ColumnBatch,
  { matcher, share, keepErrors, random }: LogSamplingOptions,
): { readonly kept: readonly Kept[]; readonly marked: boolean } {
  const matches = matcher.match(batch);
  const severities = columnOf(batch, "severity_number");
  assert(severities.type === "u8", "a severity is a byte");
  const traceIds = textsOf(batch, "trace_id");
  const kept: Kept[] = [];
  let marked = false;
  for (let row = 0; row < batch.rows; row++) {
    if (matches[row] === 0) {
      kept.push({ row, adjustedCount: 1, rule: null });
      continue;
    }
    if (keepErrors && severities.data[row]! >= SEVERITY.error) {
      kept.push({ row, adjustedCount: 1, rule: "error" });
      marked = true;
      continue;
    }
    const randomness = isPresent(traceIds.nulls, row)
      ? traceRandomness(textAt(traceIds, row), "")
      : random();
    if (randomness < 1 - share) continue;
    kept.push({ row, adjustedCount: 1 / share, rule: "probability" });
    marked = true;
  }
  return { kept, marked };
}

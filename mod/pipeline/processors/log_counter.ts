import type { ColumnBatch } from "../../columns/column.ts";
import type { AttributeKeys } from "../../intern/attribute_keys.ts";
import type { CounterTable } from "../counter_table.ts";
import type { Ledger } from "../ledger.ts";
import type { Stage } from "../stage.ts";
import { attributesOf, dictionaryOf, distinctTexts, isPresent, textAt } from "../batch_columns.ts";
import type { RowMatcher } from "./row_matcher.ts";

export interface LogCounterOptions {
  readonly metric: string;
  /** `severity`, or keys of attributes. */
  readonly by: readonly string[];
  readonly matcher: RowMatcher;
  readonly counters: CounterTable;
  readonly keys: AttributeKeys;
}

/** Counts the log records that match, by service and by what is asked for. It drops nothing. */
export function logCounterStage({ metric, by, matcher, counters, keys }: LogCounterOptions): Stage {
  const attributes = by.filter((label) => label !== "severity")
    .map((key) => ({ key, keyId: keys.pinnedIdOf(key) }));
  const bySeverity = by.includes("severity");
  const count = (batch: ColumnBatch, marks: Uint8Array, ledger: Ledger): void => {
    const service = dictionaryOf(batch, "service");
    const severity = dictionaryOf(batch, "severity");
    const [services, severities] = [distinctTexts(service), distinctTexts(severity)];
    const items = attributesOf(batch);
    for (let row = 0; row < batch.rows; row++) {
      if (marks[row] !== 1) continue;
      const labels: [string, string][] = [];
      if (bySeverity && isPresent(severity.nulls, row)) {
        labels.push(["severity", severities[severity.ids[row]!]!]);
      }
      for (const { key, keyId } of attributes) {
        for (let item = items.offsets[row]!; item < items.offsets[row + 1]!; item++) {
          if (items.keys[item] === keyId) labels.push([key, textAt(items.values, item)]);
        }
      }
      const counter = counters.counter(metric, "{record}", services[service.ids[row]!]!, labels);
      if (counter !== null) ledger.raise(counter, 1);
    }
  };
  return {
    apply: (batch, ledger) => {
      count(batch, matcher.match(batch), ledger);
      return batch;
    },
  };
}

import type { ColumnBatch } from "../../columns/column.ts";
import { encodeUtf8 } from "../../columns/utf8_text.ts";
import { type AttributeKeys, KEY_REFUSED } from "../../intern/attribute_keys.ts";
import { AttributeListBuilder } from "../../signals/attributes.ts";
import { attributesOf, textAt, withColumns } from "../batch_columns.ts";

/** Why a span or log record was kept. */
export type SamplingRule =
  /** By the configured share, or the share that the rate of its service allows. */
  | "probability"
  | "rate"
  /** A sampler before us had kept fewer than we would. */
  | "upstream"
  | "error"
  | "slow";

export const ADJUSTED_COUNT = "sampling.adjusted_count";
export const RULE = "sampling.rule";

/** A row that was kept, of how many it is one, and why; null where none of its kind was sampled. */
export interface Kept {
  readonly row: number;
  readonly adjustedCount: number;
  readonly rule: SamplingRule | null;
}

/**
 * The batch of kept spans or logs with what was decided about each; rows without a rule stay as
 * they are. A count that is there already, of another Horizon or a step before us, is multiplied.
 *
 * @param batch the kept rows, one for each of `kept`
 */
export function markSampled(
  batch: ColumnBatch,
  kept: readonly Kept[],
  keys: AttributeKeys,
): ColumnBatch {
  const { offsets, keys: ids, values } = attributesOf(batch);
  const [countKey, ruleKey] = [keys.pinnedIdOf(ADJUSTED_COUNT), keys.pinnedIdOf(RULE)];
  const out = new AttributeListBuilder();
  kept.forEach(({ adjustedCount, rule }, row) => {
    let count = adjustedCount;
    for (let item = offsets[row]!; item < offsets[row + 1]!; item++) {
      const id = ids[item]!;
      if (rule !== null && id === countKey) {
        const before = Number(textAt(values, item));
        if (before >= 1 && before < Infinity) count *= before;
      } else if (rule === null || id !== ruleKey) {
        out.pushKey(id);
        out.values.pushValidBytes(values.bytes, values.offsets[item]!, values.offsets[item + 1]!);
      }
    }
    if (rule !== null) {
      for (const [key, text] of [[countKey, countText(count)], [ruleKey, rule]] as const) {
        // There is no room for the key, which the registry counts; the row is kept all the same.
        if (key === KEY_REFUSED) continue;
        const bytes = encodeUtf8(text);
        out.pushKey(key);
        out.values.pushValidBytes(bytes, 0, bytes.length);
      }
    }
    out.closeRow();
  });
  return withColumns(batch, out.finish());
}

/** Six digits are far more than the estimate is worth. */
function countText(count: number): string {
  return String(Number(count.toPrecision(6)));
}

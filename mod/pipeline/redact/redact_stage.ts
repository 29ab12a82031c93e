import type { ColumnBatch } from "../../columns/column.ts";
import type { AttributeKeys } from "../../intern/attribute_keys.ts";
import type { Stage } from "../stage.ts";
import { redactBatch } from "./redact_columns.ts";
import type { Redactor } from "./redactor.ts";

/** Takes secrets out of the texts of spans and logs. It drops nothing. */
export function redactStage(
  redactor: Redactor,
  keys: Pick<AttributeKeys, "keyOf">,
  spanNames: boolean,
): Stage {
  const keyOf = (id: number): string => keys.keyOf(id);
  const forSpans = { redactor, keyOf, skippedColumns: spanNames ? [] : ["name"] };
  const others = { redactor, keyOf, skippedColumns: [] };
  return {
    apply: (batch: ColumnBatch) => redactBatch(batch, batch.signal === "spans" ? forSpans : others),
  };
}

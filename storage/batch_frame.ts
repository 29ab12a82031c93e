import type { ColumnBatch } from "../mod/columns/column.ts";
import { attributeKeyIds } from "../mod/signals/attributes.ts";
import { encodeArrow } from "./arrow_encode.ts";
import { distinctIds } from "./key_usage.ts";
import type { BatchFrame } from "./messages.ts";

/** A batch as it goes to the store's thread. */
export function batchFrame(
  { signal, rows, minTsUs, maxTsUs, columns }: ColumnBatch,
): BatchFrame {
  const keyIds = distinctIds(attributeKeyIds(columns));
  return { signal, rows, minTsUs, maxTsUs, keyIds, ipc: encodeArrow(rows, columns) };
}

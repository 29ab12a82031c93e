import type { ColumnBatch } from "../../columns/column.ts";
import { AttributeListBuilder } from "../../signals/attributes.ts";
import { attributesOf, withColumns } from "../batch_columns.ts";

/** What becomes of the attributes of matching rows, by the numbers of their keys. */
export interface AttributeEdit {
  /** Attributes of these keys go. */
  readonly removed: ReadonlySet<number>;
  /** Attributes get another key, unless the record has that one already: then the old one goes. */
  readonly renamed: ReadonlyMap<number, number>;
  /** Attributes are added, or get this value. */
  readonly set: ReadonlyMap<number, Uint8Array>;
}

/** The batch with the attributes of rows marked 1 edited. */
export function editAttributes(
  batch: ColumnBatch,
  marks: Uint8Array,
  edit: AttributeEdit,
): ColumnBatch {
  if (!marks.includes(1)) return batch;
  const { offsets, keys, values } = attributesOf(batch);
  const out = new AttributeListBuilder();
  const copy = (keyId: number, item: number): void => {
    out.pushKey(keyId);
    out.values.pushValidBytes(values.bytes, values.offsets[item]!, values.offsets[item + 1]!);
  };
  for (let row = 0; row < batch.rows; row++) {
    const [start, end] = [offsets[row]!, offsets[row + 1]!];
    if (marks[row] !== 1) {
      for (let item = start; item < end; item++) copy(keys[item]!, item);
      out.closeRow();
      continue;
    }
    for (let item = start; item < end; item++) {
      const keyId = edit.renamed.get(keys[item]!) ?? keys[item]!;
      const moved = keyId !== keys[item];
      if (edit.removed.has(keys[item]!) || edit.set.has(keyId)) continue;
      if (moved && (has(keys, start, end, keyId) || out.hasKey(keyId))) continue;
      copy(keyId, item);
    }
    for (const [keyId, value] of edit.set) {
      out.pushKey(keyId);
      out.values.pushValidBytes(value, 0, value.length);
    }
    out.closeRow();
  }
  return withColumns(batch, out.finish());
}

function has(keys: Uint16Array, start: number, end: number, keyId: number): boolean {
  for (let item = start; item < end; item++) if (keys[item] === keyId) return true;
  return false;
}

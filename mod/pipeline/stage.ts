import type { ColumnBatch } from "../columns/column.ts";

/** One step of the pipeline. */
export interface Stage {
  /** The batch as the next step gets it; the same batch when there is nothing to do. */
  apply(batch: ColumnBatch): ColumnBatch;
}

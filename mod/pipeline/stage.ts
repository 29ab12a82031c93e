import type { ColumnBatch } from "../columns/column.ts";
import type { Ledger } from "./ledger.ts";

/** One step of the pipeline. */
export interface Stage {
  /**
   * The batch as the next step gets it; the same batch when there is nothing to do. What is to be
   * counted goes into the ledger.
   */
  apply(batch: ColumnBatch, ledger: Ledger): ColumnBatch;
}

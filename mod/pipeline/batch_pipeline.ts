import type { ColumnBatch } from "../columns/column.ts";

/** What happens to finished batches between the intake and the store. */
export interface BatchPipeline {
  /**
   * The batches as they are to be stored. Runs within one turn of the event loop, for every
   * append. What it throws fails the append: nothing is stored that it did not look at.
   */
  process(batches: readonly ColumnBatch[]): ProcessedBatches;
}

export interface ProcessedBatches {
  /** Batches without rows are left out. */
  readonly batches: readonly ColumnBatch[];
  /** Called once, when it is known whether the store kept them; must not throw. */
  settle(kept: boolean): void;
}

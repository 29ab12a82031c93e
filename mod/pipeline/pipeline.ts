import type { ColumnBatch } from "../columns/column.ts";
import type { BatchPipeline, ProcessedBatches } from "./batch_pipeline.ts";
import type { RedactionCounts, Redactor } from "./redact/redactor.ts";
import type { Stage } from "./stage.ts";

/** What the pipeline did so far, for `/api/ingest` and `/metrics`. */
export interface PipelineStats {
  /** Texts that something was taken out of, by rule; empty where nothing is redacted. */
  readonly redacted: RedactionCounts;
}

/** Takes batches through its stages, in their order. */
export class Pipeline implements BatchPipeline {
  readonly #stages: readonly Stage[];
  readonly #redactor: Pick<Redactor, "counts"> | null;

  constructor(stages: readonly Stage[], redactor: Pick<Redactor, "counts"> | null) {
    this.#stages = stages;
    this.#redactor = redactor;
  }

  get stats(): PipelineStats {
    return { redacted: this.#redactor?.counts ?? {} };
  }

  process(batches: readonly ColumnBatch[]): ProcessedBatches {
    const processed = batches
      .map((batch) => this.#stages.reduce((out, stage) => stage.apply(out), batch))
      .filter(({ rows }) => rows > 0);
    return { batches: processed, settle: () => undefined };
  }
}

import type { ColumnBatch } from "../columns/column.ts";
import type { BatchPipeline, ProcessedBatches } from "./batch_pipeline.ts";
import type { CounterTable } from "./counter_table.ts";
import { Ledger, type ProcessedRows, RowBooks } from "./ledger.ts";
import type { Forwarder, ForwarderStats } from "./forward/forwarder.ts";
import type { RedactionCounts, Redactor } from "./redact/redactor.ts";
import type { Stage } from "./stage.ts";

/** What the pipeline did so far, for `/api/ingest` and `/metrics`. */
export interface PipelineStats {
  /** Texts that something was taken out of, by rule; empty where nothing is redacted. */
  readonly redacted: RedactionCounts;
  /** Rows that were dropped because the configuration says so. */
  readonly dropped: readonly ProcessedRows[];
  /** Rows whose time was out of range and set to the present. */
  readonly changed: readonly ProcessedRows[];
  /** Records that were not counted because there were too many counters. */
  readonly uncounted: number;
  readonly forwarders: readonly ForwarderStats[];
}

export interface PipelineOptions {
  /** In their order. */
  readonly stages: readonly Stage[];
  readonly redactor: Pick<Redactor, "counts"> | null;
  readonly counters: CounterTable;
  /** Whether any stage counts. */
  readonly counting: boolean;
  /** Receivers that kept batches are sent on to. */
  readonly forwarders: readonly Forwarder[];
}

/** Takes batches through its stages, in their order. */
export class Pipeline implements BatchPipeline {
  readonly #options: PipelineOptions;
  readonly #dropped = new RowBooks();
  readonly #changed = new RowBooks();

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** What steps count, to be read by a collector; null where none does. */
  get counters(): Pick<CounterTable, "all"> | null {
    return this.#options.counting ? this.#options.counters : null;
  }

  get stats(): PipelineStats {
    const { redactor, counters, forwarders } = this.#options;
    return {
      redacted: redactor?.counts ?? {},
      dropped: this.#dropped.entries(),
      changed: this.#changed.entries(),
      uncounted: counters.refused,
      forwarders: forwarders.map(({ stats }) => stats),
    };
  }

  process(batches: readonly ColumnBatch[]): ProcessedBatches {
    const { stages, forwarders } = this.#options;
    const ledger = new Ledger();
    const processed = batches
      .map((batch) =>
        stages.reduce((out, stage) => out.rows === 0 ? out : stage.apply(out, ledger), batch)
      )
      .filter(({ rows }) => rows > 0);
    return {
      batches: processed,
      settle: (kept) => {
        if (!kept) return;
        ledger.enter(this.#dropped, this.#changed);
        for (const forwarder of forwarders) forwarder.offer(processed);
      },
    };
  }

  /** Gives forwarders up to `withinMs` to send what waits. Call it when the intake is drained. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all(this.#options.forwarders.map((forwarder) => forwarder.stop(withinMs)));
  }
}

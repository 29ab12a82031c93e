import type { MetricSource, StepPlan } from "../../mod/metrics/metric_source.ts";
import { metricSource } from "../../storage/metric_client.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { restoreDefinitions } from "../../storage/restore_definitions.ts";
import { HistogramBatchBuilder } from "../../mod/signals/histograms.ts";
import { SampleBatchBuilder } from "../../mod/signals/samples.ts";
import { SpanBatchBuilder } from "../../mod/signals/spans.ts";
import { decodeArrow } from "../../storage/arrow_decode.ts";
import { encodeArrow } from "../../storage/arrow_encode.ts";
import { batchFrame } from "../../storage/batch_frame.ts";
import { DataDir } from "../../storage/data_dir.ts";
import { loadDuckDb } from "../../storage/duckdb_module.ts";
import type { StoreOptions } from "../../storage/messages.ts";
import type { QuerySettled } from "../../storage/query_job.ts";
import { StoreCore } from "../../storage/store_core.ts";
import { storeOptions } from "./store_fixture.ts";

/** A store in this thread, under a clock that the test moves. */
export class CoreFixture {
  readonly core: StoreCore;
  readonly registries = new Registries({ maxSeries: 200_000, maxSeriesPerMetric: 200_000 });
  readonly samples = new SampleBatchBuilder();
  readonly histograms = new HistogramBatchBuilder();
  readonly spans = new SpanBatchBuilder();
  readonly options: StoreOptions;
  nowMs: number;
  #id = 1;

  private constructor(
    core: (clock: { nowMs(): number; monotonicMs(): number }) => StoreCore,
    options: StoreOptions,
    nowMs: number,
  ) {
    this.nowMs = nowMs;
    this.options = options;
    this.core = core({ nowMs: () => this.nowMs, monotonicMs: () => performance.now() });
    if (this.core.recovery !== null) restoreDefinitions(this.core.recovery, this.registries, nowMs);
  }

  static async open(nowMs: number, changes: Partial<StoreOptions> = {}): Promise<CoreFixture> {
    const options = storeOptions(changes);
    const db = await loadDuckDb();
    const disk = options.disk === null ? null : new DataDir(options.disk.path, options.disk.fsync);
    const ground = { disk, definitions: null };
    return new CoreFixture((clock) => new StoreCore(db, options, clock, ground), options, nowMs);
  }

  /** Appends what the builders hold. `given` is true once the next append may come. */
  append(forgottenSeries: readonly number[] = []): { readonly given: boolean } {
    const answer = { given: false };
    this.core.append({
      forgottenSeries,
      forgottenKeys: this.registries.attributeKeys.takeForgotten(),
      definitions: this.registries.takePending().map(({ table, rows, columns }) => ({
        table,
        rows,
        ipc: encodeArrow(rows, columns),
      })),
      batches: [this.samples, this.histograms, this.spans].filter((builder) => builder.rows > 0)
        .map((builder) => batchFrame(builder.finish())),
    }, (freedKeys) => {
      this.registries.attributeKeys.release(freedKeys);
      answer.given = true;
    });
    return answer;
  }

  /** Moves the clock, and does all the upkeep that is due then. */
  advanceTo(nowMs: number): void {
    this.nowMs = nowMs;
    // A chunk is closed by one tick, sealed and rolled up beside, and dropped by another.
    for (let i = 0; i < 3; i++) {
      this.core.tick();
      while (this.core.busy) this.core.step();
    }
  }

  /** What functions over metrics are made of. */
  readonly metrics: MetricSource = metricSource((command, { timeoutMs = 60_000 }) => {
    const answers: { readonly settled: QuerySettled; readonly plan: StepPlan | null }[] = [];
    this.core.metrics(
      this.#id++,
      command,
      timeoutMs,
      (settled, plan) => answers.push({ settled, plan }),
    );
    while (answers.length === 0) this.core.step();
    const [answer] = answers;
    if (answer?.settled.ok !== true) return Promise.reject(answer?.settled.error);
    return Promise.resolve({ outcome: answer.settled.outcome, plan: answer.plan });
  });

  /** Rows of a user's query. */
  rows(sql: string): unknown[][] {
    const { maxRows, maxBytes, defaultTimeoutMs: timeoutMs } = this.options.query;
    const answers: QuerySettled[] = [];
    this.core.query(
      this.#id++,
      { sql, params: [], maxRows, maxBytes, timeoutMs },
      (settled) => answers.push(settled),
    );
    while (answers.length === 0) this.core.step();
    const [settled] = answers;
    if (settled?.ok !== true) throw settled?.error;
    return [...decodeArrow(settled.outcome.ipc).rows(maxRows)].map((row) => [...row]);
  }
}

import assert from "node:assert/strict";
import type { ColumnBatch } from "../../../../mod/columns/column.ts";
import type { PipelineConfig } from "../../../../mod/config/pipeline_section.ts";
import { loadConfig } from "../../../../mod/config/load_config.ts";
import { silentLogger } from "../../../../mod/log/logger.ts";
import { pause } from "../../../../mod/pipeline/forward/configured_forwarders.ts";
import { Registries } from "../../../../mod/intern/registries.ts";
import { buildPipeline } from "../../../../mod/pipeline/build_pipeline.ts";
import type { Pipeline } from "../../../../mod/pipeline/pipeline.ts";
import { configuredRedactor } from "../../../../mod/pipeline/redact/configured_redactor.ts";
import { LogBatchBuilder } from "../../../../mod/signals/logs.ts";
import { SpanBatchBuilder } from "../../../../mod/signals/spans.ts";
import { type Row, rowsOf, type Value } from "../otlp/column_values.ts";

/** The section as a file would give it. */
export async function pipelineConfig(section: unknown): Promise<PipelineConfig> {
  const loaded = await loadConfig({
    flags: { config: "test" },
    env: {},
    readFile: () => Promise.resolve(JSON.stringify({ pipeline: section })),
  });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config.pipeline;
}

export interface LogSketch {
  readonly body: string;
  readonly service?: string;
  readonly severity?: string;
  readonly severityNumber?: number;
  readonly eventName?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly traceId?: string;
}

/** A pipeline before a store that is not there, and batches to send through it. */
export class PipelineFixture {
  readonly registries = new Registries({ maxSeries: 1_000, maxSeriesPerMetric: 1_000 });
  readonly pipeline: Pipeline;

  /** Milliseconds; moved by tests. */
  nowMs = 0;

  /** @param random in [0, 1) */
  constructor(
    config: PipelineConfig,
    env: Readonly<Record<string, string>> = {},
    random: () => number = () => 0.5,
  ) {
    const { registries } = this;
    const redactor = configuredRedactor(config.redact);
    this.pipeline = buildPipeline(config, {
      registries,
      redactor,
      env,
      clock: { monotonicMs: () => this.nowMs, nowMs: () => this.nowMs },
      fetch,
      random,
      sleep: pause,
      log: silentLogger,
    });
  }

  logs(sketches: readonly LogSketch[]): ColumnBatch {
    const logs = new LogBatchBuilder();
    sketches.forEach((sketch, i) => this.#pushLog(logs, sketch, i));
    return logs.finish();
  }

  spans(push: (spans: SpanBatchBuilder, registries: Registries) => void): ColumnBatch {
    const spans = new SpanBatchBuilder();
    push(spans, this.registries);
    return spans.finish();
  }

  /** Rows that are left, with attributes by name; as if the store had kept them. */
  process(batch: ColumnBatch): Row[] {
    const { batches, settle } = this.pipeline.process([batch]);
    settle(true);
    return batches.flatMap((one) => rowsOf(one)).map((row) => this.#readable(row));
  }

  #readable({ attr_keys, attr_values, ...row }: Row): Row {
    if (!Array.isArray(attr_keys) || !Array.isArray(attr_values)) return row;
    const pairs = attr_keys.map((id, i): [string, Value] => [
      this.registries.attributeKeys.keyOf(Number(id)),
      attr_values[i]!,
    ]);
    assert.equal(new Set(attr_keys).size, attr_keys.length);
    return { ...row, attributes: Object.fromEntries(pairs) };
  }

  #pushLog(logs: LogBatchBuilder, log: LogSketch, i: number): void {
    logs.pushTime(1_000 + i, 0, 1_000 + i);
    logs.severity.push(log.severity ?? "INFO");
    logs.severityNumber.push(log.severityNumber ?? 9);
    logs.body.push(log.body);
    logs.service.push(log.service ?? "shop");
    logs.host.push("edge-1");
    logs.pid.push(null);
    if (log.traceId === undefined) logs.traceId.pushNull();
    else logs.traceId.push(log.traceId);
    logs.spanId.pushNull();
    for (const [key, value] of Object.entries(log.attributes ?? {})) {
      logs.attributes.pushKey(this.registries.attributeKeys.idOf(key));
      logs.attributes.values.push(value);
    }
    logs.resourceId.push(0);
    logs.scopeName.push("");
    logs.scopeVersion.push("");
    logs.source.push("test");
    if (log.eventName === undefined) logs.eventName.pushNull();
    else logs.eventName.push(log.eventName);
    logs.flags.push(0);
    logs.droppedAttributes.push(0);
    logs.closeRow();
  }
}

import { Utf8Builder } from "../../mod/columns/builders.ts";
import type { ColumnBatch, Signal } from "../../mod/columns/column.ts";
import { systemClock } from "../../mod/clock.ts";
import { defaultConfig } from "../../mod/config/schema.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { DEFAULT_OTLP_LIMITS } from "../../mod/otlp/limits.ts";
import { OtlpReceiver } from "../../mod/otlp/receive.ts";
import { Ledger } from "../../mod/pipeline/ledger.ts";
import { configuredRedactor } from "../../mod/pipeline/redact/configured_redactor.ts";
import { redactStage } from "../../mod/pipeline/redact/redact_stage.ts";
import type { Stage } from "../../mod/pipeline/stage.ts";
import { logsBody, spansBody } from "./otlp_bodies.ts";
import type { Part } from "./part.ts";
import type { Figure } from "./report.ts";

const REQUESTS = 20;
const RUNS = 15;
/** One in so many log records has a secret in it, for the figure that says so. */
const SECRET_EVERY = 100;

/** What it costs to look for secrets in a record: without a store, on one core. */
export const REDACTION_COST: Part = {
  figures: ["redaction_ns_per_log", "redaction_ns_per_span", "redaction_ns_per_log_1_percent"],
  run: async ({ quick }): Promise<Figure[]> => {
    const registries = new Registries({ maxSeries: 1_000, maxSeriesPerMetric: 1_000 });
    const batches = await receivedBatches(registries, quick ? 2 : REQUESTS);
    const redactor = configuredRedactor(defaultConfig().pipeline.redact);
    if (redactor === null) throw new Error("redaction is off by default");
    const stage = redactStage(redactor, registries.attributeKeys, true);
    const logs = ofSignal(batches, "logs");
    return [
      figure("redaction_ns_per_log", "bodies of 120 bytes, 2 attributes", stage, logs),
      figure("redaction_ns_per_span", "6 attributes", stage, ofSignal(batches, "spans")),
      figure(
        "redaction_ns_per_log_1_percent",
        `one in ${SECRET_EVERY} has a password in it`,
        stage,
        logs.map(withSecrets),
      ),
    ];
  },
};

function ofSignal(batches: readonly ColumnBatch[], signal: Signal): ColumnBatch[] {
  return batches.filter((batch) => batch.signal === signal);
}

function figure(
  name: string,
  note: string,
  stage: Stage,
  batches: readonly ColumnBatch[],
): Figure {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  let bestMs = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const startedMs = performance.now();
    for (const batch of batches) stage.apply(batch, new Ledger());
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  return { name, unit: "ns", value: bestMs * 1e6 / rows, target: 300, better: "less", note };
}

/** The batches that the decoders make of bodies as the other benchmarks send them. */
async function receivedBatches(registries: Registries, requests: number): Promise<ColumnBatch[]> {
  const received: ColumnBatch[] = [];
  const store = {
    append: ({ batches }: { readonly batches: readonly ColumnBatch[] }): Promise<void> => {
      received.push(...batches);
      return Promise.resolve();
    },
  };
  const limits = { maxPendingBytes: 1 << 30, flushIntervalMs: 10, maxBatchRows: 65_536 };
  const intake = new Intake(store, registries, limits, systemClock);
  const receiver = new OtlpReceiver({
    intake,
    registries,
    clock: systemClock,
    hostName: "bench",
    limits: DEFAULT_OTLP_LIMITS,
    salt: 1,
  });
  const [spans, logs] = [spansBody(), logsBody()];
  await Promise.all(
    Array.from({ length: requests }, () => [
      receiver.receive("traces", spans, "protobuf"),
      receiver.receive("logs", logs, "protobuf"),
    ]).flat(),
  );
  return received;
}

/** The batch with a secret in the body of every hundredth record. */
function withSecrets(batch: ColumnBatch): ColumnBatch {
  const body = new Utf8Builder();
  for (let row = 0; row < batch.rows; row++) {
    const secret = row % SECRET_EVERY === 0 ? " password=hunter2" : "";
    body.push(`request ${row} was served from the cache${secret}`.padEnd(120, "."));
  }
  const column = body.finish();
  return {
    ...batch,
    columns: batch.columns.map(([name, held]) => [name, name === "body" ? column : held]),
  };
}

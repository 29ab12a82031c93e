/**
 * Rows a second that the OTLP decoders write into columns, on one core, without a store:
 * `deno run -A tests/bench/otlp_decode.ts`. Prints one JSON object.
 */
import type { AppendRequest } from "../../mod/ports.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { systemClock } from "../../mod/clock.ts";
import { DEFAULT_OTLP_LIMITS } from "../../mod/otlp/limits.ts";
import type { OtlpSignal } from "../../mod/otlp/otlp_signal.ts";
import { OtlpReceiver } from "../../mod/otlp/receive.ts";
import {
  logsBody,
  metricsBody,
  ROWS_PER_REQUEST,
  SERIES,
  shuffled,
  spansBody,
} from "./otlp_bodies.ts";

const SECONDS = 2;

async function rowsPerSecond(signal: OtlpSignal, bodies: readonly Uint8Array[]): Promise<number> {
  let kept = 0;
  const store = {
    append: ({ batches }: AppendRequest): Promise<void> => {
      for (const batch of batches) kept += batch.rows;
      return Promise.resolve();
    },
  };
  const registries = new Registries({ maxSeries: 100_000, maxSeriesPerMetric: 100_000 });
  // Only decoding is measured: the batch is made when it is full.
  const intake = new Intake(
    store,
    registries,
    { maxPendingBytes: 1 << 30, flushIntervalMs: 1_000_000, maxBatchRows: 50_000 },
    systemClock,
  );
  const receiver = new OtlpReceiver({
    intake,
    registries,
    clock: systemClock,
    hostName: "bench",
    limits: DEFAULT_OTLP_LIMITS,
    salt: 1,
  });
  const pending: Promise<unknown>[] = [];
  const send = (body: Uint8Array): void =>
    void pending.push(receiver.receive(signal, body, "protobuf"));
  for (let i = 0; i < 50; i++) send(bodies[i % bodies.length]!);
  const startedMs = performance.now();
  let rows = 0;
  for (let i = 0; performance.now() - startedMs < SECONDS * 1_000; i++) {
    send(bodies[i % bodies.length]!);
    rows += ROWS_PER_REQUEST;
    if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  await intake.drain();
  await Promise.all(pending);
  if (kept < rows) throw new Error(`${rows} rows sent, ${kept} kept`);
  return Math.round(rows / seconds);
}

const spans = spansBody();
const metrics = Array.from(
  { length: SERIES / ROWS_PER_REQUEST },
  (_, i) => metricsBody(i * ROWS_PER_REQUEST),
);
const logs = logsBody();
const report = {
  spans_per_s: await rowsPerSecond("traces", [spans]),
  span_bytes: Math.round(spans.length / ROWS_PER_REQUEST),
  metric_points_per_s: await rowsPerSecond("metrics", metrics),
  metric_points_any_order_per_s: await rowsPerSecond("metrics", shuffled(40)),
  metric_point_bytes: Math.round(metrics[0]!.length / ROWS_PER_REQUEST),
  logs_per_s: await rowsPerSecond("logs", [logs]),
  log_bytes: Math.round(logs.length / ROWS_PER_REQUEST),
};
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(report)}\n`));

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
import { encodeRequest, keyValues } from "../unit/mod/otlp/reference_encoder.ts";

const ROWS_PER_REQUEST = 2_000;
const SERIES = 20_000;
const SECONDS = 2;
const nowNs = BigInt(Date.now()) * 1_000_000n;

const resource = {
  attributes: keyValues({
    "service.name": "checkout",
    "service.instance.id": "checkout-1",
    "process.pid": 4711n,
    "host.name": "shop-1",
  }),
};

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function spansBody(): Uint8Array {
  const spans = Array.from({ length: ROWS_PER_REQUEST }, (_, i) => ({
    traceId: randomBytes(16),
    spanId: randomBytes(8),
    parentSpanId: randomBytes(8),
    name: `GET /api/cart/${i % 20}`,
    kind: 2,
    startTimeUnixNano: String(nowNs + BigInt(i) * 1_001n),
    endTimeUnixNano: String(nowNs + BigInt(i) * 1_001n + 3_000_000n),
    attributes: keyValues({
      "http.request.method": "GET",
      "http.response.status_code": 200n,
      "http.route": "/api/cart/{id}",
      "server.address": "shop.example.com",
      "user.id": `user-${i * 7919 % 100_000}`,
      "cache.hit": i % 2 === 0,
    }),
    status: { code: 1 },
  }));
  return encodeRequest("traces", {
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "http", version: "1.0" }, spans }] }],
  });
}

function metricsBody(first: number): Uint8Array {
  return metricsBodyOf(Array.from({ length: ROWS_PER_REQUEST }, (_, i) => first + i));
}

function metricsBodyOf(items: readonly number[]): Uint8Array {
  const dataPoints = items.map((item) => ({
    attributes: keyValues({
      "http.request.method": "GET",
      "http.route": `/api/items/${item}`,
      "server.address": "shop.example.com",
    }),
    startTimeUnixNano: String(nowNs - 60_000_000_000n),
    timeUnixNano: String(nowNs),
    asDouble: item * 1.5,
  }));
  const sum = { dataPoints, aggregationTemporality: 2, isMonotonic: true };
  return encodeRequest("metrics", {
    resourceMetrics: [{
      resource,
      scopeMetrics: [{ scope: { name: "http" }, metrics: [{ name: "requests", unit: "1", sum }] }],
    }],
  });
}

/** The same points in an order that never repeats, so that no series can be guessed. */
function shuffled(bodies: number): Uint8Array[] {
  return Array.from({ length: bodies }, () =>
    metricsBodyOf(
      Array.from({ length: ROWS_PER_REQUEST }, () => Math.floor(Math.random() * SERIES)),
    ));
}

function logsBody(): Uint8Array {
  const logRecords = Array.from({ length: ROWS_PER_REQUEST }, (_, i) => ({
    timeUnixNano: String(nowNs + BigInt(i)),
    severityNumber: 9,
    severityText: "INFO",
    body: { stringValue: `request ${i} was served from the cache`.padEnd(120, ".") },
    attributes: keyValues({ "code.function.name": "serve", "thread.id": 12n }),
    traceId: randomBytes(16),
    spanId: randomBytes(8),
  }));
  return encodeRequest("logs", {
    resourceLogs: [{ resource, scopeLogs: [{ scope: { name: "app" }, logRecords }] }],
  });
}

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

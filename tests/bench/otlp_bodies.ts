/** Bodies of OTLP requests as benchmarks send them. */
import { encodeRequest, keyValues } from "../unit/mod/otlp/reference_encoder.ts";

/** Rows in each body. */
export const ROWS_PER_REQUEST = 2_000;
/** Series that `metricsBody` and `shuffled` choose from. */
export const SERIES = 20_000;
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

/** Spans of six attributes, each of a trace of its own. */
export function spansBody(rows: number = ROWS_PER_REQUEST): Uint8Array {
  const spans = Array.from({ length: rows }, (_, i) => ({
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

/** One point each of the series from `first` on: a counter with three attributes. */
export function metricsBody(first: number): Uint8Array {
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
export function shuffled(bodies: number): Uint8Array[] {
  return Array.from({ length: bodies }, () =>
    metricsBodyOf(
      Array.from({ length: ROWS_PER_REQUEST }, () => Math.floor(Math.random() * SERIES)),
    ));
}

/** Log records with bodies of 120 bytes, two attributes and the ids of their span. */
export function logsBody(): Uint8Array {
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

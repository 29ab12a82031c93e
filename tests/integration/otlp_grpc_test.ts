import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import protobuf from "protobufjs";
import {
  type OtlpGrpcOptions,
  type RunningOtlpGrpc,
  startOtlpGrpc,
} from "../../collectors/otlp_grpc/otlp_grpc_server.ts";
import { systemClock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { DEFAULT_OTLP_LIMITS } from "../../mod/otlp/limits.ts";
import { OTLP_SIGNALS, type ReceiveOutcome } from "../../mod/otlp/otlp_signal.ts";
import { OtlpReceiver } from "../../mod/otlp/receive.ts";
import { SourceBook } from "../../mod/sources/source_book.ts";
import { MIB, type StoreFixture, withStore } from "../support/store_fixture.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";
import { bytesOfHex, encodeRequest, keyValues } from "../unit/mod/otlp/reference_encoder.ts";

const SERVICES = "/opentelemetry.proto.collector";
const TRACES = `${SERVICES}.trace.v1.TraceService/Export`;
const METRICS = `${SERVICES}.metrics.v1.MetricsService/Export`;
const LOGS = `${SERVICES}.logs.v1.LogsService/Export`;
const OUTCOME: ReceiveOutcome = {
  accepted: 1,
  rejected: 0,
  reasons: {},
  errorMessage: null,
  newestUs: null,
};

// The messages as their own definitions have them (google/rpc, opentelemetry-proto).
const messages = protobuf.parse(`syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message Response { Partial partial_success = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }`).root;

function decode(type: string, bytes: Uint8Array): { [key: string]: unknown } {
  const found = messages.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: Number });
}

/** Starts a server before a receiver of the test's own. */
function startServer(
  receive: () => Promise<ReceiveOutcome>,
  options: Partial<OtlpGrpcOptions> = {},
): Promise<RunningOtlpGrpc> {
  return startOtlpGrpc({
    hostname: "127.0.0.1",
    port: 0,
    receiver: { receive },
    authorize: () => ({ ok: true }),
    book: new SourceBook("otlp_grpc", "test", OTLP_SIGNALS, systemClock),
    maxMessageBytes: MIB,
    health: () => Promise.resolve(new Map([["", true]])),
    log: silentLogger,
    ...options,
  });
}

async function withServer(
  receive: () => Promise<ReceiveOutcome>,
  options: Partial<OtlpGrpcOptions>,
  test: (server: RunningOtlpGrpc, client: grpc.Client) => Promise<void>,
): Promise<void> {
  const server = await startServer(receive, options);
  const client = clientOf(server);
  try {
    await test(server, client);
  } finally {
    client.close();
    await server.shutdown(1_000);
  }
}

/** Runs `test` against a server before a real receive path and a real store. */
function withHorizonGrpc(
  test: (fixture: StoreFixture, server: RunningOtlpGrpc, client: grpc.Client) => Promise<void>,
): Promise<void> {
  return withStore(async (fixture) => {
    const receiver = new OtlpReceiver({
      intake: fixture.intake,
      registries: fixture.registries,
      clock: systemClock,
      hostName: "this-host",
      limits: DEFAULT_OTLP_LIMITS,
      salt: 7,
    });
    const unused = (): Promise<ReceiveOutcome> => Promise.resolve(OUTCOME);
    await withServer(
      unused,
      { receiver, maxMessageBytes: 16 * MIB },
      (server, client) => test(fixture, server, client),
    );
  });
}

function clientOf({ address }: RunningOtlpGrpc, options: grpc.ClientOptions = {}): grpc.Client {
  return new grpc.Client(`127.0.0.1:${address.port}`, grpc.credentials.createInsecure(), {
    // Each client has a connection of its own.
    "grpc.use_local_subchannel_pool": 1,
    // What the server says is what the test sees.
    "grpc.enable_retries": 0,
    ...options,
  });
}

/** Calls a method with the bytes of a message. Rejects with the call's `ServiceError`. */
function send(
  client: grpc.Client,
  path: string,
  body: Uint8Array,
  metadata = new grpc.Metadata(),
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => bytes,
      body,
      metadata,
      { deadline: Date.now() + 20_000 },
      (error, answer) => error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error),
    );
  });
}

async function failure(call: Promise<unknown>): Promise<grpc.ServiceError> {
  const error: unknown = await call.then(() => assert.fail("the call succeeded"), (e) => e);
  assert.ok(error instanceof Error && "code" in error && "details" in error, String(error));
  return error as grpc.ServiceError;
}

/** Milliseconds of the error's `RetryInfo`; null when it has none. */
function retryDelayMs({ code, details, metadata }: grpc.ServiceError): number | null {
  const [bytes] = metadata.get("grpc-status-details-bin");
  if (bytes === undefined) return null;
  assert.ok(bytes instanceof Uint8Array);
  const status = decode("Status", bytes);
  assert.deepEqual([status["code"], status["message"]], [code, details]);
  const [any] = status["details"] as { typeUrl: string; value: Uint8Array }[];
  assert.equal(any!.typeUrl, "type.googleapis.com/google.rpc.RetryInfo");
  const { seconds = 0, nanos = 0 } = decode("RetryInfo", any!.value)["retryDelay"] as {
    seconds?: number;
    nanos?: number;
  };
  return seconds * 1000 + nanos / 1e6;
}

function tracesRequest(names: readonly string[], ageMs = 0): Uint8Array {
  const startTimeUnixNano = `${(Date.now() - ageMs) * 1e6}`;
  const spans = names.map((name, i) => ({
    traceId: bytesOfHex("0123456789abcdef0123456789abcdef"),
    spanId: bytesOfHex((i + 1).toString(16).padStart(16, "0")),
    name,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano,
  }));
  const resource = { attributes: keyValues({ "service.name": "shop" }) };
  return encodeRequest("traces", { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

Deno.test("OTLP/gRPC: what the official SDK's exporters send is found by SQL", async () => {
  await withHorizonGrpc(async ({ rows }, server) => {
    const settings = { url: `http://127.0.0.1:${server.address.port}` };
    const resource = resourceFromAttributes({ "service.name": "shop", "process.pid": 42 });
    const tracers = new TracerProvider({
      resource,
      spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(settings) })],
    });
    const loggers = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(settings) })],
    });
    const meters = new MeterProvider({
      resource,
      readers: [
        new PeriodicExportingMetricReader({
          exporter: new OTLPMetricExporter(settings),
          exportIntervalMillis: 3_600_000,
        }),
      ],
    });
    const tracer = tracers.getTracer("checkout", "2.1.0");
    const orders = meters.getMeter("checkout").createCounter("shop.orders", { unit: "{order}" });
    const logger = loggers.getLogger("checkout");
    const sent: string[][] = [];
    for (let i = 0; i < 700; i++) {
      const root = tracer.startSpan(`order ${i}`, { attributes: { index: i } });
      const context = trace.setSpan(ROOT_CONTEXT, root);
      const pay = tracer.startSpan(`pay ${i}`, {}, context);
      logger.emit({ severityNumber: 17, body: `payment ${i} failed`, context });
      orders.add(1, { room: `r${i % 2}` });
      pay.end();
      root.end();
      sent.push([`order ${i}`, root.spanContext().spanId, pay.spanContext().spanId]);
    }
    await tracers.shutdown();
    await loggers.shutdown();
    await meters.shutdown();
    assert.deepEqual(
      await rows(
        `SELECT p.name, p.span_id, c.span_id FROM spans p
         JOIN spans c ON c.parent_span_id = p.span_id AND c.trace_id = p.trace_id
         WHERE p.service = 'shop' ORDER BY p.attributes['index']::INTEGER`,
      ),
      sent,
    );
    assert.deepEqual(
      await rows(
        `SELECT count(*), count(DISTINCT l.body), min(l.severity_number), min(l.pid) FROM logs l
         JOIN spans s ON s.trace_id = l.trace_id AND s.span_id = l.span_id
         WHERE l.body = 'payment ' || s.attributes['index'] || ' failed'`,
      ),
      [[700, 700, 17, 42]],
    );
    assert.deepEqual(
      await rows(
        `SELECT name, kind, unit, labels['room'], value FROM metrics WHERE service = 'shop'
         ORDER BY labels['room']`,
      ),
      [["shop.orders", "counter", "{order}", "r0", 350], [
        ...["shop.orders", "counter", "{order}", "r1", 350],
      ]],
    );
    assert.deepEqual(server.stats.refused, {
      unauthorized: 0,
      no_room: 0,
      too_slow: 0,
      shutdown: 0,
    });
    assert.equal(server.stats.broken, 0);
  });
});

Deno.test("OTLP/gRPC: a call is answered once its rows are seen by queries, gzip or not", async () => {
  await withHorizonGrpc(async ({ rows }, server, client) => {
    assert.equal((await send(client, TRACES, tracesRequest(["plain"]))).length, 0);
    assert.deepEqual(await rows("SELECT name FROM spans"), [["plain"]]);
    const zipping = clientOf(server, { "grpc.default_compression_algorithm": 2 });
    const names = Array.from({ length: 5_000 }, (_, i) => `zipped ${i}`);
    assert.equal((await send(zipping, TRACES, tracesRequest(names))).length, 0);
    zipping.close();
    assert.deepEqual(await rows("SELECT count(DISTINCT name) FROM spans"), [[5_001]]);
    // An empty request is a whole one.
    for (const path of [TRACES, METRICS, LOGS]) {
      assert.equal((await send(client, path, new Uint8Array())).length, 0);
    }
  });
});

Deno.test("OTLP/gRPC: many calls at a time on one connection are all kept", async () => {
  await withHorizonGrpc(async ({ rows }, _server, client) => {
    const calls = Array.from(
      { length: 200 },
      (_, i) => send(client, TRACES, tracesRequest([`a ${i}`, `b ${i}`])),
    );
    await Promise.all(calls);
    assert.deepEqual(await rows("SELECT count(*), count(DISTINCT name) FROM spans"), [[400, 400]]);
  });
});

Deno.test("OTLP/gRPC: what is rejected of a request is said in its partial success", async () => {
  await withHorizonGrpc(async ({ rows }, _server, client) => {
    const spans = [
      { traceId: new Uint8Array(3), spanId: bytesOfHex("00000000000000aa"), name: "bad id" },
      {
        traceId: bytesOfHex("0123456789abcdef0123456789abcdef"),
        spanId: bytesOfHex("00000000000000ab"),
        name: "good",
        startTimeUnixNano: `${Date.now() * 1e6}`,
        endTimeUnixNano: `${Date.now() * 1e6}`,
      },
    ];
    const body = encodeRequest("traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const answer = decode("Response", await send(client, TRACES, body));
    const partial = answer["partialSuccess"] as { rejected: number; errorMessage: string };
    assert.equal(partial.rejected, 1);
    assert.match(partial.errorMessage, /trace/);
    assert.deepEqual(await rows("SELECT name FROM spans"), [["good"]]);
  });
});

Deno.test("OTLP/gRPC: a malformed message is INVALID_ARGUMENT and not to be retried", async () => {
  await withHorizonGrpc(async ({ rows }, _server, client) => {
    const body = tracesRequest(["cut"]);
    const error = await failure(send(client, TRACES, body.subarray(0, body.length - 3)));
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
    assert.match(error.details, /^the traces request is malformed: .* at byte 2$/);
    assert.equal(retryDelayMs(error), null);
    assert.deepEqual(await rows("SELECT count(*) FROM spans"), [[0]]);
  });
});

const FAILURES: readonly [string, unknown, number, string, number | null][] = [
  [
    "overloaded",
    new HorizonError("overloaded", "wait 100% – é\ud800", {}, 1_500),
    ...[grpc.status.RESOURCE_EXHAUSTED, "wait 100% – é\ufffd", 1_500] as const,
  ],
  [
    "unavailable",
    new HorizonError("unavailable", "not stored", {}, 250),
    ...[grpc.status.UNAVAILABLE, "not stored", 250] as const,
  ],
  [
    "unavailable without a time",
    new HorizonError("unavailable", "not stored"),
    ...[grpc.status.UNAVAILABLE, "not stored", 1_000] as const,
  ],
  [
    "invalid_argument",
    new HorizonError("invalid_argument", `${"x".repeat(5_000)}`),
    ...[grpc.status.INVALID_ARGUMENT, "x".repeat(1_000), null] as const,
  ],
  [
    "an unexpected error, whose message stays inside",
    new TypeError("secret of /etc"),
    ...[grpc.status.INTERNAL, "an internal error; Horizon's log has it", null] as const,
  ],
];

for (const [name, thrown, code, message, delayMs] of FAILURES) {
  Deno.test(`OTLP/gRPC: the status of ${name}`, async () => {
    const logged: unknown[] = [];
    const log = { error: (event: string, fields?: unknown) => logged.push([event, fields]) };
    await withServer(() => Promise.reject(thrown), { log }, async (_server, client) => {
      const error = await failure(send(client, METRICS, new Uint8Array()));
      assert.equal(error.code, code);
      assert.equal(error.details, message);
      assert.equal(retryDelayMs(error), delayMs);
      assert.equal(logged.length, code === grpc.status.INTERNAL ? 1 : 0);
    });
  });
}

Deno.test("OTLP/gRPC: who may not come in is told so before the message is read", async () => {
  const seen: [string | null, string][] = [];
  const authorize: OtlpGrpcOptions["authorize"] = (authorization, peer) => {
    seen.push([authorization, peer]);
    if (authorization === null) {
      return { ok: false, code: "unauthenticated", message: "a bearer token is needed" };
    }
    if (authorization === "Bearer viewer") {
      return { ok: false, code: "permission_denied", message: "this needs the role ingest" };
    }
    if (authorization === "Bearer guess") {
      return { ok: false, code: "overloaded", message: "wait", retryAfterMs: 3_000 };
    }
    if (authorization === "Bearer broken") throw new Error("secret");
    return { ok: true };
  };
  let received = 0;
  const receive = () => {
    received++;
    return Promise.resolve(OUTCOME);
  };
  const book = new SourceBook("otlp_grpc", "test", OTLP_SIGNALS, systemClock);
  await withServer(receive, { authorize, book }, async (server, client) => {
    const call = (token: string | null) => {
      const metadata = new grpc.Metadata();
      if (token !== null) metadata.set("authorization", `Bearer ${token}`);
      // Larger than what is taken: without a token nobody learns that.
      return send(client, LOGS, new Uint8Array(token === "ingest" ? 10 : 2 * MIB), metadata);
    };
    const refused = async (token: string | null): Promise<unknown[]> => {
      const error = await failure(call(token));
      return [error.code, error.details, retryDelayMs(error)];
    };
    const { UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, INTERNAL } = grpc.status;
    assert.deepEqual(await refused(null), [UNAUTHENTICATED, "a bearer token is needed", null]);
    assert.deepEqual(await refused("viewer"), [
      ...[PERMISSION_DENIED, "this needs the role ingest", null],
    ]);
    assert.deepEqual(await refused("guess"), [RESOURCE_EXHAUSTED, "wait", 3_000]);
    assert.deepEqual(await refused("broken"), [
      ...[INTERNAL, "an internal error; Horizon's log has it", null],
    ]);
    assert.equal(received, 0);
    await call("ingest");
    assert.equal(received, 1);
    assert.deepEqual(seen[0], [null, "127.0.0.1"]);
    assert.deepEqual(seen.at(-1), ["Bearer ingest", "127.0.0.1"]);
    const { signals, refused: refusals, errors } = book.status;
    assert.deepEqual(signals.logs, { requests: 1, accepted: 1, rejected: {} });
    assert.deepEqual([refusals, errors], [{ unauthorized: 4 }, 4]);
    assert.equal(server.stats.refused.unauthorized, 4);
  });
});

Deno.test("OTLP/gRPC: a message that is too large is RESOURCE_EXHAUSTED, for good", async () => {
  await withServer(() => Promise.resolve(OUTCOME), {}, async (server, client) => {
    await send(client, TRACES, new Uint8Array(MIB));
    const large = await failure(send(client, TRACES, new Uint8Array(MIB + 1)));
    assert.equal(large.code, grpc.status.RESOURCE_EXHAUSTED);
    assert.equal(retryDelayMs(large), null);
    // A message that grows too large only when it is decompressed.
    const zipping = clientOf(server, { "grpc.default_compression_algorithm": 2 });
    const bomb = await failure(send(zipping, TRACES, new Uint8Array(64 * MIB)));
    assert.equal(bomb.code, grpc.status.RESOURCE_EXHAUSTED);
    assert.match(bomb.details, /decompresses/);
    zipping.close();
    // The connection is good for the next call.
    await send(client, TRACES, new Uint8Array(1));
    await until("the calls' end", PATIENCE_MS, () => server.stats.open === 0 ? true : null);
    assert.equal(server.stats.broken, 2);
    assert.equal(server.stats.bufferedBytes, 0);
  });
});

Deno.test("OTLP/gRPC: other methods and services are UNIMPLEMENTED", async () => {
  await withServer(() => Promise.resolve(OUTCOME), {}, async (_server, client) => {
    for (
      const path of [
        TRACES.replace("Export", "Import"),
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/",
      ]
    ) {
      const error = await failure(send(client, path, new Uint8Array()));
      assert.equal(error.code, grpc.status.UNIMPLEMENTED, path);
    }
  });
});

Deno.test("OTLP/gRPC: calls past the bound are refused, to be retried, and counted", async () => {
  const kept = Promise.withResolvers<ReceiveOutcome>();
  const limits = { maxCalls: 2 };
  await withServer(() => kept.promise, { limits }, async (server, client) => {
    const waiting = [
      send(client, TRACES, new Uint8Array()),
      send(client, TRACES, new Uint8Array()),
    ];
    await until("two calls", PATIENCE_MS, () => server.stats.open === 2 ? true : null);
    const error = await failure(send(client, TRACES, new Uint8Array()));
    assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED);
    assert.equal(retryDelayMs(error), 1_000);
    kept.resolve(OUTCOME);
    await Promise.all(waiting);
    await until("the calls' end", PATIENCE_MS, () => server.stats.open === 0 ? true : null);
    await send(client, TRACES, new Uint8Array());
    assert.equal(server.stats.refused.no_room, 1);
    assert.equal(server.stats.total, 4);
  });
});

Deno.test("OTLP/gRPC: the bytes of all messages under way are bounded, and counted", async () => {
  const kept = Promise.withResolvers<ReceiveOutcome>();
  const limits = { maxBufferedBytes: MIB };
  await withServer(() => kept.promise, { limits }, async (server, client) => {
    const first = send(client, TRACES, new Uint8Array(MIB / 2));
    await until("a message", PATIENCE_MS, () => server.stats.bufferedBytes > MIB / 2 ? true : null);
    const error = await failure(send(client, TRACES, new Uint8Array(MIB / 2)));
    assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED);
    assert.equal(retryDelayMs(error), 1_000);
    kept.resolve(OUTCOME);
    await first;
    await until("the calls' end", PATIENCE_MS, () => server.stats.open === 0 ? true : null);
    assert.equal(server.stats.bufferedBytes, 0);
    await send(client, TRACES, new Uint8Array(MIB / 2));
    assert.equal(server.stats.refused.no_room, 1);
  });
});

/** A call by hand: what it sends is not always a message. Answers its headers and trailers. */
async function rawCall(
  port: number,
  body: Uint8Array,
  headers: Record<string, string> = {},
  ends = true,
): Promise<Record<string, unknown>> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  // How the session ends is not what is tested; the call below is.
  session.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => session.once("close", () => resolve()));
  try {
    return await within(
      "the answer",
      PATIENCE_MS,
      new Promise((resolve, reject) => {
        const stream = session.request({
          ":method": "POST",
          ":path": TRACES,
          "content-type": "application/grpc",
          te: "trailers",
          ...headers,
        });
        let answer: Record<string, unknown> = {};
        const take = (headers: Record<string, unknown>): void => {
          answer = { ...answer, ...headers };
          if ("grpc-status" in answer) resolve(answer);
        };
        stream.on("response", take);
        stream.on("trailers", take);
        stream.on("close", () => resolve(answer));
        stream.on("error", reject);
        stream.resume();
        stream.write(body);
        if (ends) stream.end();
      }),
    );
  } finally {
    session.destroy();
    await closed;
  }
}

/** A message as gRPC frames it: a flag that says compressed, the length, the bytes. */
function framed(message: Uint8Array, compressed: boolean): Uint8Array {
  const frame = Buffer.alloc(5 + message.length, message);
  frame.set(message, 5);
  frame.writeUInt8(compressed ? 1 : 0, 0);
  frame.writeUInt32BE(message.length, 1);
  return frame;
}

Deno.test("OTLP/gRPC: what is no proper call gets a proper status, and the server lives on", async () => {
  await withServer(() => Promise.resolve(OUTCOME), {}, async (server, client) => {
    const { port } = server.address;
    const status = async (body: Uint8Array, headers?: Record<string, string>) =>
      Number((await rawCall(port, body, headers))["grpc-status"]);
    const { OK, INTERNAL, UNIMPLEMENTED } = grpc.status;
    const zipped = gzipSync(new Uint8Array(1000));
    const gzip = { "grpc-encoding": "gzip" };
    assert.equal(await status(framed(zipped, true), gzip), OK);
    assert.equal(await status(framed(new Uint8Array(8), true), gzip), INTERNAL);
    assert.equal(await status(framed(zipped.subarray(0, 12), true), gzip), INTERNAL);
    assert.equal(await status(framed(zipped, true), { "grpc-encoding": "br" }), UNIMPLEMENTED);
    assert.equal(await status(new Uint8Array()), UNIMPLEMENTED);
    const two = Buffer.concat([framed(new Uint8Array(2), false), framed(new Uint8Array(2), false)]);
    assert.equal(await status(two), UNIMPLEMENTED);
    const json = await rawCall(port, new Uint8Array(2), { "content-type": "application/json" });
    assert.equal(json["grpc-status"], undefined);
    // Not even HTTP/2, and a hang-up in the midst of a message.
    for (const text of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\0\0\0\0"]) {
      const socket = connectTcp(port, "127.0.0.1");
      socket.on("error", () => undefined);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(text, () => setTimeout(() => socket.destroy(), 20));
      await closed;
    }
    await send(client, TRACES, new Uint8Array());
    await until("the calls' end", PATIENCE_MS, () => server.stats.open === 0 ? true : null);
  });
});

Deno.test("OTLP/gRPC: a message that does not arrive in time is given up, and counted", async () => {
  const limits = { messageTimeoutMs: 50 };
  await withServer(() => Promise.resolve(OUTCOME), { limits }, async (server) => {
    const part = framed(new Uint8Array(100), false).subarray(0, 20);
    const ended = await rawCall(server.address.port, part, {}, false);
    assert.equal(Number(ended["grpc-status"]), grpc.status.DEADLINE_EXCEEDED);
    assert.equal(server.stats.refused.too_slow, 1);
    await until("the call's end", PATIENCE_MS, () => server.stats.open === 0 ? true : null);
    assert.equal(server.stats.bufferedBytes, 0);
  });
});

Deno.test("startOtlpGrpc: an address that is taken is a conflict that names it and the flag", async () => {
  const server = await startServer(() => Promise.resolve(OUTCOME));
  const { port } = server.address;
  const error: unknown = await startServer(() => Promise.resolve(OUTCOME), { port })
    .catch((e) => e);
  assert.ok(error instanceof HorizonError);
  assert.equal(error.code, "conflict");
  assert.equal(
    error.message,
    `127.0.0.1:${port} (otlp_grpc) is already in use: is another Horizon running? ` +
      "Stop it, or choose another address with --otlp-grpc",
  );
  await server.shutdown(0);
  // It is free again.
  const next = await startServer(() => Promise.resolve(OUTCOME), { port });
  assert.equal(await next.shutdown(0), "drained");
});

Deno.test("startOtlpGrpc: an address of another host, and a name", async () => {
  // An address for documentation (RFC 5737), which no host has.
  const hostname = "192.0.2.1";
  await assert.rejects(startServer(() => Promise.resolve(OUTCOME), { hostname }), {
    code: "invalid_argument",
    message: `${hostname}:0 (otlp_grpc) is not an address of this host: ` +
      "choose another address with --otlp-grpc",
  });
  const named = await startServer(() => Promise.resolve(OUTCOME), { hostname: "localhost" });
  assert.match(named.address.hostname, /^(127\.0\.0\.1|::1)$/);
  assert.ok(named.address.port > 0);
  await named.shutdown(0);
});

Deno.test("RunningOtlpGrpc.shutdown: waits for calls under way, not for idle connections", async () => {
  const kept = Promise.withResolvers<ReceiveOutcome>();
  const server = await startServer(() => kept.promise);
  const [busy, idle] = [clientOf(server), clientOf(server)];
  await new Promise<void>((resolve, reject) =>
    idle.waitForReady(Date.now() + 5_000, (error) => error ? reject(error) : resolve())
  );
  const silent = connectTcp(server.address.port, "127.0.0.1");
  const hungUp = new Promise((resolve) => silent.once("close", resolve));
  silent.on("error", () => undefined);
  silent.resume();
  const answered = send(busy, TRACES, new Uint8Array());
  await until("the call", PATIENCE_MS, () => server.stats.open === 1 ? true : null);
  const stopped = server.shutdown(60_000);
  assert.equal(server.shutdown(0), stopped);
  await failure(send(idle, TRACES, new Uint8Array()));
  kept.resolve(OUTCOME);
  assert.equal((await answered).length, 0);
  assert.equal(await within("the stop", PATIENCE_MS, stopped), "drained");
  silent.destroy();
  await hungUp;
  busy.close();
  idle.close();
});

Deno.test("RunningOtlpGrpc.shutdown: past the deadline calls are answered UNAVAILABLE", async () => {
  const never = Promise.withResolvers<ReceiveOutcome>();
  const server = await startServer(() => never.promise);
  const client = clientOf(server);
  const answered = failure(send(client, TRACES, new Uint8Array()));
  await until("the call", PATIENCE_MS, () => server.stats.open === 1 ? true : null);
  assert.equal(await server.shutdown(20), "cut");
  const error = await answered;
  assert.equal(error.code, grpc.status.UNAVAILABLE);
  assert.equal(error.details, "Horizon is shutting down");
  assert.equal(retryDelayMs(error), 1_000);
  assert.equal(server.stats.refused.shutdown, 1);
  client.close();
});

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { z } from "zod";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";
import { mulberry32 } from "../support/mulberry32.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const MIB = 1024 * 1024;
/** Not a multiple of what a span's parts take, so that cuts fall everywhere. */
const CUT_STEP = 3;
const RANDOM_BODIES = 200;
const INVALID_ARGUMENT = 3;

type Bytes = Uint8Array<ArrayBuffer>;

interface Post {
  readonly path?: string;
  /** Null sends none. */
  readonly type?: string | null;
  readonly encoding?: string;
  readonly body: Bytes | string | ReadableStream<Bytes>;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly bytes: Bytes;
}

interface BadPost extends Post {
  readonly what: string;
  readonly status: number;
}

/** A trace request with one span of this name, as the official serializer writes it. */
function spanBody(name: string): Bytes {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  provider.getTracer("good").startSpan(name).end();
  const bytes = ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans());
  return Uint8Array.from(bytes ?? []);
}

async function post(
  horizon: RunningHorizon,
  { path, type, encoding, body }: Post,
): Promise<Answer> {
  const headers = new Headers();
  if (type !== null) headers.set("content-type", type ?? PROTOBUF);
  if (encoding !== undefined) headers.set("content-encoding", encoding);
  const response = await fetch(`${horizon.otlpHttpUrl}${path ?? "/v1/traces"}`, {
    method: "POST",
    headers,
    // A stream has no length beforehand, and fetch names a type for a text.
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

async function sendGood(horizon: RunningHorizon, name: string): Promise<void> {
  const { status, bytes } = await post(horizon, { body: spanBody(name) });
  assert.deepEqual([status, bytes.length], [200, 0]);
}

const RpcStatus = z.object({ code: z.int(), message: z.string().min(1) });
const StatusMessage = protobuf.parse(
  'syntax = "proto3"; message Status { int32 code = 1; string message = 2; }',
).root.lookupType("Status");

/** The google.rpc.Status of an answer, which must be in the encoding that the answer names. */
function rpcStatus({ type, bytes }: Answer): z.infer<typeof RpcStatus> {
  if (type === PROTOBUF) return RpcStatus.parse(StatusMessage.decode(bytes));
  assert.equal(type, JSON_TYPE);
  return RpcStatus.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** `text` in so many lists. */
function nestedJson(depth: number): string {
  const value = `${'{"arrayValue":{"values":['.repeat(depth)}${"]}}".repeat(depth)}`;
  return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}}]}]}]}`;
}

/** Zeros without end, which nobody may read to the end. */
function endless(): ReadableStream<Bytes> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(256 * 1024));
      sent += 256 * 1024;
      if (sent > 256 * MIB) controller.error(new Error("was read to its end"));
    },
  });
}

const GOOD = spanBody("never kept");
const zipped = (bytes: Bytes): Bytes => Uint8Array.from(gzipSync(bytes));

const BAD: readonly BadPost[] = [
  { what: "a wire type that there is not", status: 400, body: Uint8Array.of(0x0f, 1) },
  { what: "a length past the end", status: 400, body: Uint8Array.of(0x0a, 0x7f, 1) },
  {
    what: "a length of 2^63",
    status: 400,
    body: Uint8Array.from([0x0a, ...Array(9).fill(0xff), 1]),
  },
  { what: "a varint without end", status: 400, body: new Uint8Array(64).fill(0xff) },
  { what: "JSON that is called protobuf", status: 400, body: '{"resourceSpans":[]}' },
  { what: "protobuf that is called JSON", status: 400, type: JSON_TYPE, body: GOOD },
  { what: "JSON that ends early", status: 400, type: JSON_TYPE, body: '{"resourceSpans":[' },
  { what: "JSON of the wrong shape", status: 400, type: JSON_TYPE, body: '{"resourceSpans":5}' },
  { what: "JSON that is a list", status: 400, type: JSON_TYPE, body: "[]" },
  { what: "JSON that is no UTF-8", status: 400, type: JSON_TYPE, body: Uint8Array.of(0x22, 0xff) },
  {
    what: "JSON nested without measure",
    status: 400,
    path: "/v1/logs",
    type: JSON_TYPE,
    body: nestedJson(50_000),
  },
  { what: "a text type", status: 415, type: "text/plain", body: GOOD },
  { what: "no type", status: 415, type: null, body: GOOD },
  { what: "an encoding that is not taken", status: 415, encoding: "br", body: GOOD },
  { what: "gzip that is none", status: 400, encoding: "gzip", body: GOOD },
  { what: "gzip cut off", status: 400, encoding: "gzip", body: zipped(GOOD).slice(0, -9) },
  {
    what: "gzip with a wrong checksum",
    status: 400,
    encoding: "gzip",
    body: zipped(GOOD).map((byte, i, all) => i === all.length - 8 ? byte ^ 1 : byte),
  },
  { what: "a body over its bound", status: 413, body: new Uint8Array(16 * MIB + 1) },
  { what: "a body over its bound, of no told length", status: 413, body: endless() },
  {
    what: "a bomb",
    status: 413,
    encoding: "gzip",
    body: zipped(new Uint8Array(256 * MIB)),
  },
  {
    what: "a bomb as metrics in JSON",
    status: 413,
    path: "/v1/metrics",
    type: JSON_TYPE,
    encoding: "gzip",
    body: zipped(new Uint8Array(100 * MIB).fill(0x20)),
  },
  { what: "a path that there is not", status: 404, path: "/v1/trace", body: GOOD },
];

async function stillReady({ url }: RunningHorizon): Promise<void> {
  const response = await fetch(`${url}/readyz`);
  assert.equal(response.status, 200, await response.text());
}

Deno.test("OTLP/HTTP: bad bodies get their status, and nothing else is lost", async () => {
  await withHorizon(async (horizon) => {
    await sendGood(horizon, "before");
    for (const bad of BAD) {
      const answer = await post(horizon, bad);
      assert.equal(answer.status, bad.status, bad.what);
      if (bad.status === 404) continue;
      const { code } = rpcStatus(answer);
      assert.equal(code, INVALID_ARGUMENT, bad.what);
      // In the encoding of the request, where that was understood.
      if (bad.type === undefined) assert.equal(answer.type, PROTOBUF, bad.what);
      await sendGood(horizon, "between");
    }
    await stillReady(horizon);

    for (let end = 1; end < GOOD.length; end += CUT_STEP) {
      const answer = await post(horizon, { body: GOOD.slice(0, end) });
      assert.equal(answer.status, 400, `cut after ${end} of ${GOOD.length} bytes`);
    }
    await stillReady(horizon);

    const random = mulberry32(20_260_101);
    for (let i = 0; i < RANDOM_BODIES; i++) {
      const body = Uint8Array.from({ length: 1 + random() % 200 }, () => random() & 0xff);
      const path = `/v1/${["traces", "metrics", "logs"][i % 3]}`;
      const type = i % 2 === 0 ? PROTOBUF : JSON_TYPE;
      const { status } = await post(horizon, { path, type, body });
      // A message of unknown fields only is a good one, without any records.
      assert.ok(status === 400 || status === 200, `${status} for random body ${i}`);
    }
    await sendGood(horizon, "after");
    await stillReady(horizon);

    assert.deepEqual(
      await horizon.sql("SELECT name, count(*) FROM spans GROUP BY name ORDER BY name"),
      [["after", 1], ["before", 1], ["between", BAD.length - 1]],
    );
    assert.deepEqual(await horizon.sql("SELECT count(*) FROM logs"), [[0]]);
    assert.equal(await horizon.stop(), 0);
  });
});

Deno.test("OTLP/HTTP: a client that leaves in the middle of its body loses only that", async () => {
  await withHorizon(async (horizon) => {
    const { hostname, port } = new URL(horizon.otlpHttpUrl);
    for (let i = 0; i < 20; i++) {
      using connection = await Deno.connect({ hostname, port: Number(port) });
      const head =
        `POST /v1/traces HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: ${PROTOBUF}\r\n` +
        `content-length: ${GOOD.length}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head));
      await connection.write(GOOD.subarray(0, 10));
    }
    await sendGood(horizon, "after");
    await stillReady(horizon);
    assert.deepEqual(await horizon.sql("SELECT name, count(*) FROM spans GROUP BY name"), [
      ["after", 1],
    ]);
  });
});

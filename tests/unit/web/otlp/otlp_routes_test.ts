import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import type { ReceiveOutcome } from "../../../../mod/otlp/otlp_signal.ts";
import { type FakeWeb, fakeWeb, gzipped } from "../fake_web.ts";

interface Received extends FakeWeb {
  readonly received: { signal: string; body: string; encoding: string }[];
}

const ALL_ACCEPTED: ReceiveOutcome = {
  accepted: 1,
  rejected: 0,
  reasons: {},
  errorMessage: null,
  newestUs: null,
};

function otlpWeb(outcome: ReceiveOutcome | HorizonError = ALL_ACCEPTED): Received {
  const received: Received["received"] = [];
  const web = fakeWeb({
    otlp: {
      receive: (signal, body, encoding) => {
        received.push({ signal, body: new TextDecoder().decode(body), encoding });
        return outcome instanceof HorizonError ? Promise.reject(outcome) : Promise.resolve(outcome);
      },
    },
  });
  return { ...web, received };
}

function post(type: string, body: BodyInit | null, more: Record<string, string> = {}): RequestInit {
  return { method: "POST", body, headers: { "content-type": type, ...more } };
}

const PROTOBUF = "application/x-protobuf";

Deno.test("/v1: hands each signal's body on in its encoding, decompressed", async () => {
  const { request, received } = otlpWeb();
  const zipped = { "content-encoding": "gzip" };
  const table: [string, RequestInit][] = [
    ["/v1/traces", post(PROTOBUF, "T")],
    ["/v1/metrics", post("application/json; charset=utf-8", "{}")],
    ["/v1/logs", post("Application/X-Protobuf", gzipped("L"), zipped)],
    ["/v1/logs", post(PROTOBUF, null)],
    ["/v1/logs", post("application/json", "")],
    ["/v1/logs", post(PROTOBUF, new Uint8Array(), zipped)],
  ];
  for (const [path, init] of table) {
    const response = await request(path, init);
    assert.equal(response.status, 200);
    await response.arrayBuffer();
  }
  assert.deepEqual(received, [
    { signal: "traces", body: "T", encoding: "protobuf" },
    { signal: "metrics", body: "{}", encoding: "json" },
    { signal: "logs", body: "L", encoding: "protobuf" },
    { signal: "logs", body: "", encoding: "protobuf" },
    { signal: "logs", body: "{}", encoding: "json" },
    { signal: "logs", body: "", encoding: "protobuf" },
  ]);
});

Deno.test("/v1: full success is an empty message in the request's encoding", async () => {
  const { request } = otlpWeb();
  const protobuf = await request("/v1/traces", post(PROTOBUF, "T"));
  assert.equal(protobuf.headers.get("content-type"), PROTOBUF);
  assert.equal((await protobuf.arrayBuffer()).byteLength, 0);
  const json = await request("/v1/traces", post("application/json", "{}"));
  assert.equal(json.headers.get("content-type"), "application/json");
  assert.deepEqual(await json.json(), {});
});

Deno.test("/v1: partial success says how many and why", async () => {
  const { request } = otlpWeb({
    accepted: 1,
    rejected: 300,
    reasons: {},
    errorMessage: "bad ids",
    newestUs: null,
  });
  for (
    const [signal, field] of [
      ["traces", "rejectedSpans"],
      ["metrics", "rejectedDataPoints"],
      ["logs", "rejectedLogRecords"],
    ] as const
  ) {
    const json = await request(`/v1/${signal}`, post("application/json", "{}"));
    assert.deepEqual(await json.json(), {
      partialSuccess: { [field]: "300", errorMessage: "bad ids" },
    });
    const protobuf = await (await request(`/v1/${signal}`, post(PROTOBUF, "x"))).bytes();
    assert.equal(
      protobuf.toHex(),
      "0a0c" + "08ac02" + "1207" + new TextEncoder().encode("bad ids").toHex(),
    );
  }
});

Deno.test("/v1: a failure is google.rpc.Status in the request's encoding", async () => {
  const { request } = otlpWeb(new HorizonError("overloaded", "full", {}, 1_500));
  const json = await request("/v1/logs", post("application/json", "{}"));
  assert.equal(json.status, 429);
  assert.equal(json.headers.get("retry-after"), "2");
  assert.deepEqual(await json.json(), { code: 8, message: "full" });
  const protobuf = await request("/v1/logs", post(PROTOBUF, "x"));
  assert.equal(protobuf.status, 429);
  assert.equal(protobuf.headers.get("content-type"), PROTOBUF);
  assert.equal((await protobuf.bytes()).toHex(), "0808" + "120466756c6c");
});

Deno.test("/v1: malformed is 400, which no client retries", async () => {
  const { request } = otlpWeb(new HorizonError("invalid_argument", "truncated at byte 5"));
  const response = await request("/v1/traces", post("application/json", "{"));
  assert.equal(response.status, 400);
  assert.equal(response.headers.get("retry-after"), null);
  assert.deepEqual(await response.json(), { code: 3, message: "truncated at byte 5" });
});

Deno.test("/v1: refuses other media types, encodings, methods and sizes", async () => {
  const { request, received } = otlpWeb();
  const table: [RequestInit, number][] = [
    [post("text/plain", "x"), 415],
    [{ method: "POST", body: new Uint8Array(3) }, 415],
    [post("application/protobuf", "x"), 415],
    [post(PROTOBUF, "x", { "content-encoding": "br" }), 415],
    [post(PROTOBUF, "x", { "content-encoding": "gzip" }), 400],
    [post(PROTOBUF, "x".repeat(1_001)), 413],
    [post(PROTOBUF, gzipped("x".repeat(10_001)), { "content-encoding": "gzip" }), 413],
    [{ method: "GET" }, 405],
  ];
  for (const [init, status] of table) {
    const response = await request("/v1/traces", init);
    assert.equal(response.status, status, JSON.stringify(init.headers));
    const asProtobuf = new Headers(init.headers).get("content-type") === PROTOBUF;
    assert.equal(response.headers.get("content-type"), asProtobuf ? PROTOBUF : "application/json");
    await response.arrayBuffer();
  }
  assert.equal((await request("/v1/traces")).headers.get("allow"), "OPTIONS, POST");
  assert.deepEqual(received, []);
});

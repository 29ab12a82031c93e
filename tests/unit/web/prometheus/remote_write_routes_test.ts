import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import type { RemoteWriteOutcome } from "../../../../mod/prometheus/remote_write.ts";
import { emptyTally } from "../../../../mod/prometheus/remote_write_tally.ts";
import { snappyBlock } from "../../../support/snappy_block.ts";
import { errorOf, type FakeWeb, fakeWeb } from "../fake_web.ts";

const PATH = "/prometheus/api/v1/write";
const V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

const KEPT: RemoteWriteOutcome = {
  accepted: 7,
  rejected: 0,
  reasons: {},
  errorMessage: null,
  newestUs: null,
  tally: { ...emptyTally(), samples: 5, histograms: 2, exemplars: 3 },
};

interface Received extends FakeWeb {
  readonly received: (readonly [version: number, body: string])[];
}

function webThat(outcome: RemoteWriteOutcome | HorizonError = KEPT): Received {
  const received: (readonly [number, string])[] = [];
  const web = fakeWeb({
    remoteWrite: {
      receive: (version, body) => {
        received.push([version, new TextDecoder().decode(body)]);
        return outcome instanceof HorizonError ? Promise.reject(outcome) : Promise.resolve(outcome);
      },
    },
  });
  return { ...web, received };
}

function post(text: string, headers: Record<string, string>): RequestInit {
  return { method: "POST", body: snappyBlock(new TextEncoder().encode(text)), headers };
}

Deno.test("remote write: the content type says which message it is", async () => {
  const { request, received } = webThat();
  const types: readonly (readonly [type: string, version: number])[] = [
    ["application/x-protobuf", 1],
    ["application/x-protobuf; proto=prometheus.WriteRequest", 1],
    ['application/x-protobuf;proto="prometheus.WriteRequest"', 1],
    [V2, 2],
    ["Application/X-Protobuf; charset=utf-8; Proto=io.prometheus.write.v2.Request", 2],
  ];
  for (const [type] of types) {
    const headers = { "content-type": type, "content-encoding": "snappy" };
    const response = await request(PATH, post("body", headers));
    assert.equal(response.status, 204, type);
    assert.equal(response.headers.get("x-prometheus-remote-write-samples-written"), "5");
    assert.equal(response.headers.get("x-prometheus-remote-write-histograms-written"), "2");
    assert.equal(response.headers.get("x-prometheus-remote-write-exemplars-written"), "3");
  }
  assert.deepEqual(received, types.map(([, version]) => [version, "body"]));
});

Deno.test("remote write: the books tell what makes no row", async () => {
  const tally = { ...emptyTally(), samples: 9, droppedExemplars: 3, staleMarkers: 2, repeated: 1 };
  const { request } = webThat({ ...KEPT, tally });
  assert.equal((await request(PATH, post("body", { "content-type": V2 }))).status, 204);
  const { sources } = await (await request("/api/ingest")).json();
  const book = sources.find((one: { kind: string }) => one.kind === "remote_write");
  assert.deepEqual(book.signals.metrics, {
    requests: 1,
    accepted: 7,
    rejected: { stale_marker: 2, sent_again: 1, exemplar: 3 },
  });
});

Deno.test("remote write: other messages and encodings are 415, so that senders fall back", async () => {
  const { request, received } = webThat();
  for (
    const headers of [
      { "content-type": "application/json" },
      { "content-type": "application/x-protobuf;proto=io.prometheus.write.v3.Request" },
      { "content-type": V2, "content-encoding": "zstd" },
    ]
  ) {
    const response = await request(PATH, post("body", headers));
    assert.equal(response.status, 415);
    assert.equal((await errorOf(response)).code, "unsupported_media_type");
  }
  assert.deepEqual(received, []);
});

Deno.test("remote write: a partial write is 400, with what was written and why the rest was not", async () => {
  const { request, web: _, ...rest } = webThat({
    ...KEPT,
    rejected: 4,
    reasons: { series_limit: 4 },
    errorMessage: "4 rejected: too many series",
  });
  const response = await request(PATH, post("body", { "content-type": V2 }));
  assert.equal(response.status, 400);
  assert.equal(response.headers.get("x-prometheus-remote-write-samples-written"), "5");
  const { message, details } = await errorOf(response);
  assert.equal(message, "4 rejected: too many series");
  assert.deepEqual(details, { rejected: 4, reasons: { series_limit: 4 } });
  assert.equal(rest.received.length, 1);
});

Deno.test("remote write: what there is no room for is 503, which every sender retries", async () => {
  const { request } = webThat(new HorizonError("overloaded", "no room", {}, 2_000));
  const response = await request(PATH, post("body", { "content-type": V2 }));
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "2");
});

Deno.test("remote write: malformed snappy is 400, a large one 413, and both are in the books", async () => {
  const { request } = webThat();
  const headers = { "content-type": V2 };
  const broken = await request(PATH, { method: "POST", body: "not snappy", headers });
  assert.equal(broken.status, 400);
  const large = await request(PATH, post("a".repeat(20_000), headers));
  assert.equal(large.status, 413);
  const { sources } = await (await request("/api/ingest")).json();
  const book = sources.find((one: { kind: string }) => one.kind === "remote_write");
  assert.deepEqual(book.refused, { invalid_argument: 1, too_large: 1 });
});

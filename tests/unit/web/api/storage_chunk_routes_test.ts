import assert from "node:assert/strict";
import type { ChunkListRequest, ChunkStatus } from "../../../../mod/ports.ts";
import { StorageChunksJson } from "../../../../web/api/storage_chunk_routes.ts";
import { errorOf, fakeWeb, queryResult, STORE_STATS, TS_US } from "../fake_web.ts";

const CHUNK: ChunkStatus = {
  number: 7,
  kind: "histogram_rollups_1h",
  state: "sealed",
  spanStartUs: TS_US,
  spanEndUs: TS_US + 3_600_000_000,
  minTsUs: TS_US + 1,
  maxTsUs: null,
  rows: 12,
  bytes: 340,
  bytesEstimated: false,
  receivedBytes: 900,
  rolledUp: null,
  file: { name: "chunks/histogram_rollups_1h-1-7.log", bytes: 1_000 },
};

/** The HTTP side over a store that notes what it is asked for. */
function recorded() {
  const asked: ChunkListRequest[] = [];
  const { request } = fakeWeb({
    store: {
      query: () => Promise.resolve(queryResult([], [])),
      stats: () => Promise.resolve(STORE_STATS),
      chunks: (request) => {
        asked.push(request);
        return Promise.resolve({ matching: 40, chunks: [CHUNK], nextBefore: 7 });
      },
    },
  });
  return { request, asked };
}

Deno.test("/api/storage/chunks: a page of chunks, as the document says", async () => {
  const { request, asked } = recorded();
  const body = StorageChunksJson.parse(await (await request("/api/storage/chunks")).json());
  assert.deepEqual(body, {
    matching: 40,
    next_before: 7,
    chunks: [{
      number: 7,
      signal: "histograms",
      tier: "1h",
      state: "sealed",
      span: { from: "2023-11-14T22:13:20.000000Z", to: "2023-11-14T23:13:20.000000Z" },
      from: "2023-11-14T22:13:20.000001Z",
      to: null,
      rows: 12,
      bytes: 340,
      bytes_estimated: false,
      received_bytes: 900,
      rolled_up: null,
      file: { name: "chunks/histogram_rollups_1h-1-7.log", bytes: 1_000 },
    }],
  });
  assert.deepEqual([asked[0]?.limit, asked[0]?.before, asked[0]?.state], [100, null, null]);
  assert.equal(asked[0]?.kinds?.length, 10);
});

Deno.test("/api/storage/chunks: filters by signal, tier and state, and by number", async () => {
  const { request, asked } = recorded();
  await request("/api/storage/chunks?signal=metrics&tier=1m&state=on_disk&before=9&limit=1000");
  await request("/api/storage/chunks?signal=histograms");
  await request("/api/storage/chunks?signal=logs&tier=1h");
  assert.deepEqual(asked, [
    { kinds: ["rollups_1m"], state: "on_disk", before: 9, limit: 1_000 },
    {
      kinds: ["histograms", "histogram_rollups_1m", "histogram_rollups_1h"],
      state: null,
      before: null,
      limit: 100,
    },
    { kinds: [], state: null, before: null, limit: 100 },
  ]);
});

Deno.test("/api/storage/chunks: what cannot be asked for is refused", async () => {
  const { request, asked } = recorded();
  for (
    const query of [
      "signal=rollups_1m",
      "tier=5m",
      "state=x",
      "before=0",
      "limit=1001",
      "limit=0",
      "y=1",
    ]
  ) {
    const answer = await request(`/api/storage/chunks?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal((await errorOf(answer)).code, "invalid_argument", query);
  }
  assert.deepEqual(asked, []);
});

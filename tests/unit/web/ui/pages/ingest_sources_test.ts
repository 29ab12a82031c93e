import assert from "node:assert/strict";
import type { IngestSource } from "../../../../../web/ui/api_client.js";
import {
  chosenSources,
  ingestTiles,
  sourceRow,
} from "../../../../../web/ui/pages/ingest_sources.js";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");

function source(more: Partial<IngestSource> = {}): IngestSource {
  return {
    kind: "otlp_http",
    name: "/v1",
    signals: {},
    refused: {},
    rate_per_second: 0,
    lag_ms: null,
    errors: 0,
    last_problem: null,
    last_accepted: null,
    paused: null,
    ...more,
  };
}

Deno.test("sourceRow: figures, ages, and all that was turned away, largest first", () => {
  const row = sourceRow(
    source({
      signals: {
        metrics: { requests: 3, accepted: 12_345, rejected: { series_limit: 7 } },
        logs: { requests: 1, accepted: 5, rejected: { timestamp_out_of_range: 9 } },
      },
      refused: { overloaded: 8 },
      rate_per_second: 20_000,
      lag_ms: 1_500,
      errors: 2,
      last_problem: { time: "2026-03-01T11:50:00Z", message: "no room" },
      last_accepted: "2026-03-01T11:59:58Z",
    }),
    NOW_MS,
  );
  assert.deepEqual(row, {
    key: "otlp_http /v1",
    kind: "OTLP/HTTP",
    name: "/v1",
    state: "good",
    rate: "20 k/s",
    accepted: "12\u2009350",
    rejected: "16",
    refused: "8",
    lag: "1.5 s",
    seen: "2 s ago",
    problem: "10 m ago: no room",
    breakdown: [
      { what: "logs", reason: "timestamp_out_of_range", count: "9" },
      { what: "refused", reason: "overloaded", count: "8" },
      { what: "metrics", reason: "series_limit", count: "7" },
    ],
  });
});

Deno.test("sourceRow: a source that is new, of a kind that the page does not know", () => {
  const row = sourceRow(source({ kind: "carrier_pigeon" }), NOW_MS);
  assert.deepEqual(
    [row.kind, row.state, row.rate, row.lag, row.seen, row.problem, row.breakdown],
    ["carrier_pigeon", "idle", "0/s", "–", "never", "", []],
  );
});

Deno.test("sourceRow: paused before troubled before good", () => {
  const problem = { time: "2026-03-01T11:59:30Z", message: "x" };
  const table: [Partial<IngestSource>, string][] = [
    [{ rate_per_second: 1 }, "good"],
    [{ rate_per_second: 1, last_problem: problem }, "troubled"],
    [{ rate_per_second: 1, last_problem: problem, paused: "the store is full" }, "paused"],
    // Clocks differ: a problem from the future is a recent one.
    [{ last_problem: { time: "2026-03-01T12:00:05Z", message: "x" } }, "troubled"],
  ];
  for (const [more, state] of table) assert.equal(sourceRow(source(more), NOW_MS).state, state);
});

Deno.test("chosenSources: filters by kind and name, own collectors last, problems only", () => {
  const sources = [
    source({ kind: "collector", name: "cpu" }),
    source({ kind: "statsd", name: "udp 127.0.0.1:8125", errors: 1 }),
    source({ kind: "otlp_grpc", name: "127.0.0.1:4317", paused: "full" }),
  ];
  const names = (filter: string, problemsOnly = false) =>
    chosenSources(sources, filter, problemsOnly).map(({ kind }) => kind);
  assert.deepEqual(names(""), ["statsd", "otlp_grpc", "collector"]);
  assert.deepEqual(names("grpc"), ["otlp_grpc"]);
  assert.deepEqual(names("UDP statsd"), ["statsd"]);
  assert.deepEqual(names("", true), ["statsd", "otlp_grpc"]);
  assert.deepEqual(names("nothing"), []);
});

Deno.test("ingestTiles: what waits, what was kept, what was refused", () => {
  const tiles = ingestTiles({
    intake: {
      pending_bytes: 60,
      max_pending_bytes: 64,
      refused_requests: 3,
      failed_appends: 0,
      kept_rows: { metrics: 10, spans: 0, logs: 2 },
    },
    bodies: { open: 0, buffered_bytes: 0, refused: { no_room: 2 } },
    pipeline: { sinks: [] },
    sources: [source({ rate_per_second: 1.5 }), source({ rate_per_second: 2 })],
    unlisted_sources: 0,
  });
  assert.deepEqual(
    tiles.map(({ value, note, ratio }) => [value, note, ratio]),
    [
      ["3.50/s", "records, over the last minute", null],
      ["60 B", "of 64 B", 60 / 64],
      ["12", "10 metrics · 2 logs", null],
      ["5", "requests; 0 batches failed in the store", null],
    ],
  );
});

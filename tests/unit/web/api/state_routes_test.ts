import assert from "node:assert/strict";
import { CollectorsJson } from "../../../../web/api/collector_routes.ts";
import { InfoJson } from "../../../../web/api/info_routes.ts";
import { IngestJson } from "../../../../web/api/ingest_routes.ts";
import { LogFilesJson } from "../../../../web/api/log_file_routes.ts";
import { ProcessesJson } from "../../../../web/api/process_routes.ts";
import { StorageJson } from "../../../../web/api/storage_routes.ts";
import { isoMicros } from "../../../../web/api/timestamps.ts";
import { errorOf, fakeWeb, sampleProcess } from "../fake_web.ts";

Deno.test("/api/info: is what the document says", async () => {
  const body = InfoJson.parse(await (await fakeWeb().request("/api/info")).json());
  assert.equal(body.version, "1.2.3");
  assert.equal(body.uptime_s, 5);
  assert.equal(body.cpu_seconds, 2);
  assert.deepEqual(body.collectors, ["host.cpu"]);
});

Deno.test("/api/storage: figures, and the metrics with most series first", async () => {
  const web = fakeWeb();
  web.collect("b", "gauge", "", { x: "1" }, 1);
  web.collect("a", "gauge", "", { x: "1" }, 1);
  web.collect("a", "gauge", "", { x: "2" }, 1);
  const body = StorageJson.parse(await (await web.request("/api/storage?names=1")).json());
  assert.deepEqual(body.series.by_metric, [{ name: "a", series: 2, refused: 0 }]);
  assert.equal(body.series.live, 3);
  assert.equal(body.signals[0]?.min_ts, "2023-11-14T22:13:20.000001Z");
  assert.equal(body.signals[0]?.max_ts, null);
  assert.equal(body.signals[0]?.retention_ms, 86_400_000);
  assert.deepEqual(body.evicted, [{ signal: "logs", reason: "age", rows: 7 }]);
  assert.equal(body.series.metric, null);
  assert.deepEqual(body.signals[0]?.chunk_states, { open: 1, closed: 0, sealed: 1 });
  assert.deepEqual(body.signals[0]?.compression, {
    sealed_rows: 7,
    received_bytes: 450,
    sealed_bytes: 100,
    ratio: 4.5,
  });
  assert.equal(body.rollups[0]?.compression.ratio, null);
  assert.deepEqual(body.drops[0], { what: "logs", reason: "age", count: 7 });
  const asked = StorageJson.parse(await (await web.request("/api/storage?metric=a")).json());
  assert.deepEqual(asked.series.metric, {
    name: "a",
    looked_at: 2,
    labels: [{ key: "x", values: 2, series: 2 }],
  });
  const bad = await web.request("/api/storage?names=-1&x=2");
  assert.equal(bad.status, 400);
  assert.equal((await errorOf(bad)).code, "invalid_argument");
});

Deno.test("/api/processes: leaves out what has ended", async () => {
  const row = sampleProcess(1);
  const { request } = fakeWeb({
    processes: () => ({ tsMs: 0, processes: [row, { ...row, pid: 2, exitedAtMs: 5 }] }),
  });
  const body = ProcessesJson.parse(await (await request("/api/processes")).json());
  assert.deepEqual(body.processes.map(({ pid }) => pid), [1]);
});

Deno.test("/api/processes: is what the document says", async () => {
  const body = ProcessesJson.parse(await (await fakeWeb().request("/api/processes")).json());
  assert.equal(body.processes[0]?.command_line, "worker --fast");
  assert.equal(body.processes[0]?.start_time, "2020-09-13T12:26:40.000Z");
  assert.equal(body.processes[0]?.pss_bytes, null);
});

Deno.test("/api/collectors and /api/ingest: are what the document says", async () => {
  const { request } = fakeWeb();
  const { collectors } = CollectorsJson.parse(await (await request("/api/collectors")).json());
  assert.equal(collectors[0]?.failures, 1);
  const ingest = IngestJson.parse(await (await request("/api/ingest")).json());
  assert.equal(ingest.intake.kept_rows["spans"], 6);
  const source = ingest.sources.find(({ kind }) => kind === "syslog");
  assert.deepEqual(source?.signals["logs"], {
    requests: 3,
    accepted: 20,
    rejected: { line_too_long: 2 },
  });
  assert.deepEqual(source.refused, { overloaded: 1 });
  assert.equal(source.rate_per_second, 20);
  assert.equal(source.lag_ms, 2_000);
  assert.equal(source.last_problem?.message, "no room");
  assert.equal(source.paused, "the store is full");
});

Deno.test("isoMicros: keeps microseconds, before 1970 too", () => {
  assert.equal(isoMicros(1_700_000_000_000_042), "2023-11-14T22:13:20.000042Z");
  assert.equal(isoMicros(-1), "1969-12-31T23:59:59.999999Z");
});

Deno.test("/api/log-files: is what the document says", async () => {
  const { request } = fakeWeb();
  const body = LogFilesJson.parse(await (await request("/api/log-files")).json());
  assert.equal(body.files[0]?.lag_bytes, 40);
  assert.equal(body.files[0]?.misfits, 2);
});

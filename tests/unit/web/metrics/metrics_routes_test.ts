import assert from "node:assert/strict";
import { errorOf, fakeWeb, noChunks, STORE_STATS } from "../fake_web.ts";
import { readExposition, type ReadFamily } from "./exposition_reader.ts";

const OPENMETRICS = {
  headers: { accept: "application/openmetrics-text; version=1.0.0, text/plain;q=0.5" },
};

async function scrape(
  web: ReturnType<typeof fakeWeb>,
  format: "prometheus" | "openmetrics" = "prometheus",
): Promise<Map<string, ReadFamily>> {
  const response = await web.request("/metrics", format === "openmetrics" ? OPENMETRICS : {});
  assert.equal(response.status, 200);
  const type = response.headers.get("content-type") ?? "";
  assert.match(
    type,
    format === "openmetrics" ? /^application\/openmetrics-text/ : /^text\/plain; version=0.0.4/,
  );
  return readExposition(await response.text(), format);
}

function hostile(): ReturnType<typeof fakeWeb> {
  const web = fakeWeb();
  web.collect("system.cpu.time", "counter", "s", { "cpu.mode": "user" }, 12.5);
  web.collect("system.cpu.time", "counter", "s", { "cpu.mode": "system" }, 3);
  web.collect("system.memory.usage", "updown", "By", { state: 'q"uo\\te\nline' }, 1e21);
  web.collect("odd.gauge", "gauge", "1", {
    "a.b": "1",
    a_b: "2",
    "9": "x",
    "": "empty",
    "ключ": "é",
  }, NaN);
  web.collect("infinite", "gauge", "", {}, -Infinity);
  web.collect("quantile.of", "summary", "s", { quantile: "0.5" }, 1);
  return web;
}

Deno.test("/metrics: both formats are valid, whatever the names and labels", async () => {
  for (const format of ["prometheus", "openmetrics"] as const) {
    const families = await scrape(hostile(), format);
    const cpu = families.get(
      format === "prometheus" ? "system_cpu_time_seconds_total" : "system_cpu_time_seconds",
    );
    assert.equal(cpu?.type, "counter");
    assert.equal(cpu?.unit, format === "prometheus" ? "" : "seconds");
    assert.equal(cpu?.samples.get('system_cpu_time_seconds_total{cpu_mode="user"}'), 12.5);
    assert.deepEqual([...families.get("system_memory_usage_bytes")?.samples ?? []], [
      ['system_memory_usage_bytes{state="q\\"uo\\\\te\\nline"}', 1e21],
    ]);
    assert.equal(families.get("infinite")?.samples.get("infinite"), -Infinity);
  }
});

Deno.test("/metrics: tells Horizon's own state", async () => {
  const families = await scrape(fakeWeb());
  const value = (sample: string): number | undefined =>
    families.get(sample.replace(/\{.*/, ""))?.samples.get(sample);
  assert.equal(value('horizon_build_info{version="1.2.3",build="source"}'), 1);
  assert.equal(value("horizon_resident_memory_bytes"), 100);
  assert.equal(value('horizon_cpu_seconds_total{mode="user"}'), 1.5);
  assert.equal(value("horizon_intake_pending_bytes"), 1);
  assert.equal(value('horizon_intake_rows_total{signal="logs"}'), 7);
  assert.equal(value("horizon_store_up"), 1);
  assert.equal(value('horizon_store_rows{signal="metrics"}'), 10);
  assert.equal(value('horizon_store_evicted_rows_total{signal="logs",reason="age"}'), 7);
  assert.equal(value("horizon_store_append_seconds_total"), 0.0125);
  assert.equal(value('horizon_queries_in_progress{state="running"}'), 1);
  assert.equal(value('horizon_collector_runs_total{collector="host.cpu",outcome="success"}'), 10);
  const source = 'kind="syslog",source="udp 127.0.0.1:514"';
  assert.equal(value(`horizon_source_accepted_records_total{${source},signal="logs"}`), 20);
  assert.equal(
    value(
      `horizon_source_rejected_records_total{${source},signal="logs",reason="line_too_long"}`,
    ),
    2,
  );
  assert.equal(value(`horizon_source_refused_total{${source},reason="overloaded"}`), 1);
  assert.equal(value(`horizon_source_lag_seconds{${source}}`), 2);
  assert.equal(value(`horizon_source_paused{${source}}`), 1);
  assert.equal(value('horizon_otlp_altered_total{what="dropped_events"}'), 2);
});

Deno.test("/metrics: counts requests by route, method and status, and times them", async () => {
  const web = fakeWeb();
  await web.request("/api/info");
  await web.request("/api/info");
  await web.request("/one/unknown");
  await web.request("/another/unknown", { method: "BREW" });
  const families = await scrape(web);
  const requests = families.get("horizon_http_requests_total")?.samples;
  assert.equal(
    requests?.get('horizon_http_requests_total{route="/api/info",method="GET",status="200"}'),
    2,
  );
  assert.equal(
    requests?.get('horizon_http_requests_total{route="(unmatched)",method="GET",status="404"}'),
    1,
  );
  assert.equal(
    requests?.get('horizon_http_requests_total{route="(unmatched)",method="other",status="404"}'),
    1,
  );
  const duration = families.get("horizon_http_request_duration_seconds");
  assert.equal(duration?.type, "histogram");
  assert.equal(
    duration?.samples.get(
      'horizon_http_request_duration_seconds_count{route="/api/info",method="GET"}',
    ),
    2,
  );
});

Deno.test("/metrics: what would clash is left out and counted, Horizon's own names win", async () => {
  const web = fakeWeb();
  web.collect("horizon.http.requests", "counter", "", {}, 99);
  web.collect("same.name", "gauge", "", {}, 1);
  web.collect("same_name", "gauge", "", {}, 2);
  web.collect("jobs", "gauge", "", {}, 1);
  web.collect("jobs", "counter", "", {}, 2);
  web.collect("twin", "gauge", "", { "a.b": "x" }, 1);
  web.collect("twin", "gauge", "", { a_b: "x" }, 2);
  const families = await scrape(web);
  assert.deepEqual([...families.get("same_name")?.samples ?? []], [["same_name", 1]]);
  assert.equal(families.get("twin")?.samples.size, 1);
  const leftOut = families.get("horizon_exposition_left_out_series")?.samples;
  assert.equal(leftOut?.get('horizon_exposition_left_out_series{reason="name_conflict"}'), 3);
  assert.equal(leftOut?.get('horizon_exposition_left_out_series{reason="duplicate_labels"}'), 1);
});

Deno.test("/metrics: goes on without a store that fails, with its last known figures", async () => {
  let broken = false;
  const web = fakeWeb({
    store: {
      query: () => Promise.reject(new Error("no")),
      stats: () => broken ? Promise.reject(new Error("gone")) : Promise.resolve(STORE_STATS),
      chunks: noChunks,
    },
  });
  await scrape(web);
  broken = true;
  const families = await scrape(web);
  assert.equal(families.get("horizon_store_up")?.samples.get("horizon_store_up"), 0);
  assert.equal(families.get("horizon_queries_total")?.samples.get("horizon_queries_total"), 9);
  const storage = await web.request("/api/storage");
  assert.equal(storage.status, 500);
  assert.equal((await errorOf(storage)).code, "internal");
});

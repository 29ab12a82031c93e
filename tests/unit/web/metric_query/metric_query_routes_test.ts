import assert from "node:assert/strict";
import type { MetricQuery } from "../../../../mod/metrics/metric_query.ts";
import { MetricResultJson } from "../../../../web/metric_query/metric_query_routes.ts";
import { defaultStepMs } from "../../../../web/metric_query/metric_query_request.ts";
import { errorOf, fakeWeb } from "../fake_web.ts";

/** Queries that reached the engine. */
function recording() {
  const asked: MetricQuery[] = [];
  const fake = fakeWeb({
    metricQuery: (query) => {
      asked.push(query);
      return Promise.resolve({
        startMs: query.startMs,
        stepMs: query.stepMs,
        points: 0,
        tier: "1m",
        series: [],
        elapsedMs: 1,
      });
    },
  });
  return { asked, ...fake };
}

Deno.test("/api/metrics/query: values come with what they are of, and null for none", async () => {
  const { request } = fakeWeb();
  const response = await request("/api/metrics/query?name=m&start=1000&end=3000&step_ms=1000");
  assert.equal(response.status, 200);
  assert.deepEqual(MetricResultJson.parse(await response.json()), {
    name: "m",
    fn: "avg",
    start: "1970-01-01T00:00:01.000Z",
    start_ms: 1_000,
    step_ms: 1_000,
    points: 2,
    tier: "raw",
    elapsed_ms: 1,
    series: [{ labels: { l: "v" }, kind: "gauge", unit: "By", values: [1.5, null] }],
  });
});

Deno.test("/api/metrics/query: URL and body ask for the same", async () => {
  const { request, asked } = recording();
  const match = [{ label: "a", op: "=~", value: "x|y" }];
  const url = new URLSearchParams({
    name: "m",
    match: JSON.stringify(match),
    start: "2026-01-01T00:00:00Z",
    end: "2026-01-01T02:00:00+01:00",
    step_ms: "60000",
    window_ms: "300000",
    fn: "rate",
    aggregate: "quantile",
    by: "a,b",
    q: "0.9",
    timeout_ms: "500",
  });
  assert.equal((await request(`/api/metrics/query?${url}`)).status, 200);
  const body = {
    name: "m",
    match,
    start: "2026-01-01T00:00:00Z",
    end: "1767229200000",
    step_ms: 60_000,
    window_ms: 300_000,
    fn: "rate",
    aggregate: "quantile",
    by: ["a", "b"],
    q: 0.9,
    timeout_ms: 500,
  };
  const posted = await request("/api/metrics/query", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(posted.status, 200);
  const [first, second] = asked.map(({ signal: _, ...query }) => query);
  assert.deepEqual(first, {
    name: "m",
    matchers: match,
    startMs: Date.UTC(2026, 0, 1),
    endMs: Date.UTC(2026, 0, 1, 1),
    stepMs: 60_000,
    windowMs: 300_000,
    fn: "rate",
    aggregate: { op: "quantile", q: 0.9, by: ["a", "b"] },
    timeoutMs: 500,
  });
  assert.deepEqual(second, first);
});

Deno.test("/api/metrics/query: the last hour, averages and a step to draw, unless asked otherwise", async () => {
  const { request, asked, clock } = recording();
  await request("/api/metrics/query?name=m");
  const [query] = asked;
  assert.deepEqual(
    [query?.endMs, query?.startMs, query?.stepMs, query?.fn, query?.aggregate],
    [clock.nowMs(), clock.nowMs() - 3_600_000, 15_000, "avg", undefined],
  );
  const day = 86_400_000;
  assert.deepEqual([day, 30 * day, 400 * day].map(defaultStepMs), [600_000, 21_600_000, day]);
});

Deno.test("/api/metrics/query: what is wrong is named", async () => {
  const { request, asked } = recording();
  const cases: [query: string, message: RegExp][] = [
    ["", /name/],
    ["name=m&fn=mean", /fn/],
    ["name=m&start=yesterday", /start: not a time: yesterday/],
    ["name=m&start=2026-01-01T00:00:00", /start: not a time/],
    ["name=m&step_ms=0", /step_ms/],
    ["name=m&match=x", /not JSON/],
    ["name=m&match=[{}]", /label/],
    ["name=m&by=a", /belong to an `aggregate`/],
    ["name=m&aggregate=sum&q=0.5", /takes no `q`/],
    ["name=m&aggregate=quantile", /needs `q`/],
    ["name=m&aggregate=quantile&q=2", /q/],
    ["name=m&unknown=1", /unknown/],
  ];
  for (const [query, message] of cases) {
    const response = await request(`/api/metrics/query?${query}`);
    assert.equal(response.status, 400, query);
    const error = await errorOf(response);
    assert.equal(error.code, "invalid_argument", query);
    assert.match(error.message, message);
  }
  const text = await request("/api/metrics/query", { method: "POST", body: "name=m" });
  assert.equal(text.status, 415);
  assert.equal(asked.length, 0);
});

Deno.test("/api/metrics/names: name, kind, unit and series", async () => {
  const { request } = fakeWeb();
  const response = await request("/api/metrics/names?contains=cpu");
  assert.deepEqual(await response.json(), {
    names: [{ name: "a.cpu", kind: "gauge", unit: "By", series: 3 }],
  });
  assert.equal((await request("/api/metrics/names?limit=3")).status, 400);
});

import assert from "node:assert/strict";
import { sortLabels } from "../../mod/intern/series_registry.ts";
import { systemClock } from "../../mod/clock.ts";
import { RpcJson } from "../../web/api/rpc_routes.ts";
import { fakeWeb } from "../unit/web/fake_web.ts";
import { pushSpan, type StoreFixture, withStore } from "../support/store_fixture.ts";

const MINUTE_US = 60_000_000;
/** A whole minute. */
const START_US = Math.floor(Date.now() * 1000 / MINUTE_US) * MINUTE_US - 30 * MINUTE_US;

type Labels = Readonly<Record<string, string>>;

/** Spans of a minute that took 1, 2, … ms. */
function calls(
  { intake, registries }: StoreFixture,
  minute: number,
  count: number,
  attributes: Labels,
): void {
  for (let i = 1; i <= count; i++) {
    pushSpan(intake.builders.spans, registries, {
      traceId: String(i).padStart(32, "0"),
      spanId: String(i).padStart(16, "0"),
      name: "call",
      tsUs: START_US + minute * MINUTE_US + i,
      durationNs: i * 1_000_000,
      attributes,
    });
  }
}

function counter(
  { intake, registries }: StoreFixture,
  name: string,
  labels: Labels,
  points: readonly (readonly [second: number, value: number])[],
): void {
  const all = { job: "shop", ...labels };
  const id = registries.series.resolve(name, "counter", "", sortLabels(Object.entries(all)), "");
  for (const [second, value] of points) {
    intake.builders.metrics.push(id, START_US + second * 1_000_000, value);
  }
}

function histogram(
  { intake, registries }: StoreFixture,
  name: string,
  unit: string,
  labels: Labels,
  bounds: readonly number[],
  points: readonly (readonly [second: number, counts: readonly number[]])[],
): void {
  const all = { job: "shop", ...labels };
  const id = registries.series.resolve(name, "counter", unit, sortLabels(Object.entries(all)), "");
  const boundsId = registries.bounds.idOf([...bounds]);
  for (const [second, counts] of points) {
    const count = counts.reduce((a, b) => a + b, 0);
    intake.builders.histograms.push({
      seriesId: id,
      tsUs: START_US + second * 1_000_000,
      count,
      sum: null,
      min: null,
      max: null,
      boundsId,
      counts,
    });
  }
}

const SELECT =
  `SELECT round(epoch(ts - make_timestamp(${START_US})) / 60)::INTEGER, source, service,
  system, method, side, requests, errors, round(p50_ms, 2), round(p95_ms, 2), round(p99_ms, 2)
  FROM rpc ORDER BY ALL`;

Deno.test("rpc: spans of the present and of older conventions, by minute", async () => {
  await withStore(async (fixture) => {
    const { intake, rows } = fixture;
    calls(fixture, 0, 100, { "rpc.system.name": "grpc", "rpc.method": "shop.Orders/Place" });
    calls(fixture, 1, 3, {
      "rpc.system": "grpc",
      "rpc.service": "shop.Orders",
      "rpc.method": "Place",
    });
    calls(fixture, 1, 2, {
      "rpc.system": "grpc",
      "rpc.service": "shop.Orders",
      "rpc.method": "Place",
      "rpc.grpc.status_code": "14",
    });
    // Not found is the caller's business.
    calls(fixture, 2, 1, {
      "rpc.method": "shop.Orders/Get",
      "rpc.response.status_code": "NOT_FOUND",
    });
    calls(fixture, 2, 2, {
      "http.request.method": "GET",
      "http.route": "/orders/{id}",
      "http.response.status_code": "503",
    });
    calls(fixture, 2, 1, {
      "http.method": "POST",
      "http.status_code": "404",
      "http.target": "/x?y=1",
    });
    calls(fixture, 2, 5, { "db.system": "postgresql" });
    await intake.commit(0);
    assert.deepEqual(await rows(SELECT), [
      [0, "spans", "shop", "grpc", "shop.Orders/Place", "server", 100, 0, 50.5, 95.05, 99.01],
      [1, "spans", "shop", "grpc", "shop.Orders/Place", "server", 5, 2, 2, 2.8, 2.96],
      [2, "spans", "shop", "http", "GET /orders/{id}", "server", 2, 2, 1.5, 1.95, 1.99],
      [2, "spans", "shop", "http", "POST", "server", 1, 0, 1, 1, 1],
      [2, "spans", "shop", null, "shop.Orders/Get", "server", 1, 0, 1, 1, 1],
    ]);
    const some = await rows(
      `SELECT count(*) FROM rpc_between(make_timestamp(${START_US + 2 * MINUTE_US}), now_utc())`,
    );
    assert.deepEqual(some, [[3]]);
    const { request } = fakeWeb({
      store: fixture.store,
      clock: systemClock,
    });
    const answer = RpcJson.parse(await (await request("/api/rpc?service=shop")).json());
    assert.deepEqual(answer.rows[0], {
      ts: null,
      source: "spans",
      service: "shop",
      system: "grpc",
      method: "shop.Orders/Place",
      side: "server",
      requests: 105,
      errors: 2,
      requests_per_second: 105 / 3600,
      p50_ms: 50.5,
      p95_ms: 95.05,
      p99_ms: 99.01,
    });
    const from = new Date(START_US / 1000 + 60_000).toISOString();
    const to = new Date(START_US / 1000 + 120_000).toISOString();
    const minutes = await (await request(`/api/rpc?by=minute&from=${from}&to=${to}`)).json();
    assert.deepEqual(
      RpcJson.parse(minutes).rows.map(({ ts, requests }) => [ts, requests]),
      [[from.replace(".000Z", "Z"), 5]],
    );
    assert.deepEqual((await (await request("/api/rpc?service=none")).json()).rows, []);
    assert.equal((await request(`/api/rpc?from=${to}&to=${from}`)).status, 400);
    assert.equal((await request("/api/rpc?from=yesterday")).status, 400);
  });
});

Deno.test("rpc: scraped gRPC counters and histograms, over a restart", async () => {
  await withStore(async (fixture) => {
    const { intake, rows } = fixture;
    const place = { grpc_service: "shop.Orders", grpc_method: "Place", grpc_type: "unary" };
    counter(fixture, "grpc_server_handled_total", { ...place, grpc_code: "OK" }, [
      [10, 100],
      [20, 110],
      [50, 140],
      // It was restarted and has counted 5 since.
      [70, 5],
      [80, 25],
    ]);
    counter(fixture, "grpc_server_handled_total", { ...place, grpc_code: "Unavailable" }, [
      [10, 1],
      [50, 4],
      [70, 4],
    ]);
    counter(fixture, "grpc_server_handled_total", { ...place, grpc_code: "NotFound" }, [
      [10, 0],
      [50, 2],
    ]);
    histogram(fixture, "grpc_server_handling_seconds", "", place, [0.01, 0.1, 1], [
      [10, [5, 5, 0, 0]],
      [20, [10, 5, 0, 0]],
      [50, [35, 25, 20, 0]],
    ]);
    await intake.commit(0);
    assert.deepEqual(await rows(SELECT), [
      // 30 below 10 ms, 20 below 100 ms, 20 below 1 s: half of them are below 10 + 90 * 5 / 20.
      [0, "metrics", "shop", "grpc", "shop.Orders/Place", "server", 45, 3, 32.5, 842.5, 968.5],
      [1, "metrics", "shop", "grpc", "shop.Orders/Place", "server", 25, 0, null, null, null],
    ]);
  });
});

Deno.test("rpc: OpenTelemetry's histograms, added up over their statuses and units", async () => {
  await withStore(async (fixture) => {
    const { intake, rows } = fixture;
    const http = { "http.request.method": "GET", "http.route": "/a" };
    for (const [status, n] of [["200", 90], ["500", 10]] as const) {
      const labels = { ...http, "http.response.status_code": status };
      histogram(fixture, "http.server.request.duration", "s", labels, [0.1, 0.2], [
        [0, [0, 0, 0]],
        [30, [n, 0, 0]],
      ]);
    }
    histogram(
      fixture,
      "rpc.client.duration",
      "ms",
      {
        "rpc.system": "grpc",
        "rpc.service": "s.S",
        "rpc.method": "M",
        "rpc.grpc.status_code": "5",
      },
      [10, 20],
      [[0, [1, 0, 0]], [30, [1, 0, 4]]],
    );
    await intake.commit(0);
    assert.deepEqual(await rows(SELECT), [
      [0, "metrics", "shop", "grpc", "s.S/M", "client", 4, 4, 20, 20, 20],
      [0, "metrics", "shop", "http", "GET /a", "server", 100, 10, 50, 95, 99],
    ]);
  });
});

Deno.test("rpc: OpenTelemetry's histograms as a Prometheus target shows them, and gRPC's own", async () => {
  await withStore(async (fixture) => {
    const { intake, rows } = fixture;
    const points = [[0, [0, 0, 0]], [30, [0, 4, 0]]] as const;
    const call = { rpc_system: "grpc", rpc_service: "s.S" };
    histogram(
      fixture,
      "rpc_server_duration_milliseconds",
      "",
      { ...call, rpc_method: "Old", rpc_grpc_status_code: "13" },
      [10, 20],
      points,
    );
    histogram(
      fixture,
      "rpc_client_call_duration_seconds",
      "s",
      { rpc_system_name: "grpc", rpc_method: "s.S/New", rpc_response_status_code: "NOT_FOUND" },
      [0.01, 0.02],
      points,
    );
    histogram(
      fixture,
      "http_server_request_duration_seconds",
      "",
      { http_request_method: "GET", http_route: "/a", http_response_status_code: "404" },
      [0.01, 0.02],
      points,
    );
    histogram(
      fixture,
      "grpc.server.call.duration",
      "s",
      { "grpc.method": "s.S/Own", "grpc.status": "DEADLINE_EXCEEDED" },
      [0.01, 0.02],
      points,
    );
    await intake.commit(0);
    assert.deepEqual(await rows(SELECT), [
      [0, "metrics", "shop", "grpc", "s.S/New", "client", 4, 4, 15, 19.5, 19.9],
      [0, "metrics", "shop", "grpc", "s.S/Old", "server", 4, 4, 15, 19.5, 19.9],
      [0, "metrics", "shop", "grpc", "s.S/Own", "server", 4, 4, 15, 19.5, 19.9],
      [0, "metrics", "shop", "http", "GET /a", "server", 4, 0, 15, 19.5, 19.9],
    ]);
  });
});

Deno.test("rpc: a call that had no answer is an error by its error.type", async () => {
  await withStore(async (fixture) => {
    const { intake, rows } = fixture;
    const get = { "http.request.method": "GET" };
    const points = [[0, [0, 0]], [30, [3, 0]]] as const;
    const name = "http.client.request.duration";
    histogram(fixture, name, "s", { ...get, "error.type": "ECONNREFUSED" }, [1], points);
    histogram(fixture, name, "s", { ...get, "http.response.status_code": "200" }, [1], points);
    // A code that was given decides: not found is the caller's business.
    histogram(
      fixture,
      "rpc.server.call.duration",
      "s",
      { "rpc.method": "s.S/Get", "rpc.response.status_code": "NOT_FOUND", "error.type": "x" },
      [1],
      points,
    );
    await intake.commit(0);
    assert.deepEqual(
      await rows("SELECT method, requests, errors FROM rpc ORDER BY ALL"),
      [["GET", 6, 3], ["s.S/Get", 3, 0]],
    );
  });
});

Deno.test("rpc: nothing stored is no row; histogram_quantile over odd histograms", async () => {
  await withStore(async ({ rows }) => {
    assert.deepEqual(await rows("SELECT count(*) FROM rpc"), [[0]]);
    const table: readonly (readonly [q: number, bounds: string, counts: string, value: unknown])[] =
      [
        [0.5, "[1.0, 2.0]", "[0, 10, 0]", 1.5],
        [0.5, "[1.0, 2.0]", "[10, 0, 0]", 0.5],
        [1, "[1.0, 2.0]", "[10, 0, 1]", 2],
        [0, "[1.0, 2.0]", "[0, 10, 0]", 1],
        [0.5, "[-2.0, 2.0]", "[4, 0, 0]", -2],
        [0.5, "[1.0]", "[0, 0]", null],
        [0.5, "[]::DOUBLE[]", "[7]", null],
      ];
    for (const [q, bounds, counts, value] of table) {
      const answer = await rows(`SELECT histogram_quantile(${q}, ${bounds}, ${counts}::UBIGINT[])`);
      assert.deepEqual(answer, [[value]], `${q} ${bounds} ${counts}`);
    }
  });
});

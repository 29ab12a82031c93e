import assert from "node:assert/strict";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";
import { type RunningScript, startScript } from "../support/run_script.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";

// Deno's built-in OpenTelemetry, as a service turns it on: by its environment.

/** Runs `use` against a server in a process of its own that tells Horizon what it does. */
async function withService(
  horizon: RunningHorizon,
  service: string,
  use: (url: string, script: RunningScript) => Promise<void>,
): Promise<void> {
  const script = startScript("otel/serve_hello.ts", [], {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: horizon.otlpHttpUrl,
    OTEL_SERVICE_NAME: service,
    OTEL_BSP_SCHEDULE_DELAY: "200",
  });
  try {
    const url = await until(
      "the service's address",
      PATIENCE_MS,
      () => script.out.lines[0] ?? null,
    );
    await use(url, script);
  } finally {
    // It sends what it has left before it ends.
    const code = await within("the service's end", PATIENCE_MS, script.end());
    assert.equal(code, 0, script.errors.text);
  }
  assert.equal(script.errors.text, "");
}

Deno.test("OTLP/HTTP: spans, logs and metrics of Deno's own OpenTelemetry are found by SQL", async () => {
  await withHorizon(async (horizon) => {
    await withService(horizon, "hello", async (url) => {
      assert.equal(await (await fetch(`${url}/outer`)).text(), "inner");
    });
    const spans = await horizon.sql(
      `SELECT o.kind, c.kind, i.kind, o.attributes['url.path'], i.attributes['url.path'],
         o.attributes['http.response.status_code'], o.parent_span_id,
         o.trace_id = c.trace_id AND c.trace_id = i.trace_id
       FROM spans o JOIN spans c ON c.parent_span_id = o.span_id
         JOIN spans i ON i.parent_span_id = c.span_id
       WHERE o.service = 'hello'`,
    );
    assert.deepEqual(spans, [
      ["server", "client", "server", "/outer", "/inner", "200", null, true],
    ]);
    assert.deepEqual(await horizon.sql("SELECT count(*) FROM spans WHERE service = 'hello'"), [
      [3],
    ]);
    assert.deepEqual(
      await horizon.sql(
        `SELECT l.body, l.severity, l.attributes['log.iostream'], s.attributes['url.path']
         FROM logs l JOIN spans s ON s.span_id = l.span_id AND s.trace_id = l.trace_id
         WHERE l.service = 'hello' ORDER BY l.ts`,
      ),
      [
        ["asked for /outer\n", "INFO", "stdout", "/outer"],
        ["asked for /inner\n", "INFO", "stdout", "/inner"],
      ],
    );
    assert.deepEqual(
      await horizon.sql(
        `SELECT max("count"), max("sum") > 0, any_value(unit) FROM histograms
         WHERE service = 'hello' AND name = 'http.server.request.duration'`,
      ),
      [[2, true, "s"]],
    );
    assert.deepEqual(
      await horizon.sql(
        `SELECT kind, unit, arg_max(value, ts) FROM metrics
         WHERE service = 'hello' AND name = 'http.server.active_requests' GROUP BY ALL`,
      ),
      [["updown", "{request}", 0]],
    );
  });
});

Deno.test("SQL: one statement joins spans with the memory of the process that emitted them", async () => {
  await withHorizon(async (horizon) => {
    await withService(horizon, "joined", async (url, script) => {
      await until("a sample of the service's memory", PATIENCE_MS, async () => {
        const [row] = await horizon.sql(
          `SELECT 1 FROM metrics WHERE name = 'process.memory.usage'
             AND labels['process.pid'] = ? AND value > 10e6 LIMIT 1`,
          [`${script.pid}`],
        );
        return row ?? null;
      });
      for (const path of ["/a", "/b", "/c"]) await (await fetch(`${url}${path}`)).text();
      // The memory as it was last seen before each span, of the process that the span names.
      const rows = await until("the spans, joined", PATIENCE_MS, async () => {
        const found = await horizon.sql(
          `SELECT s.attributes['url.path'] AS path, s.name, m.value AS rss,
             epoch_ms(s.ts) - epoch_ms(m.ts) AS age_ms
           FROM spans s
           ASOF JOIN (SELECT ts, value, labels['process.pid'] AS pid
                      FROM metrics WHERE name = 'process.memory.usage') m
             ON m.pid = s.resource['process.pid'] AND m.ts <= s.ts
           WHERE s.service = 'joined' AND s.parent_span_id IS NULL ORDER BY path`,
        );
        return found.length === 3 ? found : null;
      });
      assert.deepEqual(rows.map(([path, name]) => [path, name]), [
        ["/a", "GET"],
        ["/b", "GET"],
        ["/c", "GET"],
      ]);
      for (const [, , rss, ageMs] of rows) {
        assert.ok(Number(rss) > 10_000_000 && Number(rss) < 1_000_000_000, `${rss} bytes`);
        assert.ok(Number(ageMs) >= 0 && Number(ageMs) < 20_000, `${ageMs} ms`);
      }
      // The same by a window of time instead.
      const window = await horizon.sql(
        `SELECT DISTINCT s.attributes['url.path']
         FROM spans s JOIN metrics m
           ON m.labels['process.pid'] = s.resource['process.pid']
           AND m.ts BETWEEN s.ts - INTERVAL 20 SECOND AND s.ts + INTERVAL 20 SECOND
         WHERE s.service = 'joined' AND m.name = 'process.cpu.utilization'
           AND s.parent_span_id IS NULL ORDER BY ALL`,
      );
      assert.deepEqual(window, [["/a"], ["/b"], ["/c"]]);
    });
  });
});

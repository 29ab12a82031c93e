import assert from "node:assert/strict";
import { CheckJson, ChecksJson } from "../../web/api/check_routes.ts";
import { type RunningHorizon, startHorizon, withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

/** Runs `test` against a Horizon with these checks, which stand in a file of JSON. */
async function withChecks(
  checks: readonly unknown[],
  test: (horizon: RunningHorizon) => Promise<void>,
  rest: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const config = `${folder}/horizon.yaml`;
    await Deno.writeTextFile(config, JSON.stringify({ ...rest, health: { checks } }));
    await withHorizon(test, { args: ["--config", config] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function report({ url }: RunningHorizon) {
  const response = await fetch(`${url}/api/health`);
  assert.equal(response.status, 200);
  return ChecksJson.parse(await response.json());
}

/** Waits until every check has run so often. */
function afterRuns(horizon: RunningHorizon, runs: number) {
  return until(`${runs} runs of each check`, PATIENCE_MS, async () => {
    const now = await report(horizon);
    return now.checks.every((check) => check.runs >= runs) ? now : null;
  });
}

const often = { interval: "500ms", timeout: "400ms", failures: 1 };

Deno.test("health: checks of a running Horizon are in the API, in SQL, in the metrics and in the log", async () => {
  let status = 200;
  const hanging = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async ({ url }) => {
      if (url.endsWith("/hang")) await hanging.promise;
      return new Response("said", { status });
    },
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  try {
    await withChecks([
      { ...often, name: "api", service: "shop", as: "readiness", http: { url: `${base}/api` } },
      { ...often, name: "hangs", service: "stock", http: { url: `${base}/hang` } },
      { ...often, name: "port", tcp: { address: `127.0.0.1:${server.addr.port}` } },
      {
        ...often,
        name: "self",
        service: "shop",
        // As source or compiled, this is what runs.
        process: { group: "horizon" },
      },
      {
        ...often,
        name: "hanging-command",
        service: "tools",
        command: { argv: ["/bin/sh", "-c", "sleep 1000 & sleep 1000"] },
      },
      {
        ...often,
        interval: "1s",
        timeout: "1s",
        failures: 3,
        name: "samples",
        sql: { query: "SELECT count(*) > 0, count(*) || ' samples' FROM metrics" },
      },
      { ...often, name: "both", dependency: { checks: ["port", "samples"] } },
    ], async (horizon) => {
      const first = await until("what is known of all", PATIENCE_MS, async () => {
        const now = await report(horizon);
        const settled = now.checks.every(({ state }) => state !== "unknown") &&
          now.checks.find(({ name }) => name === "both")?.state === "healthy";
        return settled ? now : null;
      });
      assert.deepEqual(
        Object.fromEntries(first.checks.map(({ name, state }) => [name, state])),
        {
          api: "healthy",
          hangs: "unhealthy",
          port: "healthy",
          self: "healthy",
          "hanging-command": "unhealthy",
          samples: "healthy",
          both: "healthy",
        },
      );
      assert.deepEqual(
        first.services.map(({ service, state }) => `${service} ${state}`),
        ["shop healthy", "stock unhealthy", "tools unhealthy"],
      );
      assert.equal(first.host.state, "degraded");
      assert.deepEqual(first.services[1]?.reasons, [
        "hangs is unhealthy: no answer within 400 ms",
      ]);
      // What hangs delays nobody: the others go on, run by run.
      await afterRuns(horizon, 5);

      status = 500;
      await until("the failure", PATIENCE_MS, async () => {
        const { services } = await report(horizon);
        return services.find(({ service }) => service === "shop")?.state === "unhealthy" || null;
      });
      const rows = await until("its rows", PATIENCE_MS, async () => {
        const found = await horizon.sql(
          `SELECT event, service, role, kind, previous_state, state, severity, message, output
           FROM health_checks WHERE name = 'api' AND event = 'change' AND message LIKE 'answers 500%'`,
        );
        return found.length > 0 ? found : null;
      });
      assert.deepEqual(rows[0], [
        "change",
        "shop",
        "readiness",
        "http",
        "healthy",
        "unhealthy",
        "error",
        "answers 500, not 200-399",
        "said",
      ]);
      const found = await until("its samples", PATIENCE_MS, async () => {
        const rows = await horizon.sql(
          `SELECT list(DISTINCT value ORDER BY value) FROM metrics
           WHERE name = 'health.check.status' AND service = 'shop'
             AND labels['health.check.name'] = 'api'`,
        );
        return String(rows[0]?.[0]) === "0,1" ? rows : null;
      });
      assert.deepEqual(found, [[[0, 1]]]);
      const metrics = await (await fetch(`${horizon.url}/metrics`)).text();
      const shown = metrics.split("\n").filter((line) => line.startsWith("health_check_status"));
      assert.ok(
        shown.some((line) => line.includes('="api"') && / 0\b/.test(line)),
        shown.join("\n"),
      );
      assert.match(horizon.log, /"event":"health_changed".*"check":"api"/);

      status = 200;
      // A run under way is waited for, and may have asked before.
      await until("a good run", PATIENCE_MS, async () => {
        const run = await fetch(`${horizon.url}/api/health/api/run`, { method: "POST" });
        return CheckJson.parse(await run.json()).state === "healthy" || null;
      });
      const none = await fetch(`${horizon.url}/api/health/nobody/run`, { method: "POST" });
      assert.equal(none.status, 404);
      await none.body?.cancel();
    }, {
      collectors: {
        processes: {
          interval: "200ms",
          groups: [{
            service: "horizon",
            match: { command_line: "horizon|main\\.ts" },
            children: true,
          }],
        },
      },
    });
  } finally {
    hanging.resolve();
    await server.shutdown();
  }
});

Deno.test("health: an HTTP server that swings is flapping; conditions and dependencies follow what is stored", async () => {
  let asked = 0;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(null, { status: asked++ % 2 === 0 ? 200 : 500 }),
  );
  try {
    await withChecks([
      {
        ...often,
        name: "swings",
        service: "shop",
        http: { url: `http://127.0.0.1:${server.addr.port}/` },
      },
      {
        name: "few-failures",
        interval: "1s",
        timeout: "1s",
        failures: 1,
        sql: {
          query: "SELECT count(*) < 2, count(*) || ' failures' FROM health_checks " +
            "WHERE name = 'swings' AND event = 'change' AND state = 'unhealthy'",
        },
      },
      { ...often, name: "all", dependency: { checks: ["swings", "few-failures"] } },
      { ...often, name: "refused", tcp: { address: "127.0.0.1:1" } },
      {
        ...often,
        name: "any",
        dependency: { checks: ["refused", "self"], need: "any" },
      },
      { ...often, name: "self", command: { argv: ["/bin/sh", "-c", "exit 0"] }, timeout: "500ms" },
    ], async (horizon) => {
      const flapping = await until("flapping", PATIENCE_MS, async () => {
        const now = await report(horizon);
        const settled = now.checks.find(({ name }) => name === "swings")?.flapping &&
          now.checks.find(({ name }) => name === "few-failures")?.state === "unhealthy" &&
          now.checks.find(({ name }) => name === "all")?.state === "unhealthy" &&
          now.checks.find(({ name }) => name === "any")?.state === "healthy";
        return settled ? now : null;
      });
      const shop = flapping.services.find(({ service }) => service === "shop");
      assert.match(shop?.reasons[0] ?? "", /swings is (un)?healthy and flapping/);
      const condition = flapping.checks.find(({ name }) => name === "few-failures");
      assert.match(condition?.reason ?? "", /^\d+ failures$/);
      const refused = flapping.checks.find(({ name }) => name === "refused");
      assert.equal(refused?.state, "unhealthy");
      await until("its event", PATIENCE_MS, async () => {
        const rows = await horizon.sql(
          "SELECT severity FROM health_checks WHERE name = 'swings' AND event = 'flapping'",
        );
        return rows[0]?.[0] === "warn" || null;
      });
    });
  } finally {
    await server.shutdown();
  }
});

Deno.test("health: a start of Horizon is no change of what it watches", async () => {
  const folder = await Deno.makeTempDir();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = (async () => {
    for await (const connection of listener) connection.close();
  })().catch(() => undefined);
  try {
    const config = `${folder}/horizon.yaml`;
    const checks = [
      { ...often, name: "gone", service: "shop", tcp: { address: `127.0.0.1:${port}` } },
      { ...often, name: "well", service: "shop", command: { argv: ["/bin/true"] } },
    ];
    await Deno.writeTextFile(config, JSON.stringify({ health: { checks } }));
    const args = ["--config", config, "--data-dir", `${folder}/data`];
    const changesIn = ({ sql }: RunningHorizon) =>
      sql(`SELECT name, previous_state, state, epoch_ms(ts)::DOUBLE FROM health_checks
        WHERE event = 'change' ORDER BY ts, name`);
    const seen = await startHorizon({ args });
    let before: Awaited<ReturnType<typeof report>>;
    let changes: unknown[][];
    try {
      await afterRuns(seen, 2);
      listener.close();
      await accepting;
      before = await until("unhealthy", PATIENCE_MS, async () => {
        const now = await report(seen);
        const [gone, well] = now.checks;
        return gone?.state === "unhealthy" && well?.state === "healthy" ? now : null;
      });
      changes = await until("stored", PATIENCE_MS, async () => {
        const rows = await changesIn(seen);
        return rows.length === 3 ? rows : null;
      });
    } finally {
      await seen.stop();
    }
    await withHorizon(async (horizon) => {
      const first = await report(horizon);
      const pick = ({ name, state, since, changes }: (typeof first.checks)[number]) => (
        { name, state, since, changes }
      );
      assert.deepEqual(first.checks.map(pick), before.checks.map(pick));
      assert.equal(first.services[0]?.state, "unhealthy");
      const later = await afterRuns(horizon, 3);
      assert.deepEqual(later.checks.map(pick), before.checks.map(pick));
      assert.deepEqual(await changesIn(horizon), changes);
      assert.doesNotMatch(horizon.log, /health_changed|health_not_recalled/);
    }, { args });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

import assert from "node:assert/strict";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { keyValues } from "../unit/mod/otlp/reference_encoder.ts";

// One Horizon that sends on to another, and one whose other side hangs.

async function configFile(pipeline: unknown): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "horizon-test-", suffix: ".yaml" });
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      pipeline,
      collectors: { host: { enabled: false }, processes: { enabled: false } },
    }),
  );
  return path;
}

async function sendLog(url: string, body: string): Promise<void> {
  const response = await fetch(`${url}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      resourceLogs: [{
        resource: { attributes: keyValues({ "service.name": "shop", zone: "z1" }) },
        scopeLogs: [{
          logRecords: [{
            timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
            body: { stringValue: body },
            attributes: keyValues({ n: "1" }),
          }],
        }],
      }],
    }),
  });
  assert.equal(response.status, 200);
  await response.body?.cancel();
}

Deno.test("forward: what one Horizon keeps another has as well, without secrets and without what was dropped", async () => {
  await withHorizon(async (far) => {
    const path = await configFile({
      processors: [{ name: "noise", action: "drop", when: { body: "^noise" } }],
      forward: [{ name: "far", endpoint: far.otlpHttpUrl }],
    });
    await withHorizon(async (near) => {
      await sendLog(near.otlpHttpUrl, "login with password=hunter2");
      await sendLog(near.otlpHttpUrl, "noise");
      const rows = await until("the record on the far side", PATIENCE_MS, async () => {
        const found = await far.sql(
          "SELECT body, service, resource['zone'], attributes['n'] FROM logs",
        );
        return found.length > 0 ? found : null;
      });
      assert.deepEqual(rows, [["login with password=[redacted]", "shop", "z1", "1"]]);
      const { pipeline } = await (await fetch(`${near.url}/api/ingest`)).json();
      assert.equal(pipeline.sinks[0].sent_rows, 1);
      assert.deepEqual(pipeline.dropped_rows, [{ processor: "noise", signal: "logs", rows: 1 }]);
      assert.equal(await near.stop(), 0);
    }, { args: ["--config", path] });
    await Deno.remove(path);
  });
});

Deno.test("forward: a receiver that hangs holds up neither the store nor the shutdown", async () => {
  const asked = Promise.withResolvers<void>();
  const hanging = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ signal }) => {
      asked.resolve();
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve(new Response()))
      );
    },
  );
  const path = await configFile({
    forward: [{ name: "far", endpoint: `http://127.0.0.1:${hanging.addr.port}` }],
  });
  try {
    await withHorizon(async ({ url, otlpHttpUrl, sql, stop }) => {
      await sendLog(otlpHttpUrl, "first");
      await asked.promise;
      for (let i = 0; i < 20; i++) await sendLog(otlpHttpUrl, `line ${i}`);
      assert.deepEqual(await sql("SELECT count(*)::INTEGER FROM logs"), [[21]]);
      const { pipeline } = await (await fetch(`${url}/api/ingest`)).json();
      assert.equal(pipeline.sinks[0].sent_rows, 0);
      assert.ok(pipeline.sinks[0].queued_bytes > 0);
      assert.equal(await stop(), 0);
    }, { args: ["--config", path] });
  } finally {
    await hanging.shutdown();
    await Deno.remove(path);
  }
});

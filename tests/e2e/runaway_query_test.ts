import assert from "node:assert/strict";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

/** Holds the store's thread in one slice for minutes. */
const RUNAWAY = `SELECT len(list_filter(range(1000000),
  x -> list_contains(list_transform(range(5000), y -> x + y), -1)))`;

async function ready({ url }: RunningHorizon): Promise<boolean> {
  const response = await fetch(`${url}/readyz`);
  await response.body?.cancel();
  return response.status === 200;
}

/** Posts one log record; the status and what it says about trying again. */
async function post(horizon: RunningHorizon, body: string): Promise<[number, string | null]> {
  const record = {
    timeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
    body: { stringValue: body },
  };
  const response = await fetch(`${horizon.otlpHttpUrl}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
  });
  await response.body?.cancel();
  return [response.status, response.headers.get("retry-after")];
}

Deno.test("horizon: a query that cannot be stopped costs a restart of the store and nothing that was acknowledged", async () => {
  const folder = await Deno.makeTempDir({ prefix: "horizon-runaway-" });
  try {
    await withHorizon(async (horizon) => {
      let answered = false;
      const runaway = fetch(`${horizon.url}/api/sql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: RUNAWAY, timeout_ms: 500 }),
      }).finally(() => answered = true);
      const kept: string[] = [];
      let refused = 0;
      for (let i = 0; !answered || !await ready(horizon); i++) {
        const [status, retryAfter] = await post(horizon, `record ${i}`);
        if (status === 200) kept.push(`record ${i}`);
        else {
          assert.equal(status, 503);
          assert.ok(Number(retryAfter) > 0);
          refused++;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const response = await runaway;
      assert.equal(response.status, 504);
      assert.match(await response.text(), /deadline_exceeded.*had to be restarted/);
      const last = await until(
        "a record is kept",
        PATIENCE_MS,
        async () => (await post(horizon, "last"))[0] === 200 || null,
      );
      assert.ok(last);
      const bodies = (await horizon.sql("SELECT body FROM logs")).map(([body]) => body);
      for (const body of [...kept, "last"]) {
        assert.equal(
          bodies.filter((one) => one === body).length,
          1,
          `${body} of ${refused} refused`,
        );
      }
      assert.match(horizon.log, /"event":"store_restarted"/);
      const health = await (await fetch(`${horizon.url}/healthz`)).text();
      assert.match(health, /it was restarted: a query: it held the store/);
    }, { program: "executable", args: ["--data-dir", folder] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

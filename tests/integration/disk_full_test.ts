import assert from "node:assert/strict";
import { runHorizon, type RunningHorizon, startHorizon } from "../support/running_horizon.ts";
import { CANNOT_MOUNT, fillUp, remount, withSmallDisk } from "../support/small_disk.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const name = (test: string) => CANNOT_MOUNT === null ? test : `${test} [skipped: ${CANNOT_MOUNT}]`;

/** Posts one log record, which must be taken. */
async function post({ otlpHttpUrl }: RunningHorizon, body: string): Promise<void> {
  const record = {
    timeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
    body: { stringValue: body },
  };
  const response = await fetch(`${otlpHttpUrl}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
  });
  assert.equal(response.status, 200, await response.text());
}

/** The status of `/readyz` once it is `wanted`. */
function readyz({ url }: RunningHorizon, wanted: number): Promise<true> {
  return until(`/readyz is ${wanted}`, PATIENCE_MS, async () => {
    const response = await fetch(`${url}/readyz`);
    await response.body?.cancel();
    return response.status === wanted || null;
  });
}

/** The value of one line of `/metrics`. */
async function metric({ url }: RunningHorizon, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split("\n").find((one) => one.startsWith(`${line} `));
  assert.ok(found !== undefined, `no ${line}`);
  return Number(found.slice(line.length + 1));
}

Deno.test({
  name: name(
    "horizon: a full disk is told, kept going without, and made up for once there is room",
  ),
  ignore: CANNOT_MOUNT !== null,
  fn: () =>
    withSmallDisk("size=8m", async (path) => {
      const args = ["--data-dir", `${path}/data`];
      const horizon = await startHorizon({ args });
      try {
        await post(horizon, "before");
        await readyz(horizon, 200);
        fillUp(`${path}/ballast`);
        for (let i = 0; i < 5; i++) await post(horizon, `while full ${i}`);
        await readyz(horizon, 503);
        assert.match(
          await (await fetch(`${horizon.url}/healthz`)).text(),
          /cannot write to .*No space left/,
        );
        assert.ok(await metric(horizon, "horizon_disk_failed_writes_total") > 0);
        assert.ok(await metric(horizon, "horizon_disk_waiting_rows") >= 5);
        assert.equal(await metric(horizon, "horizon_disk_up"), 0);
        await Deno.remove(`${path}/ballast`);
        await readyz(horizon, 200);
        assert.equal(await metric(horizon, "horizon_disk_waiting_rows"), 0);
        assert.equal(await metric(horizon, "horizon_disk_unlogged_rows_total"), 0);
      } finally {
        await horizon.kill();
      }
      const again = await startHorizon({ args });
      try {
        assert.deepEqual(
          await again.sql("SELECT body, count(*) FROM logs GROUP BY 1 ORDER BY 1"),
          ["before", ...[0, 1, 2, 3, 4].map((i) => `while full ${i}`)].map((body) => [body, 1]),
        );
      } finally {
        await again.kill();
      }
    }),
});

Deno.test({
  name: name(
    "horizon: a data directory that cannot be used ends the start with one sentence and a code",
  ),
  ignore: CANNOT_MOUNT !== null,
  fn: () =>
    withSmallDisk("size=1m", async (path) => {
      await Deno.writeTextFile(`${path}/file`, "");
      const serve = (directory: string) =>
        runHorizon([
          ...["serve", "--listen", "127.0.0.1:0", "--otlp-http", "off", "--otlp-grpc", "off"],
          ...["--data-dir", `${path}/${directory}`],
        ]);
      const file = await serve("file");
      assert.equal(file.code, 2, file.stderr);
      assert.match(file.stderr, /"message":"the data directory .* is a file; name a directory/);
      remount(path, "ro");
      const readOnly = await serve("data");
      assert.equal(readOnly.code, 1, readOnly.stderr);
      assert.match(readOnly.stderr, /"message":"the data directory .* cannot be used: Read-only/);
    }),
});

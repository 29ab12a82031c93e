import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { lokiPush } from "../support/loki_push.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { snappyBlock } from "../support/snappy_block.ts";

const OFF = ["collectors: { host: { enabled: false }, processes: { enabled: false } }", ""];

Deno.test("loki: what is pushed as JSON, gzip and protobuf with snappy is found by SQL at once", async () => {
  const folder = await Deno.makeTempDir();
  const config = `${folder}/horizon.yaml`;
  await Deno.writeTextFile(config, OFF.join("\n"));
  await withHorizon(async ({ url, sql }) => {
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const push = (headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${url}/loki/api/v1/push`, { method: "POST", headers, body }).then(async (response) => {
        await response.text();
        return response.status;
      });
    const body = (line: string) =>
      JSON.stringify({
        streams: [{ stream: { service_name: "shop" }, values: [[String(nowNs), line]] }],
      });
    const type = { "content-type": "application/json" };
    assert.equal(await push(type, body("plain json")), 204);
    const zipped = Uint8Array.from(gzipSync(body("gzip json")));
    assert.equal(await push({ ...type, "content-encoding": "gzip" }, zipped), 204);
    const proto = lokiPush('{service_name="shop", level="warn"}', [
      { ns: nowNs, line: "protobuf", metadata: { user: "ada" } },
    ]);
    const protobuf = { "content-type": "application/x-protobuf" };
    assert.equal(await push(protobuf, snappyBlock(proto)), 204);
    assert.deepEqual(
      await sql(
        `SELECT body, service, severity, attributes['user'] FROM logs
         WHERE source = 'loki' ORDER BY body`,
      ),
      [
        ["gzip json", "shop", "", null],
        ["plain json", "shop", "", null],
        ["protobuf", "shop", "warn", "ada"],
      ],
    );
    assert.equal(await push(type, "{}"), 400);
    assert.equal(await push(protobuf, proto), 400);
    assert.equal(await push({ "content-type": "text/plain" }, "x"), 415);
    const { sources } = await (await fetch(`${url}/api/ingest`)).json();
    const loki = sources.find(({ kind }: { kind: string }) => kind === "loki");
    assert.equal(loki.signals.logs.accepted, 3);
    assert.deepEqual(loki.refused, { invalid_argument: 2, unsupported_media_type: 1 });
  }, { args: ["--config", config] });
  await Deno.remove(folder, { recursive: true });
});

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { gzipSync } from "node:zlib";
import { encodeV1, encodeV2 } from "../support/remote_write_encoder.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { snappyBlock } from "../support/snappy_block.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const CONFIG = `
receivers:
  graphite: { tcp: "127.0.0.1:0", udp: "127.0.0.1:0" }
  statsd: { tcp: "127.0.0.1:0", udp: "127.0.0.1:0", flush_interval: 200ms }
  influx: { udp: "127.0.0.1:0" }
  syslog: { tcp: "127.0.0.1:0", udp: "127.0.0.1:0" }
collectors:
  host: { enabled: false }
  processes: { enabled: false }
`;

async function sendTcp(address: string | undefined, text: string): Promise<void> {
  const port = Number(address?.split(":")[1]);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  await conn.closeWrite();
  const rest = new Uint8Array(16);
  while (await conn.read(rest).catch(() => null) !== null);
}

async function sendUdp(
  address: string | undefined,
  datagrams: readonly string[],
): Promise<void> {
  const port = Number(address?.split(":")[1]);
  const socket = createSocket("udp4");
  for (const datagram of datagrams) {
    await new Promise<void>((resolve, reject) =>
      socket.send(datagram, port, "127.0.0.1", (error) => error ? reject(error) : resolve())
    );
  }
  socket.close();
}

interface SourceJson {
  readonly kind: string;
  readonly name: string;
  readonly signals: {
    readonly metrics?: { readonly accepted: number; readonly rejected: Record<string, number> };
  };
}

async function sourcesOf(url: string): Promise<SourceJson[]> {
  const answer: { sources: SourceJson[] } = await (await fetch(`${url}/api/ingest`)).json();
  return answer.sources;
}

Deno.test("receivers: what Graphite, StatsD and InfluxDB clients send is found by SQL", async () => {
  const folder = await Deno.makeTempDir();
  const config = `${folder}/horizon.yaml`;
  await Deno.writeTextFile(config, CONFIG);
  await withHorizon(async (horizon) => {
    const { addresses, url } = horizon;
    const now = Math.floor(Date.now() / 1000);
    const lines = Array.from({ length: 5_000 }, (_, i) => `many.${i % 100} ${i} ${now}\n`).join("");
    await sendTcp(addresses["graphite_tcp"], `${lines}carbon.tcp;dc=eu 1.5 ${now}\nbroken\n`);
    await sendUdp(addresses["graphite_udp"], [`carbon.udp 2.5 ${now}`]);
    await sendUdp(addresses["statsd_udp"], [
      "page.views:1|c|#service:shop,env:prod\npage.views:2|c|@0.5|#env:prod,service:shop",
      "queue:10|g",
      "queue:+5|g",
      "took:12:30:999|ms",
      "users:a|s\nusers:b|s\nusers:a|s",
      "what is this",
    ]);
    await sendTcp(addresses["statsd_tcp"], "by.tcp:4|c\n");
    await sendUdp(addresses["influx_udp"], [`disk,path=/ used=7i,free=3i ${now}000000000`]);
    const written = await fetch(`${url}/influx/api/v2/write?org=o&bucket=b&precision=s`, {
      method: "POST",
      headers: { "content-encoding": "gzip" },
      body: Uint8Array.from(gzipSync(`cpu,host=a usage=0.25,note="text" ${now}\n`)),
    });
    assert.equal(written.status, 204, await written.text());
    const partial = await fetch(`${url}/influx/write?db=x&precision=ms`, {
      method: "POST",
      body: `good v=1 ${now}000\nbad line here\n`,
    });
    assert.equal(partial.status, 400);
    assert.match(await partial.text(), /partial write: .*bad line here/);
    assert.equal((await fetch(`${url}/influx/ping`)).status, 204);

    const expected = [
      ["by.tcp", "counter", 4],
      ["carbon.tcp", "gauge", 1.5],
      ["carbon.udp", "gauge", 2.5],
      ["cpu_usage", "gauge", 0.25],
      ["disk_free", "gauge", 3],
      ["disk_used", "gauge", 7],
      ["good_v", "gauge", 1],
      ["page.views", "counter", 5],
      ["queue", "gauge", 15],
    ];
    const rows = () =>
      horizon.sql(`SELECT name, kind, max(value) FROM metrics
        WHERE name NOT LIKE 'many.%' AND name <> 'users' GROUP BY ALL ORDER BY name`);
    await until("all", PATIENCE_MS, async () => {
      const found = await rows();
      return JSON.stringify(found) === JSON.stringify(expected) || null;
    }).catch(async (error) => {
      assert.deepEqual(await rows(), expected);
      throw error;
    });
    assert.deepEqual(
      await horizon.sql("SELECT count(*), sum(value) FROM metrics WHERE name LIKE 'many.%'"),
      [["5000", 12_497_500]].map(([n, sum]) => [Number(n), sum]),
    );
    assert.deepEqual(
      await horizon.sql(`SELECT DISTINCT service, labels['env'] FROM metrics
        WHERE name = 'page.views'`),
      [["shop", "prod"]],
    );
    assert.deepEqual(
      await horizon.sql("SELECT max(value) FROM metrics WHERE name = 'users'"),
      [[2]],
    );
    assert.deepEqual(
      await horizon.sql(`SELECT unit, max(count), max(sum), min(min), max(max) FROM histograms
        WHERE name = 'took' GROUP BY unit`),
      [["ms", 3, 1041, 12, 999]],
    );

    const sources = await sourcesOf(url);
    const of = (kind: string, name: string) =>
      sources.find((one) => one.kind === kind && one.name.startsWith(name))?.signals.metrics;
    assert.equal(of("graphite", "tcp")?.accepted, 5_001);
    assert.deepEqual(of("graphite", "tcp")?.rejected, { malformed_line: 1 });
    assert.deepEqual(of("statsd", "udp")?.rejected, { malformed_line: 1 });
    assert.deepEqual(of("influx", "/influx")?.rejected, { string_field: 1, malformed_line: 1 });
  }, { args: ["--config", config] });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("remote write: exemplars are found by SQL, with the trace they lead to", async () => {
  await withHorizon(async ({ url, sql }) => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const series = (name: string) => [{
      labels: { __name__: name, le: "1" },
      samples: [{ value: 1, timestamp: Date.now() }],
      exemplars: [{
        labels: [{ name: "trace_id", value: traceId }],
        value: 0.5,
        timestamp: Date.now(),
      }],
    }];
    const bodies = [
      ["application/x-protobuf", encodeV1(series("one_bucket"))],
      [
        "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        encodeV2(series("two_bucket")),
      ],
    ] as const;
    for (const [type, body] of bodies) {
      const answer = await fetch(`${url}/prometheus/api/v1/write`, {
        method: "POST",
        headers: { "content-type": type },
        body: snappyBlock(body),
      });
      assert.equal(answer.status, 204, await answer.text());
      assert.equal(answer.headers.get("x-prometheus-remote-write-exemplars-written"), "1");
    }
    assert.deepEqual(
      await sql("SELECT name, value, trace_id, labels['le'] FROM exemplars ORDER BY name"),
      [["one_bucket", 0.5, traceId, "1"], ["two_bucket", 0.5, traceId, "1"]],
    );
  });
});

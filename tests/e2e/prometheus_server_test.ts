import assert from "node:assert/strict";
import { needing, programPath, withProgram } from "../support/debian_peer.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const EXPOSITION = `# HELP orders_total Orders.
# TYPE orders_total counter
orders_total{shop="a\\"b",region="eu"} 42
# TYPE queue_length gauge
queue_length 7.5
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 1
wait_seconds_bucket{le="+Inf"} 3
wait_seconds_sum 2.5
wait_seconds_count 3
# TYPE wild untyped
wild NaN
`;

function configuration(target: string, write: string): string {
  return JSON.stringify({
    global: { scrape_interval: "500ms", scrape_timeout: "400ms" },
    scrape_configs: [{ job_name: "shop", static_configs: [{ targets: [target] }] }],
    remote_write: [{
      url: write,
      metadata_config: { send: true, send_interval: "500ms" },
      queue_config: { batch_send_deadline: "200ms" },
    }],
  });
}

Deno.test({
  ...needing(
    "prometheus",
    "a real Prometheus server writes into Horizon, values and kinds as it has them",
  ),
  fn: async () => {
    await using target = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => undefined },
      () => new Response(EXPOSITION, { headers: { "content-type": "text/plain; version=0.0.4" } }),
    );
    const folder = await Deno.makeTempDir();
    const address = `127.0.0.1:${target.addr.port}`;
    try {
      await withHorizon(async ({ url, sql }) => {
        const file = `${folder}/prometheus.yml`;
        await Deno.writeTextFile(file, configuration(address, `${url}/prometheus/api/v1/write`));
        const args = [
          `--config.file=${file}`,
          `--storage.tsdb.path=${folder}/data`,
          "--web.listen-address=127.0.0.1:0",
        ];
        await withProgram(programPath("prometheus")!, args, async () => {
          // Metadata comes a while after the first samples; by then the kinds are known.
          await until("samples with their kinds", PATIENCE_MS, async () => {
            const [row] = await sql(
              "SELECT count(*) FROM metrics WHERE name = 'wait_seconds_sum' AND kind = 'counter'",
            );
            const [wild] = await sql("SELECT count(*) FROM metrics WHERE name = 'wild'");
            return Number(row?.[0]) >= 2 && Number(wild?.[0]) >= 2 ? true : null;
          });
          const rows = await sql(
            `SELECT DISTINCT name, kind, unit, service, value, labels['instance'], labels['job']
             FROM metrics WHERE name IN ('orders_total', 'queue_length', 'wait_seconds_count', 'up')
             ORDER BY name`,
          );
          assert.deepEqual(rows, [
            ["orders_total", "counter", "", "shop", 42, address, "shop"],
            ["queue_length", "gauge", "", "shop", 7.5, address, "shop"],
            ["up", "gauge", "", "shop", 1, address, "shop"],
            ["wait_seconds_count", "counter", "", "shop", 3, address, "shop"],
          ]);
          const [labels] = await sql(
            "SELECT DISTINCT labels['shop'], labels['region'] FROM metrics WHERE name = 'orders_total'",
          );
          assert.deepEqual(labels, ['a"b', "eu"]);
          const repeated = await sql(
            "SELECT name, ts, count(*) FROM metrics GROUP BY name, ts, series_id HAVING count(*) > 1",
          );
          assert.deepEqual(repeated, []);
          const { sources } = await (await fetch(`${url}/api/ingest`)).json();
          const book = sources.find((one: { kind: string }) => one.kind === "remote_write");
          assert.deepEqual([book.errors, book.refused], [0, {}]);
        });
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

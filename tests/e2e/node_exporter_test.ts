import assert from "node:assert/strict";
import { needing, programPath, withProgram } from "../support/debian_peer.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

Deno.test({
  ...needing(
    "prometheus-node-exporter",
    "a real node exporter is scraped, values as it shows them",
  ),
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const values = `${folder}/values.prom`;
    // Values that stand still, so that both sides can be compared.
    await Deno.writeTextFile(
      values,
      '# TYPE batch_seconds gauge\nbatch_seconds{job_name="a\\"b"} 12.25\n' +
        "# TYPE files_total counter\nfiles_total 7\n",
    );
    const args = [
      "--web.listen-address=127.0.0.1:0",
      `--collector.textfile.directory=${folder}`,
    ];
    try {
      await withProgram(programPath("prometheus-node-exporter")!, args, async (output) => {
        const address = await until(
          "its address",
          PATIENCE_MS,
          () => /Listening on.*address=(127\.0\.0\.1:\d+)/.exec(output.text)?.[1] ?? null,
        );
        const config = `${folder}/horizon.yaml`;
        await Deno.writeTextFile(
          config,
          JSON.stringify({
            scrape: { jobs: [{ name: "node", targets: [address], interval: "1s" }] },
          }),
        );
        await withHorizon(async ({ url, sql }) => {
          await until("two scrapes", PATIENCE_MS, async () => {
            const [row] = await sql(
              "SELECT count(*) FROM metrics WHERE name = 'up' AND value = 1 AND service = 'node'",
            );
            return Number(row?.[0]) >= 2 ? true : null;
          });
          const stored = await sql(
            `SELECT DISTINCT name, kind, unit, value, labels FROM metrics
             WHERE name IN ('batch_seconds', 'files_total') ORDER BY name`,
          );
          const labels = { instance: address, job: "node" };
          assert.deepEqual(stored, [
            ["batch_seconds", "gauge", "s", 12.25, { ...labels, job_name: 'a"b' }],
            ["files_total", "counter", "", 7, labels],
          ]);
          await compareNames(address, sql);
          const { sources } = await (await fetch(`${url}/api/ingest`)).json();
          const book = sources.find((one: { kind: string }) => one.kind === "scrape");
          assert.equal(book.name, `node http://${address}/metrics`);
          assert.ok(book.signals.metrics.accepted > 0, JSON.stringify(book));
        }, { args: ["--config", config] });
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Every metric that the exporter shows is in the store, summaries and gauges under their names. */
async function compareNames(
  address: string,
  sql: (query: string) => Promise<unknown[][]>,
): Promise<void> {
  const shown = await (await fetch(`http://${address}/metrics`)).text();
  const names = new Set(
    shown.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => /^[^{ ]+/.exec(line)![0]),
  );
  assert.ok(names.size > 100, `${names.size} names`);
  const rows = await sql("SELECT DISTINCT name FROM metrics WHERE service = 'node'");
  const stored = new Set(rows.map(([name]) => name));
  assert.deepEqual([...names].filter((name) => !stored.has(name)), []);
}

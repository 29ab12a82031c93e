/**
 * Measures Horizon against its targets and prints one JSON object:
 * `deno task bench [--only ingest,cost,queries,size] [--seconds N] [--spans N] [--logs N]`.
 * Nothing here fails for being slow; tests hold no times.
 */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { VERSION } from "../../mod/version.ts";
import { idleCost } from "./cost.ts";
import { costAtTenThousandSpans, ingestRates } from "./ingest.ts";
import { metricQueries, recordQueries } from "./queries.ts";
import { type Figure, judged } from "./report.ts";

const { values } = parseArgs({
  args: Deno.args.filter((word) => word !== "--"),
  options: {
    only: { type: "string", default: "ingest,cost,queries,size" },
    seconds: { type: "string", default: "10" },
    spans: { type: "string", default: "1000000" },
    logs: { type: "string", default: "2000000" },
  },
});
const parts = new Set(values.only.split(","));
const seconds = Number(values.seconds);
const executable = new URL("../../dist/horizon", import.meta.url);
const size = await Deno.stat(executable).then((info) => info.size, () => null);

const figures: Figure[] = [];
if (parts.has("ingest")) {
  figures.push(...await ingestRates(seconds));
  figures.push(...await costAtTenThousandSpans(seconds));
}
if (parts.has("cost")) figures.push(...await idleCost(size === null ? "source" : "executable", 20));
if (parts.has("queries")) {
  figures.push(...await metricQueries());
  figures.push(...await recordQueries(Number(values.spans), Number(values.logs)));
}
if (parts.has("size") && size !== null) {
  figures.push({
    name: "executable_size",
    unit: "MB",
    value: size / 1e6,
    target: 130,
    better: "less",
  });
}
const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory_gib: Math.round(totalmem() / 1024 ** 3),
  deno: Deno.version.deno,
};
await Deno.stdout.write(
  new TextEncoder().encode(
    `${JSON.stringify({ version: VERSION, machine, figures: figures.map(judged) }, null, 2)}\n`,
  ),
);

// Appends rows of every signal to the store in the folder given, forever, and says on stdout the tag
// of each append that was acknowledged. It is there to be killed. Every append brings names,
// attribute keys, resources and bounds that were never there before.
import { systemClock } from "../../mod/clock.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { StoreClient } from "../../storage/store_client.ts";
import { pushLog, pushSpan, storeOptions } from "./store_fixture.ts";

/** Of one series in each append: a chunk of histograms is full, and closed, after ten of them. */
const BULK_ROWS = 20_000;

const [path, run] = Deno.args;
if (path === undefined || run === undefined) {
  throw new Error("usage: append_until_killed.ts FOLDER RUN");
}
const registries = new Registries({ maxSeries: 1_000_000, maxSeriesPerMetric: 1_000_000 });
const disk = { path, fsync: "every_second" as const, budgetBytes: 4e9 };
const store = await StoreClient.open(storeOptions({ disk }), registries, silentLogger);
const limits = { maxPendingBytes: 64e6, flushIntervalMs: 1, maxBatchRows: 1 };
const { builders, commit } = intake();
const encoder = new TextEncoder();
for (let n = 0;; n++) {
  push(`${run}.${n}`, n);
  await commit();
  Deno.stdout.writeSync(encoder.encode(`${run}.${n}\n`));
}

function intake() {
  const intake = new Intake(store, registries, limits, systemClock);
  return { builders: intake.builders, commit: () => intake.commit() };
}

function push(tag: string, n: number): void {
  const tsUs = Date.now() * 1000;
  const attributes = { [`key.${tag}`]: tag };
  const point = { tsUs, sum: n, min: null, max: null, counts: [1, 1, 1] };
  builders.metrics.push(
    registries.series.resolve(`s.${tag}`, "counter", "1", [["l", tag]], "svc"),
    tsUs,
    n,
  );
  builders.histograms.push({
    ...point,
    seriesId: registries.series.resolve(`h.${tag}`, "histogram", "s", [["l", tag]], "svc"),
    count: 3,
    boundsId: registries.bounds.idOf([n, 1e6 + Number(run)]),
  });
  const bulk = registries.series.resolve("bulk", "histogram", "s", [["run", run!]], "svc");
  const boundsId = registries.bounds.idOf([1, 2]);
  for (let i = 0; i < BULK_ROWS; i++) {
    builders.histograms.push({ ...point, seriesId: bulk, count: n, boundsId });
  }
  pushSpan(builders.spans, registries, {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    name: tag,
    tsUs,
    attributes,
    resource: [["service.name", tag]],
  });
  pushLog(builders.logs, registries, { tsUs, body: tag, attributes });
  const { events } = builders;
  events.pushTime(tsUs, 0);
  events.stream.push("process");
  events.name.push("exit");
  events.subject.push(tag);
  events.service.push("svc");
  events.pid.push(1);
  events.severity.push("info");
  events.message.push(tag);
  events.value.push(n);
  events.attributes.pushKey(registries.attributeKeys.idOf(`key.${tag}`));
  events.attributes.values.push(tag);
  events.closeRow();
}

// Appends rows of distinct values to the store in the folder given, forever, and says on
// stdout how many were acknowledged. It is there to be killed.
import { systemClock } from "../../mod/clock.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { StoreClient } from "../../storage/store_client.ts";
import { storeOptions } from "./store_fixture.ts";

const ROWS = 500;
const path = Deno.args[0];
if (path === undefined) throw new Error("usage: append_until_killed.ts FOLDER");
const registries = new Registries({ maxSeries: 1000, maxSeriesPerMetric: 1000 });
const disk = { path, fsync: "every_batch" as const, budgetBytes: 1e9 };
const store = await StoreClient.open(storeOptions({ disk }), registries, silentLogger);
const limits = { maxPendingBytes: 64e6, flushIntervalMs: 1, maxBatchRows: ROWS };
const intake = new Intake(store, registries, limits, systemClock);
const series = registries.series.resolve("m", "gauge", "", [], "");
// Values differ between runs by the time of their start.
const base = Date.now() * 1000;
const encoder = new TextEncoder();
for (let kept = 0;;) {
  for (let i = 0; i < ROWS; i++) {
    intake.builders.metrics.push(series, base + kept + i, base + kept + i);
  }
  await intake.commit();
  kept += ROWS;
  Deno.stdout.writeSync(encoder.encode(`${kept}\n`));
}

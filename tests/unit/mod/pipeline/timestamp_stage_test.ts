import assert from "node:assert/strict";
import { timeLimits } from "../../../../mod/pipeline/time_limits.ts";
import { SampleBatchBuilder } from "../../../../mod/signals/samples.ts";
import { pipelineConfig, PipelineFixture } from "./pipeline_fixture.ts";

const HOUR_US = 3_600_000_000;

/** A pipeline at two hours past the epoch, and the times of samples that are left by it. */
async function timesLeft(timestamps: object, times: readonly number[]) {
  const fixture = new PipelineFixture(await pipelineConfig({ timestamps }));
  fixture.nowMs = 2 * HOUR_US / 1_000;
  const builder = new SampleBatchBuilder();
  for (const tsUs of times) builder.push(1, tsUs, 1);
  const { batches, settle } = fixture.pipeline.process([builder.finish()]);
  settle(true);
  const [batch] = batches;
  const column = batch?.columns.find(([name]) => name === "ts")?.[1];
  return {
    times: column?.type === "timestamp_us" ? [...column.data].map(Number) : [],
    range: batch === undefined ? [] : [batch.minTsUs, batch.maxTsUs],
    stats: fixture.pipeline.stats,
  };
}

const TIMES = [1 * HOUR_US, 2 * HOUR_US, 3 * HOUR_US, 2 * HOUR_US + 1];
const RANGE = { max_future: "30m", max_past: "30m" };

Deno.test("timestamps: kept as they are by default", async () => {
  const { times, stats } = await timesLeft(RANGE, TIMES);
  assert.deepEqual(times, TIMES);
  assert.deepEqual([...stats.dropped, ...stats.changed], []);
});

Deno.test("timestamps: dropped beyond the range, each end in its own books", async () => {
  const { times, range, stats } = await timesLeft(
    { ...RANGE, future: "drop", past: "drop" },
    TIMES,
  );
  assert.deepEqual(times, [2 * HOUR_US, 2 * HOUR_US + 1]);
  assert.deepEqual(range, [2 * HOUR_US, 2 * HOUR_US + 1]);
  assert.deepEqual(stats.dropped, [
    { processor: "timestamps-future", signal: "metrics", rows: 1 },
    { processor: "timestamps-past", signal: "metrics", rows: 1 },
  ]);
});

Deno.test("timestamps: set to the present beyond the range, and counted", async () => {
  const { times, range, stats } = await timesLeft(
    { ...RANGE, future: "clamp", past: "keep" },
    TIMES,
  );
  assert.deepEqual(times, [HOUR_US, 2 * HOUR_US, 2 * HOUR_US, 2 * HOUR_US + 1]);
  assert.deepEqual(range, [HOUR_US, 2 * HOUR_US + 1]);
  assert.deepEqual(stats.changed, [
    { processor: "timestamps-future", signal: "metrics", rows: 1 },
  ]);
});

Deno.test("timestamps: a batch of which nothing is left is left out", async () => {
  const { times } = await timesLeft({ ...RANGE, past: "drop" }, [1, 2]);
  assert.deepEqual(times, []);
});

Deno.test("timeLimits: what the pipeline deals with receivers let through", async () => {
  const day = 86_400_000;
  const limits = async (timestamps: object) =>
    timeLimits((await pipelineConfig({ timestamps })).timestamps);
  assert.deepEqual(await limits({}), { guessUnits: true, maxFutureMs: day });
  assert.ok((await limits({ future: "clamp" })).maxFutureMs > 3_650 * day);
});

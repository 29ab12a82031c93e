import { MIB, type StoreFixture } from "../support/store_fixture.ts";
import { until } from "../support/until.ts";

const HOUR_MS = 3_600_000;
/** The late rows of a past hour are waited for 30 s before its last chunk is sealed. */
const SEALED_WITHIN_MS = 300_000;
/** Queries before the measured ones. */
const WARM_UP_RUNS = 2;

/** As much as may be configured: what is measured is to stay. */
export const BENCH_BUDGET = { budgetBytes: 3_072 * MIB };

/** Start of the last whole hour, microseconds: its chunks close by themselves. */
export function previousHourUs(): number {
  return (Math.floor(Date.now() / HOUR_MS) - 1) * HOUR_MS * 1_000;
}

/** Waits until every row lies in a sealed chunk, and all that is to be rolled up is: nothing else runs then. */
export async function untilSealed({ store }: StoreFixture): Promise<void> {
  await until("all chunks sealed and rolled up", SEALED_WITHIN_MS, async () => {
    const { signals, rollupsPending } = await store.stats();
    return rollupsPending === 0 && signals.every((one) => one.openRows === 0) ? true : null;
  });
}

/**
 * Milliseconds from asking to having every value, for each of some runs of a query.
 * @throws {Error} when the answer has not `rows` rows: a fast wrong answer is no figure
 */
export async function timed(
  { rows }: StoreFixture,
  sql: string,
  expected: { readonly runs: number; readonly rows: number },
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < expected.runs + WARM_UP_RUNS; i++) {
    const before = performance.now();
    const answer = await rows(sql);
    times.push(performance.now() - before);
    if (answer.length !== expected.rows) throw new Error(`${answer.length} rows: ${sql}`);
  }
  return times.slice(WARM_UP_RUNS);
}

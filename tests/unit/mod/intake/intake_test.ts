import assert from "node:assert/strict";
import type { Clock } from "../../../../mod/clock.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import { Intake } from "../../../../mod/intake/intake.ts";
import { keepValue } from "../../../../mod/intern/clean_value.ts";
import { Registries } from "../../../../mod/intern/registries.ts";
import type { AppendRequest } from "../../../../mod/ports.ts";
import { pushLog } from "../../../support/store_fixture.ts";

const clock: Clock = { nowMs: () => 0, monotonicMs: () => performance.now() };

/** An intake before a store that keeps what it is given, once `open` is resolved. */
function intakeOver(flushIntervalMs: number, open: Promise<void> = Promise.resolve()) {
  const appended: AppendRequest[] = [];
  const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });
  const store = {
    append: async (request: AppendRequest) => {
      appended.push(request);
      await open;
    },
  };
  const limits = { maxPendingBytes: 1_000, flushIntervalMs, maxBatchRows: 100 };
  return { intake: new Intake(store, registries, limits, clock), appended };
}

Deno.test("Intake: rows of several senders share an append", async () => {
  const { intake, appended } = intakeOver(1);
  intake.builders.metrics.push(1, 10, 1);
  const first = intake.commit();
  intake.builders.metrics.push(2, 20, 2);
  await Promise.all([first, intake.commit()]);
  assert.equal(appended.length, 1);
  assert.equal(appended[0]?.batches[0]?.rows, 2);
  assert.equal(intake.stats.keptRows.metrics, 2);
});

Deno.test("Intake.commit: a caller in a hurry takes the patient with it", async () => {
  const { intake, appended } = intakeOver(1);
  intake.builders.metrics.push(1, 10, 1);
  const patient = intake.commit(3_600_000);
  intake.builders.metrics.push(2, 20, 2);
  await Promise.all([patient, intake.commit()]);
  assert.equal(appended.length, 1);
});

Deno.test("Intake.commit: a full batch is appended at once", async () => {
  const { intake, appended } = intakeOver(3_600_000);
  for (let i = 0; i < 100; i++) intake.builders.metrics.push(1, i, i);
  await intake.commit();
  assert.equal(appended.length, 1);
});

Deno.test("Intake.admit: what is past the bound is refused with a time to retry, and counted", () => {
  const { intake } = intakeOver(1);
  const release = intake.admit(900);
  assert.throws(
    () => intake.admit(200),
    (error) =>
      error instanceof HorizonError && error.code === "overloaded" && error.retryAfterMs === 1_000,
  );
  assert.equal(intake.stats.refusedRequests, 1);
  release();
  release();
  intake.admit(5_000)();
  assert.equal(intake.stats.pendingBytes, 0);
});

Deno.test("Intake.drain: waits for what is open and what is under way", async () => {
  const gate = Promise.withResolvers<void>();
  const { intake, appended } = intakeOver(3_600_000, gate.promise);
  intake.builders.metrics.push(1, 10, 1);
  const kept = intake.commit();
  let drained = false;
  const draining = intake.drain().then(() => drained = true);
  await Promise.resolve();
  assert.equal(appended.length, 1);
  assert.equal(drained, false);
  gate.resolve();
  await Promise.all([kept, draining]);
  assert.equal(intake.stats.keptRows.metrics, 1);
});

Deno.test("Intake: batches go through the pipeline, which learns what became of them", async () => {
  const settled: boolean[] = [];
  let failing = false;
  const appended: AppendRequest[] = [];
  const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });
  const store = {
    append: (request: AppendRequest) => {
      appended.push(request);
      return failing ? Promise.reject(new Error("full")) : Promise.resolve();
    },
  };
  const limits = { maxPendingBytes: 1_000, flushIntervalMs: 1, maxBatchRows: 100 };
  const intake = new Intake(store, registries, limits, clock, {
    process: (batches) => {
      // A key made here is defined in the same append.
      registries.attributeKeys.idOf(`key ${appended.length}`);
      return {
        batches: batches.map((batch) => ({ ...batch, minTsUs: 7 })),
        settle: (kept) => void settled.push(kept),
      };
    },
  });
  intake.builders.metrics.push(1, 10, 1);
  await intake.commit();
  assert.equal(appended[0]?.batches[0]?.minTsUs, 7);
  assert.equal(appended[0]?.definitions[0]?.table, "attribute_keys");
  failing = true;
  intake.builders.metrics.push(1, 10, 1);
  await assert.rejects(intake.commit(), /full/);
  assert.deepEqual(settled, [true, false]);
});

Deno.test("Intake: what the pipeline cannot look at is not stored and not acknowledged", async () => {
  const appended: AppendRequest[] = [];
  const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });
  const store = {
    append: (request: AppendRequest) => Promise.resolve(void appended.push(request)),
  };
  const limits = { maxPendingBytes: 1_000, flushIntervalMs: 1, maxBatchRows: 100 };
  let failing = true;
  const intake = new Intake(store, registries, limits, clock, {
    process: (batches) => {
      if (failing) throw new Error("broken");
      return { batches, settle: () => undefined };
    },
  });
  intake.builders.metrics.push(1, 10, 1);
  await assert.rejects(intake.commit(), /broken/);
  assert.equal(appended.length, 0);
  assert.equal(intake.stats.failedAppends, 1);
  failing = false;
  intake.builders.metrics.push(2, 20, 2);
  await intake.commit();
  assert.equal(appended[0]?.batches[0]?.rows, 1);
  await intake.drain();
});

Deno.test("Intake.admit: what Horizon sees by itself finds room when senders find none", () => {
  const { intake } = intakeOver(1);
  intake.admit(1_000);
  assert.throws(() => intake.admit(1), HorizonError);
  const release = intake.admit(125, "own");
  assert.throws(() => intake.admit(1, "own"), HorizonError);
  assert.throws(() => intake.admit(1), HorizonError);
  release();
  intake.admit(125, "own");
});

Deno.test("Intake: attribute keys without rows are forgotten, and the store is told of it until it hears", async () => {
  const appended: AppendRequest[] = [];
  let failing = false;
  let nowMs = 0;
  const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 }, keepValue, {
    maxKeys: 10,
    maxId: 10,
    forgetFrom: 1,
    idleAfterMs: 5_000,
  });
  const store = {
    append: (request: AppendRequest) => {
      appended.push(request);
      return failing ? Promise.reject(new Error("full")) : Promise.resolve();
    },
  };
  const limits = { maxPendingBytes: 1_000, flushIntervalMs: 1, maxBatchRows: 100 };
  const time = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const intake = new Intake(store, registries, limits, time);
  const commit = (atMs: number, ...keys: string[]) => {
    nowMs = atMs;
    const attributes = Object.fromEntries(keys.map((key) => [key, "1"]));
    pushLog(intake.builders.logs, registries, { tsUs: 1, body: "x", attributes });
    return intake.commit();
  };
  await commit(10_000, "a", "b");
  await commit(80_000, "b");
  assert.deepEqual(appended.map(({ forgottenKeys }) => forgottenKeys), [[], [1]]);
  failing = true;
  await assert.rejects(commit(150_000, "c"), /full/);
  failing = false;
  await commit(151_000, "c", "a");
  assert.deepEqual(appended.at(-2)?.forgottenKeys, [2]);
  assert.deepEqual(appended.at(-1)?.forgottenKeys, [2]);
  assert.deepEqual(registries.attributeKeys.idOf("a"), 4, "a number of its own");
});

import assert from "node:assert/strict";
import { systemClock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import type { Logger } from "../../mod/log/logger.ts";
import type { StoreOptions } from "../../storage/messages.ts";
import { MAX_RESTARTS } from "../../storage/restart_budget.ts";
import { StoreClient } from "../../storage/store_client.ts";
import { MIB, pushSpan, storeOptions } from "../support/store_fixture.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";

const NOW_US = Math.floor(Date.now() * 1000);
/** Holds the thread in one slice for minutes. */
const RUNAWAY = `SELECT len(list_filter(range(1000000),
  x -> list_contains(list_transform(range(5000), y -> x + y), -1)))`;
const IMPATIENT = { patience: { pastDeadlineMs: 500, sliceMs: 2_000, ownWorkMs: 60_000 } };

interface Fixture {
  readonly store: StoreClient;
  readonly registries: Registries;
  readonly intake: Intake;
  readonly logged: string[];
  /** Makes the worker's engine trap. */
  break(): void;
  rows(sql: string): Promise<unknown[][]>;
}

async function withBreakableStore(
  test: (fixture: Fixture) => Promise<void>,
  changes: Partial<StoreOptions> = {},
): Promise<void> {
  const name = crypto.randomUUID();
  const registries = new Registries({ maxSeries: 1_000, maxSeriesPerMetric: 1_000 });
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  const store = await StoreClient.open(storeOptions(changes), registries, log, {
    spawn: () =>
      new Worker(new URL("../support/breakable_store_worker.ts", import.meta.url), {
        type: "module",
        name,
      }),
  });
  const limits = { maxPendingBytes: 64 * MIB, flushIntervalMs: 1, maxBatchRows: 1_000 };
  const intake = new Intake(store, registries, limits, systemClock);
  const channel = new BroadcastChannel(name);
  try {
    await test({
      store,
      registries,
      intake,
      logged,
      break: () => channel.postMessage("trap"),
      rows: async (sql) => [...(await store.query({ sql })).rows()].map((row) => [...row]),
    });
  } finally {
    channel.close();
    await store.close();
  }
}

async function withFolder(test: (disk: Partial<StoreOptions>) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "horizon-restart-" });
  try {
    await test({ disk: { path, fsync: "every_second", budgetBytes: 1e9 } });
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** One sample of a series and one span with an attribute, both named by `tag`. */
async function fill({ intake, registries }: Fixture, tag: string): Promise<void> {
  const series = registries.series.resolve(`m.${tag}`, "gauge", "1", [["l", tag]], "svc");
  intake.builders.metrics.push(series, NOW_US, 1);
  pushSpan(intake.builders.spans, registries, {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    name: tag,
    tsUs: NOW_US,
    attributes: { [`key.${tag}`]: tag },
    resource: [["service.name", tag]],
  });
  await intake.commit();
}

const unavailable = (error: unknown) =>
  error instanceof HorizonError && error.code === "unavailable" && error.retryAfterMs !== null;

/** Fills as a sender does: again after each refusal that may be retried. */
function fillStubbornly(fixture: Fixture, tag: string): Promise<true> {
  return until(`${tag} is kept`, PATIENCE_MS, async () => {
    try {
      await fill(fixture, tag);
      return true;
    } catch (error) {
      if (unavailable(error)) return null;
      throw error;
    }
  });
}

const METRICS = "SELECT name, labels['l'], count(*) FROM metrics GROUP BY ALL ORDER BY ALL";
const SPANS = "SELECT name, attributes, resource FROM spans ORDER BY name";
const spanOf = (tag: string) => [tag, { [`key.${tag}`]: tag }, { "service.name": tag }];

Deno.test("StoreClient: a worker that dies is replaced, and has back all that was acknowledged", async () => {
  await withFolder(async (disk) => {
    await withBreakableStore(async (fixture) => {
      for (const tag of ["a", "b"]) await fill(fixture, tag);
      fixture.break();
      // Refused while there is no worker; its definitions are new and must not be lost.
      await assert.rejects(
        until("the worker is gone", PATIENCE_MS, async () => {
          await fill(fixture, "c");
          return null;
        }),
        unavailable,
      );
      await fillStubbornly(fixture, "d");
      const metrics = await fixture.rows(METRICS);
      assert.deepEqual(
        metrics.filter(([name]) => name !== "m.c"),
        [["m.a", "a", "1"], ["m.b", "b", "1"], ["m.d", "d", "1"]].map(([n, l]) => [n, l, 1]),
      );
      await fill(fixture, "a");
      assert.deepEqual((await fixture.rows(METRICS))[0], ["m.a", "a", 2]);
      const spans = (await fixture.rows(SPANS)).filter(([name]) => name !== "c");
      assert.deepEqual(spans, ["a", "a", "b", "d"].map(spanOf));
      const { restarts } = await fixture.store.stats();
      assert.deepEqual([restarts.count, restarts.last?.emptied], [1, false]);
      assert.ok(fixture.logged.includes("store_restarted"), fixture.logged.join());
    }, disk);
    // What the directory holds after all that is whole, too.
    await withBreakableStore(async ({ rows, store }) => {
      assert.deepEqual((await rows(METRICS))[0], ["m.a", "a", 2]);
      assert.deepEqual((await rows(SPANS))[0], spanOf("a"));
      assert.equal((await store.stats()).disk?.recovery.lostStretches, 0);
    }, disk);
  });
});

Deno.test("StoreClient: without a data directory the new worker is empty, says so, and knows every series", async () => {
  await withBreakableStore(async (fixture) => {
    await fill(fixture, "a");
    fixture.break();
    await until(
      "restarted",
      PATIENCE_MS,
      () => fixture.logged.includes("store_restarted_empty") || null,
    );
    assert.deepEqual(await fixture.rows(METRICS), []);
    await fill(fixture, "a");
    assert.deepEqual(await fixture.rows(METRICS), [["m.a", "a", 1]]);
    assert.deepEqual(await fixture.rows(SPANS), [spanOf("a")]);
    assert.equal((await fixture.store.stats()).restarts.last?.emptied, true);
  });
});

Deno.test("StoreClient: requests under way when the worker dies fail, and may be retried", async () => {
  await withBreakableStore(async (fixture) => {
    const heavy = fixture.store.query({
      sql: "SELECT sum(hash(a.range * b.range) % 7) FROM range(3000000) a, range(3000000) b",
      timeoutMs: 60_000,
    });
    const failed = assert.rejects(heavy, unavailable);
    await until(
      "it runs",
      PATIENCE_MS,
      async () => (await fixture.store.stats()).queriesRunning === 1 || null,
    );
    fixture.break();
    await failed;
    await fillStubbornly(fixture, "a");
  });
});

Deno.test("StoreClient: a worker that dies again and again is given up", async () => {
  await withBreakableStore(async (fixture) => {
    for (let i = 0; i < MAX_RESTARTS; i++) {
      fixture.break();
      await until(
        `restart ${i}`,
        PATIENCE_MS,
        () =>
          fixture.logged.filter((event) => event === "store_restarted_empty").length > i || null,
      );
    }
    fixture.break();
    const error = await within("given up", PATIENCE_MS, fixture.store.died);
    assert.equal(error.code, "unavailable");
    await assert.rejects(fixture.rows("SELECT 1"), unavailable);
  });
});

Deno.test("StoreClient: a runaway query costs the worker, fails past its deadline, and is barred", async () => {
  await withFolder(async (disk) => {
    await withBreakableStore(
      async (fixture) => {
        await fill(fixture, "a");
        const runaway = fixture.store.query({ sql: RUNAWAY, timeoutMs: 200 });
        const late = (error: unknown) =>
          error instanceof HorizonError && error.code === "deadline_exceeded" &&
          /had to be restarted/.test(error.message);
        await assert.rejects(within("the watchdog", PATIENCE_MS, runaway), late);
        await fillStubbornly(fixture, "b");
        assert.deepEqual(await fixture.rows(METRICS), [["m.a", "a", 1], ["m.b", "b", 1]]);
        await assert.rejects(fixture.store.query({ sql: RUNAWAY }), late);
        assert.equal((await fixture.store.stats()).restarts.count, 1);
      },
      { ...disk, ...IMPATIENT },
    );
  });
});

Deno.test("StoreClient: a runaway query whose caller left is ended as well", async () => {
  await withBreakableStore(
    async (fixture) => {
      const leaving = new AbortController();
      const runaway = fixture.store.query({
        sql: RUNAWAY,
        timeoutMs: 60_000,
        signal: leaving.signal,
      });
      const failed = assert.rejects(within("the watchdog", PATIENCE_MS, runaway));
      await new Promise((resolve) => setTimeout(resolve, 300));
      leaving.abort();
      await failed;
      await fillStubbornly(fixture, "a");
    },
    IMPATIENT,
  );
});

Deno.test("StoreClient.close: ends a store that is being restarted", async () => {
  await withBreakableStore(async (fixture) => {
    fixture.break();
    await until(
      "it is restarting",
      PATIENCE_MS,
      () => fixture.logged.includes("store_worker_died") || null,
    );
  });
});

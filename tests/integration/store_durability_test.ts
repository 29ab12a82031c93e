import assert from "node:assert/strict";
import { systemClock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { StoreClient } from "../../storage/store_client.ts";
import {
  pushEvent,
  pushLog,
  pushSpan,
  type StoreFixture,
  storeOptions,
  withStore,
} from "../support/store_fixture.ts";

const NOW_US = Math.floor(Date.now() * 1000);
const HOUR_US = 3_600_000_000;
const onDisk = (path: string) => ({
  disk: { path, fsync: "every_batch" as const, budgetBytes: 1e9 },
});

async function withFolder(test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "horizon-data-" });
  try {
    await test(`${path}/data`);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** One of everything; series and attributes named by `tag`. */
async function fill({ intake, registries }: StoreFixture, tag: string): Promise<void> {
  const gauge = registries.series.resolve(`gauge.${tag}`, "gauge", "1", [["l", tag]], "svc");
  // Rows of several hours in one batch, so that it is split over chunks.
  for (let i = 0; i < 100; i++) {
    intake.builders.metrics.push(gauge, NOW_US - (i % 3) * HOUR_US, i);
  }
  const histogram = registries.series.resolve(`histogram.${tag}`, "histogram", "s", [], "svc");
  intake.builders.histograms.push({
    seriesId: histogram,
    tsUs: NOW_US,
    count: 3,
    sum: 1,
    min: null,
    max: null,
    boundsId: registries.bounds.idOf([tag.length, 10]),
    counts: [1, 1, 1],
  });
  intake.builders.exemplars.push({
    seriesId: histogram,
    tsUs: NOW_US,
    value: 0.5,
    traceId: tag.padStart(32, "0"),
    spanId: null,
  });
  pushSpan(intake.builders.spans, registries, {
    traceId: tag.padStart(32, "0"),
    spanId: "00000000000000aa",
    name: `span.${tag}`,
    tsUs: NOW_US,
    attributes: { [`key.${tag}`]: "v", common: tag },
    resource: [["service.name", tag]],
  });
  pushLog(intake.builders.logs, registries, {
    tsUs: NOW_US,
    body: tag,
    attributes: { common: tag },
  });
  pushEvent(intake.builders.events, registries, {
    tsUs: NOW_US,
    subject: tag,
    attributes: { [`event.key.${tag}`]: tag },
  });
  await intake.commit();
}

const EVERYTHING = [
  "SELECT name, kind, unit, labels, service, count(*), sum(value) FROM metrics GROUP BY ALL ORDER BY ALL",
  "SELECT name, bounds, counts, labels FROM histograms ORDER BY name",
  "SELECT name, kind, unit, value, trace_id, span_id, labels, service FROM exemplars ORDER BY name",
  "SELECT name, trace_id, attributes, resource FROM spans ORDER BY name",
  "SELECT body, attributes FROM logs ORDER BY body",
  "SELECT stream, name, subject, service, pid, value, attributes FROM events ORDER BY subject",
];

Deno.test("store: what was kept is there after a restart, and ids keep their meaning", async () => {
  await withFolder(async (path) => {
    const before: unknown[][][] = [];
    await withStore(async (fixture) => {
      await fill(fixture, "a");
      await fill(fixture, "b");
      for (const sql of EVERYTHING) before.push(await fixture.rows(sql));
    }, onDisk(path));
    await withStore(async (fixture) => {
      for (const [i, sql] of EVERYTHING.entries()) {
        assert.deepEqual(await fixture.rows(sql), before[i], sql);
      }
      await fill(fixture, "c");
      await fill(fixture, "a");
    }, onDisk(path));
    await withStore(async ({ rows, store }) => {
      assert.deepEqual(
        await rows("SELECT name, count(*) FROM metrics GROUP BY 1 ORDER BY 1"),
        [["gauge.a", 200], ["gauge.b", 100], ["gauge.c", 100]],
      );
      assert.deepEqual(
        await rows("SELECT body, attributes['common'] FROM logs ORDER BY 1"),
        [["a", "a"], ["a", "a"], ["b", "b"], ["c", "c"]],
      );
      assert.deepEqual(
        await rows("SELECT name, attributes, resource FROM spans WHERE name = 'span.c'"),
        [["span.c", { "key.c": "v", common: "c" }, { "service.name": "c" }]],
      );
      const { disk } = await store.stats();
      assert.equal(disk?.recovery.lostStretches, 0);
      assert.ok((disk?.recovery.rows ?? 0) > 400);
    }, onDisk(path));
  });
});

Deno.test("store: a data directory belongs to one Horizon at a time", async () => {
  await withFolder(async (path) => {
    await withStore(async () => {
      const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });
      await assert.rejects(
        StoreClient.open(storeOptions(onDisk(path)), registries, silentLogger),
        (error) => error instanceof HorizonError && error.code === "conflict",
      );
    }, onDisk(path));
  });
});

Deno.test("store: a data directory of a newer version is refused by name", async () => {
  await withFolder(async (path) => {
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/horizon.json`, '{"schema_version": 99, "crc32": "36eba69a"}');
    const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });
    await assert.rejects(
      StoreClient.open(storeOptions(onDisk(path)), registries, silentLogger),
      (error) => error instanceof HorizonError && /newer Horizon \(layout 99/.test(error.message),
    );
  });
});

Deno.test("store: after kill -9 every acknowledged row is there once", async () => {
  await withFolder(async (path) => {
    let acknowledged = 0;
    for (let round = 0; round < Number(Deno.env.get("HORIZON_KILLS") ?? 5); round++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--quiet",
          new URL("../support/append_until_killed.ts", import.meta.url).href,
          path,
        ],
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      // Each line says how many rows this process has had acknowledged.
      const wanted = 3 + round * 2;
      let seen = 0;
      let lines = 0;
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        for (const line of text.split("\n")) {
          if (line === "") continue;
          seen = Number(line);
          lines++;
        }
        if (lines >= wanted) break;
      }
      child.kill("SIGKILL");
      await child.status;
      acknowledged += seen;
      await withStore(async ({ rows }) => {
        const [row] = await rows("SELECT count(*), count(DISTINCT value) FROM metrics");
        const [count, distinct] = [Number(row?.[0]), Number(row?.[1])];
        assert.ok(count >= acknowledged, `${count} of ${acknowledged} are there`);
        assert.equal(count, distinct, "a row is there twice");
        // What was written but not yet acknowledged when it died may be there too.
        acknowledged = count;
      }, onDisk(path));
    }
    assert.ok(acknowledged > 0);
  });
});

Deno.test("store: what does not fit into memory stays on disk and goes before what is live", async () => {
  await withFolder(async (path) => {
    await withStore(async (fixture) => {
      for (const tag of ["a", "b"]) await fill(fixture, tag);
    }, onDisk(path));
    const small = { ...onDisk(path), budgetBytes: 1 };
    await withStore(async ({ store, rows }) => {
      const { disk } = await store.stats();
      assert.ok((disk?.recovery.leftOnDisk ?? 0) > 0, JSON.stringify(disk));
      assert.equal(disk?.recovery.lostStretches, 0);
      assert.deepEqual(await rows("SELECT 1"), [[1]]);
    }, small);
    await withStore(async ({ rows }) => {
      assert.deepEqual(
        await rows("SELECT name, count(*) FROM metrics GROUP BY 1 ORDER BY 1"),
        [["gauge.a", 100], ["gauge.b", 100]],
      );
    }, onDisk(path));
  });
});

Deno.test("Intake: definitions of an append that failed come again with the next", async () => {
  await withStore(async ({ store, registries, rows }) => {
    let fail = true;
    const flaky = {
      append: (request: Parameters<StoreClient["append"]>[0]) =>
        fail ? Promise.reject(new HorizonError("unavailable", "no")) : store.append(request),
    };
    const limits = { maxPendingBytes: 1e6, flushIntervalMs: 1, maxBatchRows: 10 };
    const intake = new Intake(flaky, registries, limits, systemClock);
    const id = registries.series.resolve("m", "gauge", "", [], "");
    intake.builders.metrics.push(id, NOW_US, 1);
    await assert.rejects(intake.commit());
    fail = false;
    intake.builders.metrics.push(id, NOW_US, 2);
    await intake.commit();
    assert.deepEqual(await rows("SELECT name, value FROM metrics"), [["m", 2]]);
  });
});

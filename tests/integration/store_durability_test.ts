import assert from "node:assert/strict";
import { systemClock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { mulberry32 } from "../support/mulberry32.ts";
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

/** Kills, each at a random moment; 50 and more when somebody asks for them. */
const KILLS = Number(Deno.env.get("HORIZON_KILLS") ?? 4);
/** A directory takes so many, so that reading it back stays quick. */
const KILLS_A_DIRECTORY = 4;
const MOST_APPENDING_MS = 1_500;
const BULK_ROWS = 20_000;

/** Runs the appending process and kills it; the tags that it had acknowledged. */
async function appendUntilKilled(path: string, run: number, afterMs: number): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--quiet", "--no-check"],
      new URL("../support/append_until_killed.ts", import.meta.url).href,
      ...[path, `${run}`],
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    timer ??= setTimeout(() => child.kill("SIGKILL"), afterMs);
  }
  await child.status;
  // What was cut off in the middle of its line was acknowledged, too, but is not named.
  return text.split("\n").slice(0, -1);
}

/** Each query answers tag, definitions in place of which there is a tag, and how often it is there. */
const BY_TAG: readonly string[] = [
  `SELECT name[3:], labels['l'], count(*), list_distinct(list(kind)) = ['counter']
   FROM metrics WHERE name LIKE 's.%' GROUP BY ALL`,
  `SELECT name[3:], labels['l'], count(*),
     min(bounds[1] = split_part(name, '.', 3)::DOUBLE)
       AND min(bounds[2] = 1e6 + split_part(name, '.', 2)::DOUBLE)
   FROM histograms WHERE name LIKE 'h.%' GROUP BY ALL`,
  `SELECT name, attributes['key.' || name], count(*), min(resource['service.name'] = name)
   FROM spans GROUP BY ALL`,
  "SELECT body, attributes['key.' || body], count(*), TRUE FROM logs GROUP BY ALL",
  "SELECT subject, attributes['key.' || subject], count(*), TRUE FROM events GROUP BY ALL",
  `SELECT labels['run'] || '.' || "count", labels['run'] || '.' || "count",
     count(*) / ${BULK_ROWS}, TRUE FROM histograms WHERE name = 'bulk' GROUP BY ALL`,
];

Deno.test(`store: after each of ${KILLS} kills every acknowledged row is there once, with its definitions`, async () => {
  const random = mulberry32(20261125);
  let acknowledged = new Set<string>();
  for (let run = 0; run < KILLS;) {
    await withFolder(async (path) => {
      acknowledged = new Set();
      for (let i = 0; i < KILLS_A_DIRECTORY && run < KILLS; i++, run++) {
        const afterMs = random() % MOST_APPENDING_MS;
        const tags = await appendUntilKilled(path, run, afterMs);
        assert.ok(tags.length > 0);
        for (const tag of tags) acknowledged.add(tag);
        await withStore(async ({ rows, store }) => {
          for (const sql of BY_TAG) {
            const found = await rows(sql);
            const what = `kill ${run} after ${afterMs} ms: ${sql}`;
            for (const [tag, definition, count, right] of found) {
              assert.deepEqual([definition, right], [tag, true], what);
              // What was not acknowledged is there or not, but not twice either.
              assert.ok(Number(count) <= 1, `${what}: ${tag} is there ${count} times`);
              if (acknowledged.has(`${tag}`)) assert.equal(count, 1, `${what}: ${tag}`);
            }
            const tagsFound = new Set(found.map(([tag]) => tag));
            const missing = [...acknowledged].filter((tag) => !tagsFound.has(tag));
            assert.deepEqual(missing, [], what);
          }
          // The end of a file may be torn; nothing else may be amiss.
          const { disk } = await store.stats();
          assert.equal(disk?.quarantinedFiles, 0);
        }, onDisk(path));
      }
    });
  }
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

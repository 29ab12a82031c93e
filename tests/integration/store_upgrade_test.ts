import assert from "node:assert/strict";
import { encodeArrow } from "../../storage/arrow_encode.ts";
import { DataDir } from "../../storage/data_dir.ts";
import { LAYOUT_VERSION, layoutVersion } from "../../storage/layout.ts";
import type { StoreOptions } from "../../storage/messages.ts";
import { storeOptions, withStore } from "../support/store_fixture.ts";

/** Directories as earlier layouts left them, each with the rows that `EVERYTHING` expects. */
const RECORDED = new URL("../fixtures/data_dir/", import.meta.url);
const CENTURY_MS = 100 * 365 * 86_400_000;

const EVERYTHING: readonly (readonly [sql: string, rows: unknown[][]])[] = [
  [
    `SELECT name, kind, unit, labels, service, count(*), sum(value), min(ts), max(ts)
     FROM metrics GROUP BY ALL ORDER BY name`,
    ["a", "b"].map((tag) => [
      `gauge.${tag}`,
      "gauge",
      "1",
      { l: tag },
      "svc",
      20,
      190,
      "2026-11-24T08:30:00.000000Z",
      "2026-11-24T10:30:00.000000Z",
    ]),
  ],
  [
    `SELECT name, unit, "count", "sum", bounds, counts FROM histograms ORDER BY name`,
    [
      ["histogram.a", "s", 3, 1, [97, 200], [1, 1, 1]],
      ["histogram.b", "s", 3, 1, [98, 200], [1, 1, 1]],
    ],
  ],
  [
    `SELECT name, trace_id, attributes, resource, len(events), events[1].attributes
     FROM spans ORDER BY name`,
    ["a", "b"].map((tag) => [
      `span.${tag}`,
      tag.repeat(32),
      { [`key.${tag}`]: "v", common: tag },
      { "service.name": tag },
      1,
      { x: "y" },
    ]),
  ],
  [
    "SELECT body, severity, attributes FROM logs ORDER BY body",
    ["a", "b"].map((tag) => [tag, "INFO", { common: tag }]),
  ],
];

async function withDirectory(
  test: (path: string, options: Partial<StoreOptions>) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "horizon-upgrade-" });
  const forLong = Object.keys(storeOptions().retentionMs).map((kind) => [kind, CENTURY_MS]);
  const options: Partial<StoreOptions> = {
    disk: { path, fsync: "every_second", budgetBytes: 1e9 },
    retentionMs: { ...storeOptions().retentionMs, ...Object.fromEntries(forLong) },
  };
  try {
    await test(path, options);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function copy(from: URL, to: string): Promise<void> {
  await Deno.mkdir(`${to}/chunks`, { recursive: true });
  for (const folder of ["", "chunks/"]) {
    for await (const { name, isFile } of Deno.readDir(new URL(folder, from))) {
      if (isFile) await Deno.copyFile(new URL(folder + name, from), `${to}/${folder}${name}`);
    }
  }
}

for (let version = 1; version < LAYOUT_VERSION; version++) {
  Deno.test(`store: a directory of layout ${version} starts, with all its rows, and is up to date then`, async () => {
    await withDirectory(async (path, options) => {
      await copy(new URL(`v${version}/`, RECORDED), path);
      assert.equal(layoutVersion(path), version);
      // Twice: what the first start leaves behind is read by the second.
      for (let start = 0; start < 2; start++) {
        await withStore(async ({ rows, store }) => {
          for (const [sql, expected] of EVERYTHING) {
            const found = await rows(sql);
            // Counts of buckets are 64-bit, and texts when they come as lists.
            assert.deepEqual(JSON.parse(JSON.stringify(found)), expected, sql);
          }
          const { disk } = await store.stats();
          assert.equal(disk?.layoutVersion, LAYOUT_VERSION);
          assert.deepEqual([disk.recovery.lostStretches, disk.quarantinedFiles], [0, 0]);
        }, options);
        assert.equal(layoutVersion(path), LAYOUT_VERSION);
      }
    });
  });
}

Deno.test("store: frames of a Horizon that knew fewer columns are taken, the rest is NULL", async () => {
  await withDirectory(async (path, options) => {
    const tsUs = BigInt(Date.now()) * 1000n;
    const bodies = ["one", "two"].join("");
    const payload = encodeArrow(2, [
      ["ts", { type: "timestamp_us", data: BigInt64Array.of(tsUs, tsUs), nulls: null }],
      ["body", {
        type: "utf8",
        offsets: Int32Array.of(0, 3, 6),
        bytes: new TextEncoder().encode(bodies),
        nulls: null,
      }],
    ]);
    const disk = new DataDir(path, "on_close");
    const bucketUs = Math.floor(Number(tsUs) / 3.6e9) * 3.6e9;
    const meta = { rows: 2, minTsUs: Number(tsUs), maxTsUs: Number(tsUs) };
    disk.logRows({ signal: "logs", number: 1, bucketUs }, meta, payload);
    disk.close();
    await withStore(async ({ rows, store }) => {
      assert.deepEqual(
        await rows("SELECT body, severity, attributes FROM logs ORDER BY body"),
        [["one", null, null], ["two", null, null]],
      );
      assert.equal((await store.stats()).disk?.recovery.lostStretches, 0);
    }, options);
  });
});

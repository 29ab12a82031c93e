import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { HorizonError } from "../../mod/errors.ts";
import { Intake } from "../../mod/intake/intake.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { SERIES_REFUSED } from "../../mod/intern/series_registry.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { StoreClient } from "../../storage/store_client.ts";
import { CoreFixture } from "../support/core_fixture.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { MIB, pushLog, pushSpan, storeOptions, withStore } from "../support/store_fixture.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const NOW_US = Math.floor(Date.now() * 1000);

Deno.test("store: spans come back as they went in, open and unsealed", async () => {
  await withStore(async ({ intake, registries, rows }) => {
    pushSpan(intake.builders.spans, registries, {
      traceId: TRACE,
      spanId: "b7ad6b7169203331",
      name: "GET /é",
      tsUs: NOW_US,
      attributes: { "http.route": "/users", "empty": "" },
      resource: [["process.pid", "42"], ["service.name", "shop"]],
      events: [{ name: "exception", attributes: { "exception.type": "Oops" } }],
    });
    pushSpan(intake.builders.spans, registries, {
      traceId: TRACE,
      spanId: "00f067aa0ba902b7",
      parentSpanId: "b7ad6b7169203331",
      name: "child",
      tsUs: NOW_US + 5,
    });
    await intake.commit();
    assert.deepEqual(
      await rows(
        `SELECT trace_id, span_id, parent_span_id, name, kind, service, duration_ms, status,
           attributes, resource, events[1].name, events[1].attributes['exception.type'],
           len(links), start_unix_ns::VARCHAR, epoch_us(ts)::VARCHAR
         FROM spans ORDER BY ts`,
      ),
      [
        [
          TRACE,
          "b7ad6b7169203331",
          null,
          "GET /é",
          "server",
          "shop",
          1.5,
          "ok",
          { "http.route": "/users", "empty": "" },
          { "process.pid": "42", "service.name": "shop" },
          "exception",
          "Oops",
          0,
          String(BigInt(NOW_US) * 1000n + 7n),
          String(NOW_US),
        ],
        [
          TRACE,
          "00f067aa0ba902b7",
          "b7ad6b7169203331",
          "child",
          "server",
          "shop",
          1.5,
          "ok",
          {},
          { "service.name": "shop" },
          null,
          null,
          0,
          String(BigInt(NOW_US + 5) * 1000n + 7n),
          String(NOW_US + 5),
        ],
      ],
    );
  });
});

Deno.test("store: metrics, histograms and logs are seen through their views", async () => {
  await withStore(async ({ intake, registries, rows }) => {
    const id = registries.series.resolve("cpu", "gauge", "1", [["core", "0"]], "shop");
    intake.builders.metrics.push(id, NOW_US, 0.25);
    const histogram = registries.series.resolve("lat", "histogram", "s", [], "shop");
    intake.builders.histograms.push({
      seriesId: histogram,
      tsUs: NOW_US,
      count: 3,
      sum: 1.5,
      min: null,
      max: 1,
      boundsId: registries.bounds.idOf([0.1, 1]),
      counts: [1, 2, 0],
    });
    pushLog(intake.builders.logs, registries, {
      tsUs: NOW_US,
      body: "hello",
      attributes: { k: "v" },
    });
    await intake.commit();
    assert.deepEqual(
      await rows("SELECT name, kind, unit, value, labels, service, series_id FROM metrics"),
      [["cpu", "gauge", "1", 0.25, { core: "0" }, "shop", id]],
    );
    assert.deepEqual(
      await rows(`SELECT name, "count", "sum", "min", "max", bounds, counts FROM histograms`),
      [["lat", 3, 1.5, null, 1, [0.1, 1], [1, 2, 0]]],
    );
    assert.deepEqual(
      await rows("SELECT severity, body, pid, host, attributes, resource, source FROM logs"),
      [["INFO", "hello", 42, "edge-1", { k: "v" }, {}, "test"]],
    );
  });
});

Deno.test("store: a batch that spans hours is split into the chunks of its hours", async () => {
  await withStore(async ({ intake, registries, rows, store }) => {
    const id = registries.series.resolve("m", "gauge", "", [], "");
    for (let hour = 0; hour < 5; hour++) {
      for (let i = 0; i < 10; i++) {
        intake.builders.metrics.push(id, NOW_US - hour * 3_600_000_000 - i, i);
      }
    }
    await intake.commit();
    assert.deepEqual(await rows("SELECT count(*), sum(value) FROM metrics"), [[50, 225]]);
    const stats = await store.stats();
    const metrics = stats.signals.find(({ signal }) => signal === "metrics");
    assert.ok(metrics !== undefined && metrics.chunks >= 5, JSON.stringify(metrics));
    assert.equal(metrics.rows, 50);
  });
});

Deno.test("store: full chunks are sealed beside ingest and read the same", async () => {
  await withStore(async ({ intake, registries, rows, store }) => {
    let n = 0;
    while (n < 260_000) {
      for (let i = 0; i < 20_000; i++, n++) {
        pushSpan(intake.builders.spans, registries, {
          traceId: (n >> 2).toString(16).padStart(32, "0"),
          spanId: (n + 1).toString(16).padStart(16, "0"),
          name: `op-${n % 10}`,
          tsUs: NOW_US + n,
          attributes: { "user.id": `u${n % 100}`, "http.method": "GET" },
        });
      }
      await intake.commit();
    }
    const before = await rows(
      "SELECT count(*), sum(attributes['user.id'] = 'u7')::INTEGER, count(DISTINCT name) FROM spans",
    );
    assert.deepEqual(before, [[260_000, 2_600, 10]]);
    // Sealing runs whenever the worker has a turn left; each query gives it some.
    while ((await store.stats()).sealedChunks === 0) await rows("SELECT 1");
    const after = await rows(
      "SELECT count(*), sum(attributes['user.id'] = 'u7')::INTEGER, count(DISTINCT name) FROM spans",
    );
    assert.deepEqual(after, before);
    const stats = await store.stats();
    const spans = stats.signals.find((s) => s.signal === "spans");
    assert.equal(spans?.openRows, 0);
    assert.deepEqual([spans?.chunks, spans?.openChunks], [
      (spans?.sealed.chunks ?? 0) + (spans?.openChunks ?? 0) + (spans?.closedChunks ?? 0),
      0,
    ]);
    assert.equal(spans?.sealed.rows, 260_000);
    assert.ok(spans.sealed.receivedBytes > 260_000 * 50, String(spans.sealed.receivedBytes));
  }, { budgetBytes: 1024 * MIB });
});

Deno.test("store: ingest goes on beside a heavy query, which ends at its deadline", async () => {
  await withStore(async ({ intake, registries, rows, store }) => {
    const id = registries.series.resolve("m", "gauge", "", [], "");
    for (let i = 0; i < 60_000; i++) intake.builders.metrics.push(id, NOW_US + i, i % 50);
    await intake.commit();
    let ended = false;
    const heavy = store.query({
      sql: "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b, metrics",
      timeoutMs: 1_500,
    }).then(() => null, (error: unknown) => error).finally(() => ended = true);
    let appends = 0;
    while (!ended) {
      intake.builders.metrics.push(id, NOW_US + 100_000 + appends, 1);
      await intake.commit();
      appends++;
    }
    const error = await heavy;
    assert.ok(error instanceof HorizonError);
    assert.equal(error.code, "deadline_exceeded");
    assert.match(error.message, /1500 ms/);
    assert.ok(appends > 3, `only ${appends} appends got through`);
    assert.deepEqual(await rows("SELECT count(*) FROM metrics"), [[60_000 + appends]]);
  });
});

Deno.test("store: a query is cancelled by its caller", async () => {
  await withStore(async ({ store }) => {
    const abort = new AbortController();
    const query = store.query({
      sql: "SELECT sum(a.range * b.range) FROM range(100000) a, range(100000) b",
      signal: abort.signal,
    });
    abort.abort();
    await assert.rejects(query, (error) => {
      assert.ok(error instanceof HorizonError);
      assert.equal(error.code, "cancelled");
      return true;
    });
    const stats = await store.stats();
    assert.equal(stats.queriesRunning, 0);
    assert.equal(stats.queriesCancelled, 1);
  });
});

Deno.test("store: results are cut at the row and byte limits and say so", async () => {
  await withStore(async ({ store }) => {
    const cut = await store.query({ sql: "SELECT range FROM range(100000)", maxRows: 10 });
    assert.equal(cut.truncated, true);
    assert.deepEqual([...cut.rows()].map(([n]) => n), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const whole = await store.query({ sql: "SELECT range FROM range(10)", maxRows: 10 });
    assert.equal(whole.truncated, false);
    assert.equal(whole.rowCount, 10);
    const bytes = await store.query({
      sql: "SELECT repeat('x', 1000) FROM range(100000)",
      maxBytes: 1_000_000,
    });
    assert.equal(bytes.truncated, true);
    assert.ok(bytes.rowCount > 0 && bytes.rowCount < 100_000);
  });
});

Deno.test("store: parameters are values, never SQL", async () => {
  await withStore(async ({ rows }) => {
    assert.deepEqual(
      await rows("SELECT ?, ? + 1, ?, ?", ["'); DROP TABLE series; --", 41, null, true]),
      [["'); DROP TABLE series; --", 42, null, true]],
    );
    assert.deepEqual(await rows("SELECT $2, $1", ["a", "b"]), [["b", "a"]]);
  });
});

Deno.test("store: values of every type come out ready for JSON", async () => {
  await withStore(async ({ store }) => {
    const result = await store.query({
      sql: `SELECT 9007199254740993::BIGINT big, sum(x) huge, 1.25::DECIMAL(6,2) price,
        make_timestamp(1700000000123456) ts, [1,2] list, MAP {'__proto__': 'x'} m,
        {'a': 1, 'b': [true]} s, NULL n, 'NaN'::DOUBLE nan, 'x'::BLOB bin, DATE '2024-02-29' d
        FROM (VALUES (1::BIGINT), (2)) t(x)`,
    });
    assert.deepEqual(result.columns.map(({ name, type }) => `${name} ${type}`).slice(0, 6), [
      "big BIGINT",
      "huge HUGEINT",
      "price DECIMAL(6,2)",
      "ts TIMESTAMP",
      "list INTEGER[]",
      "m MAP(VARCHAR, VARCHAR)",
    ]);
    const [row] = [...result.rows()];
    assert.deepEqual(row?.slice(0, 5), [
      "9007199254740993",
      3,
      1.25,
      "2023-11-14T22:13:20.123456Z",
      [1, 2],
    ]);
    assert.deepEqual(Object.entries(row?.[5] ?? {}), [["__proto__", "x"]]);
    assert.deepEqual(row?.[6], { a: 1, b: [true] });
    assert.equal(row?.[7], null);
    assert.ok(Number.isNaN(row?.[8]));
    assert.equal(row?.[10], "2024-02-29");
    const times = await store.query({
      sql: `SELECT TIMESTAMP '2024-01-02 03:04:05.5' - TIMESTAMP '2024-01-01' AS i,
        INTERVAL '14 months -3 seconds' AS j, NULL::INTERVAL AS k, TIME '12:34:56.5' AS t
        FROM range(2)`,
    });
    const expected = ["P0M1DT11045.5S", "P14M0DT-3S", null, "12:34:56.500000"];
    assert.deepEqual([...times.rows()], [expected, expected]);
  });
});

Deno.test("store: batches in which no row has an attribute are kept", async () => {
  await withStore(async ({ intake, registries, rows }) => {
    for (const tsUs of [NOW_US, NOW_US + 1]) {
      pushSpan(intake.builders.spans, registries, {
        traceId: TRACE,
        spanId: "b7ad6b7169203331",
        name: "bare",
        tsUs,
        resource: [],
      });
      pushLog(intake.builders.logs, registries, { tsUs, body: "bare" });
      await intake.commit();
    }
    assert.deepEqual(await rows("SELECT attributes FROM spans"), [[{}], [{}]]);
    assert.deepEqual(await rows("SELECT attributes FROM logs"), [[{}], [{}]]);
  });
});

Deno.test("store: idle series are forgotten, and come back under new ids", async () => {
  const store = await StoreClient.open(
    storeOptions(),
    new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 }),
    silentLogger,
  );
  try {
    let nowMs = Date.now();
    let monotonicMs = 0;
    const clock = { nowMs: () => nowMs, monotonicMs: () => monotonicMs };
    const registries = new Registries({ maxSeries: 2, maxSeriesPerMetric: 2, idleAfterMs: 1_000 });
    const limits = { maxPendingBytes: 1e6, flushIntervalMs: 1, maxBatchRows: 10 };
    const intake = new Intake(store, registries, limits, clock);
    const series = (label: string) =>
      registries.series.resolve("m", "gauge", "", [["l", label]], "");
    const push = async (id: number, value: number) => {
      intake.builders.metrics.push(id, NOW_US, value);
      await intake.commit();
    };
    const old = series("old");
    await push(old, 1);
    await push(series("kept"), 2);
    assert.equal(series("new"), SERIES_REFUSED);
    nowMs += 2_000;
    monotonicMs += 120_000;
    await push(series("kept"), 3);
    const fresh = series("new");
    assert.ok(fresh !== SERIES_REFUSED && fresh !== old);
    await push(fresh, 4);
    const labels = await store.query({ sql: "SELECT labels['l'], value FROM metrics ORDER BY 2" });
    // Its rows stay, and they keep their labels.
    assert.deepEqual([...labels.rows()], [["old", 1], ["kept", 2], ["kept", 3], ["new", 4]]);
    const stats = await store.stats();
    assert.deepEqual([stats.series, stats.retiredSeries], [2, 1]);
  } finally {
    await store.close();
  }
});

Deno.test("store: large appends and sealing go on while a query over the same rows is pending", async () => {
  await withStore(async ({ intake, registries, rows, store }) => {
    const id = registries.series.resolve("m", "gauge", "", [], "");
    const append = async (from: number) => {
      for (let i = from; i < from + 60_000; i++) intake.builders.metrics.push(id, NOW_US + i, i);
      await intake.commit();
    };
    await append(0);
    const heavy = store.query({
      sql: "SELECT sum(a.value * b.range) FROM metrics a, range(100000) b",
      timeoutMs: 3_000,
    }).then(() => "answered", (error: unknown) => error instanceof HorizonError && error.code);
    // More than the engine writes before it would checkpoint by itself, and a full chunk.
    for (let batch = 1; batch < 40; batch++) await append(batch * 60_000);
    assert.equal(await heavy, "deadline_exceeded");
    while ((await store.stats()).sealedChunks === 0) await rows("SELECT 1");
    assert.deepEqual(await rows("SELECT count(*), count(DISTINCT value) FROM metrics"), [
      [2_400_000, 2_400_000],
    ]);
  });
});

Deno.test("store: under load past the budget only the oldest goes, whatever is being sealed or asked", async () => {
  const budgetBytes = 96 * MIB;
  await withStore(async ({ intake, registries, rows, store }) => {
    const id = registries.series.resolve("m", "gauge", "", [], "");
    // Random values, which no encoding makes smaller.
    const random = mulberry32(1);
    let heavy: Promise<unknown> = Promise.resolve();
    for (let batch = 0; batch < 160; batch++) {
      for (let i = 0; i < 100_000; i++) {
        intake.builders.metrics.push(id, NOW_US + i, random() / (1 + random()));
      }
      await intake.commit();
      if (batch !== 60) continue;
      const sql = "SELECT sum(a.value * b.range) FROM metrics a, range(100000) b";
      // Whether it meets its deadline or has to give way is not what matters here.
      heavy = Promise.allSettled([store.query({ sql, timeoutMs: 3_000 })]);
    }
    await heavy;
    const stats = await store.stats();
    const kept = Number((await rows("SELECT count(*) FROM metrics"))[0]?.[0]);
    // Rollups of them may have gone too; they are counted apart.
    const evicted = stats.evicted.filter(({ signal }) => signal === "metrics")
      .reduce((sum, one) => sum + one.rows, 0);
    assert.equal(kept + evicted, 16_000_000);
    assert.ok(evicted > 0, "the budget was reached");
    // A row takes 20 bytes at most; a chunk of two million may just have gone.
    assert.ok(kept * 20 > budgetBytes / 3, `only ${kept} rows were kept`);
  }, { budgetBytes });
});

Deno.test("store: of rows that are large, too, only the oldest go", async () => {
  const budgetBytes = 48 * MIB;
  await withStore(async ({ intake, registries, rows, store }) => {
    const random = mulberry32(2);
    // 64 KiB of which an encoding saves a quarter: 128 MiB in all, in fewer rows than fill any chunk.
    const text = () =>
      Buffer.from(Uint32Array.from({ length: 12_288 }, random).buffer)
        .toString("base64");
    for (let batch = 0; batch < 32; batch++) {
      for (let i = 0; i < 64; i++) {
        pushLog(intake.builders.logs, registries, { body: text(), tsUs: NOW_US + batch });
      }
      await intake.commit();
    }
    // Room is made once a second.
    await until("within its budget", PATIENCE_MS, async () => {
      return (await store.stats()).bytes <= budgetBytes || null;
    });
    const kept = Number((await rows("SELECT count(*) FROM logs"))[0]?.[0]);
    const evicted = (await store.stats()).evicted.reduce((sum, one) => sum + one.rows, 0);
    assert.equal(kept + evicted, 2_048);
    assert.ok(kept > 250 && evicted > 0, `${kept} of 2,048 rows were kept`);
    assert.deepEqual(
      await rows(`SELECT min(epoch_us(ts)) > ${NOW_US}::BIGINT, max(epoch_us(ts)) FROM logs`),
      [[true, NOW_US + 31]],
    );
  }, { budgetBytes });
});

Deno.test("store: rows that come faster than they can be sealed are held up, not lost", async () => {
  // In this thread, so that nothing is sealed but when the test has waited for an answer.
  const fixture = await CoreFixture.open(NOW_US / 1000, { budgetBytes: 64 * MIB });
  const { core, spans, registries } = fixture;
  let held = 0;
  // They take some 200 MiB as they come and a tenth of it sealed.
  for (let n = 0; n < 300_000;) {
    for (const end = n + 5_000; n < end; n++) {
      pushSpan(spans, registries, {
        traceId: (n >> 2).toString(16).padStart(32, "0"),
        spanId: (n + 1).toString(16).padStart(16, "0"),
        name: `op-${n % 10}`,
        tsUs: NOW_US + n,
        attributes: { "user.id": `u${n % 100}`, "http.method": "GET", "http.route": "/a/{b}" },
      });
    }
    const answer = fixture.append();
    if (!answer.given) held++;
    core.tick();
    while (!answer.given) core.step();
  }
  assert.ok(held > 2, `${held} appends were held up`);
  const stats = core.stats();
  assert.equal(stats.heldAppends, held);
  assert.deepEqual(stats.evicted, []);
  assert.deepEqual(fixture.rows("SELECT count(*) FROM spans"), [[300_000]]);
  while (core.busy) core.step();
  // What is booked by chunk is what the engine holds, less some tables that are small.
  const { bytes, signals, rollups } = core.stats();
  const booked = [...signals, ...rollups].reduce((sum, one) => sum + one.bytes, 0);
  assert.ok(Math.abs(bytes - booked) < 4 * MIB, `${booked} bytes booked, ${bytes} held`);
});

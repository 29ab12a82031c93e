import assert from "node:assert/strict";
import { HorizonError } from "../../mod/errors.ts";
import type { QueryFn } from "../../mod/ports.ts";
import { withStore } from "../support/store_fixture.ts";

async function refusal(query: QueryFn, sql: string): Promise<HorizonError> {
  try {
    await query({ sql });
  } catch (error) {
    assert.ok(error instanceof HorizonError, String(error));
    return error;
  }
  throw new Error(`was taken: ${sql}`);
}

Deno.test("store: what a query may not do is refused, and the store goes on", async () => {
  await withStore(async ({ store, rows }) => {
    const tables = await rows("SHOW TABLES");
    for (
      const sql of [
        "DROP TABLE series",
        "CREATE TABLE x(a INT)",
        "ATTACH ':memory:' AS y",
        "COPY (SELECT 1) TO '/tmp/horizon-hostile.csv'",
        "INSERT INTO series SELECT * FROM series",
        "DELETE FROM series",
        "SET threads=2",
        "PRAGMA database_list",
        "CALL force_checkpoint('store')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE series",
        "SELECT 1) ; DROP TABLE series; --",
        "SELECT 1 /* ; */ ; DROP TABLE series",
        "SELECT $$ ; $$ ; DROP TABLE series",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM query('DROP TABLE series')",
        "INSTALL json",
        "LOAD json",
        "EXPORT DATABASE '/tmp/x'",
        "",
        "-- nothing",
        ";",
      ]
    ) {
      const error = await refusal(store.query, sql);
      assert.equal(error.code, "invalid_query", `${sql}: ${error.message}`);
    }
    assert.deepEqual(await rows("SHOW TABLES"), tables);
    assert.deepEqual(await rows("SELECT ';' AS a /* ; */ -- ;\n;"), [[";"]]);
  });
});

Deno.test("store: functions that amplify are bounded, also when called by other names", async () => {
  await withStore(async ({ store, rows }) => {
    for (
      const sql of [
        "SELECT repeat('x', 3000000000)",
        "SELECT main.repeat('x', 3000000000)",
        "SELECT len(range(1000000000))",
        "SELECT len(generate_series(0, 1000000000))",
        "SELECT len(range(0, 1000000000, 2))",
        "SELECT lpad('x', 2000000000, 'y')",
        "SELECT list_resize([1], 1000000000)",
        "SELECT levenshtein(repeat('a', 20000), repeat('b', 20000))",
        "SELECT jaro_winkler_similarity(repeat('a', 20000), repeat('b', 20000))",
        "SELECT jaro_similarity(repeat('a', 20000), repeat('b', 20000), 0.5)",
      ]
    ) assert.match((await refusal(store.query, sql)).message, /would make more than/, sql);
    for (
      const sql of [
        "SELECT system.main.repeat('x', 3000000000)",
        "SELECT \"system\".main.repeat('x', 3000000000)",
        "SELECT SYSTEM /* */ . main.range(1000000000)",
      ]
    ) assert.match((await refusal(store.query, sql)).message, /`system`/, sql);
    assert.deepEqual(
      await rows("SELECT repeat('ab', 2), range(3), range(4, 0, -2), lpad('7', 3, '0')"),
      [["abab", [0, 1, 2], [4, 2], "007"]],
    );
    assert.deepEqual(
      await rows(
        "SELECT len(range(TIMESTAMP '2024-01-01', TIMESTAMP '2024-01-02', INTERVAL 1 HOUR))",
      ),
      [[24]],
    );
    assert.deepEqual(await rows("SELECT count(*) FROM range(3000000)"), [[3_000_000]]);
  });
});

Deno.test("store: functions that would change the engine are closed to queries", async () => {
  await withStore(async ({ store, rows }) => {
    const settings = await rows("SELECT name, value FROM duckdb_settings() ORDER BY name");
    for (
      const sql of [
        // Would fail every statement from then on: the folder may not be written.
        "SELECT * FROM enable_logging(storage = 'file', storage_config = {'path': '/tmp/x'})",
        "SELECT * FROM ENABLE_LOGGING()",
        'SELECT * FROM main."enable_logging"()',
        "SELECT * FROM disable_logging()",
        "SELECT * FROM truncate_duckdb_logs()",
        "SELECT * FROM checkpoint('store')",
        "SELECT * FROM force_checkpoint()",
        "SELECT * FROM arrow_scan(NULL, NULL, NULL)",
        "SELECT * FROM query('SELECT * FROM system.main.enable_logging()')",
        "SELECT * FROM query_table('system.main.enable_logging')",
      ]
    ) assert.equal((await refusal(store.query, sql)).code, "invalid_query", sql);
    assert.deepEqual(
      await rows("SELECT name, value FROM duckdb_settings() ORDER BY name"),
      settings,
    );
  });
});

Deno.test("store: a PIVOT must name its values", async () => {
  await withStore(async ({ store, rows }) => {
    const source = "(SELECT range % 3 AS a FROM range(9))";
    const open = `PIVOT ${source} ON a USING count(*)`;
    for (
      const sql of [
        open,
        `SELECT * FROM (${open})`,
        `WITH p AS (${open}) SELECT * FROM p`,
        `SELECT * FROM (pivot_wider ${source} ON a USING count(*))`,
      ]
    ) assert.match((await refusal(store.query, sql)).message, /must name its values/, sql);
    const asked = store.query({ sql: `SELECT * FROM (${open}) WHERE ? = 1`, params: [1] });
    await assert.rejects(asked, /must name its values/);
    assert.deepEqual(
      await rows(`SELECT *, ? FROM (PIVOT ${source} ON a IN (0, 1) USING count(*))`, [7]),
      [[3, 3, 7]],
    );
    assert.deepEqual(await rows("SELECT count(*) FROM duckdb_types() WHERE NOT internal"), [[0]]);
  });
});

Deno.test("store: joins that compare all with all are refused when they are large", async () => {
  await withStore(async ({ store, rows }) => {
    const large =
      "SELECT count(*) FROM range(100000) a, range(100000) b WHERE a.range + b.range = 7";
    assert.match((await refusal(store.query, large)).message, /join on an equality/);
    const error = await store.query({
      sql: "SELECT count(*) FROM range(100000) a, range(100000) b WHERE a.range + b.range = ?",
      params: [7],
    }).then(() => null, (e: unknown) => e);
    assert.ok(error instanceof HorizonError && /join on an equality/.test(error.message));
    const small = "SELECT count(*) FROM range(100) a, range(100) b WHERE a.range + b.range = 7";
    assert.deepEqual(await rows(small), [[8]]);
  });
});

Deno.test("store: a query that wants all memory fails alone", async () => {
  await withStore(async ({ store, rows }) => {
    const error = await refusal(
      store.query,
      "SELECT count(DISTINCT range::VARCHAR || repeat('z', 300)) FROM range(30000000)",
    );
    assert.ok(["too_large", "deadline_exceeded"].includes(error.code), error.message);
    assert.deepEqual(await rows("SELECT 1"), [[1]]);
  });
});

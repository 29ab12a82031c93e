import assert from "node:assert/strict";
import { z } from "zod";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";

// SQL of people who want more than to read telemetry, over HTTP, against a running Horizon.

const SECRET = "the-secret-of-the-host";
const KEPT = "a record that stays";

/** Refused, each of them. SECRET.csv lies in Horizon's working folder, DIR stands for that folder. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "schema changes": [
    "DROP TABLE series",
    "DROP VIEW spans",
    "DROP SCHEMA main CASCADE",
    "DROP MACRO repeat",
    "CREATE TABLE hostile(a INT)",
    "CREATE TEMP TABLE hostile AS SELECT 1",
    "CREATE OR REPLACE VIEW spans AS SELECT 1",
    "CREATE MACRO now_utc() AS 1",
    "CREATE OR REPLACE MACRO repeat(a, b) AS 1",
    "CREATE SCHEMA hostile",
    "CREATE SEQUENCE hostile",
    "CREATE TYPE hostile AS ENUM ('a')",
    "CREATE INDEX hostile ON series(name)",
    "CREATE SECRET hostile (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "ALTER TABLE series ADD COLUMN hostile INT",
    "ALTER TABLE series RENAME TO hostile",
    "COMMENT ON TABLE series IS 'hostile'",
    "TRUNCATE series",
  ],
  "data changes": [
    "INSERT INTO series SELECT * FROM series",
    "UPDATE series SET name = 'hostile'",
    "DELETE FROM series",
    "DELETE FROM spans",
    "MERGE INTO series USING series s ON true WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM series RETURNING *) SELECT * FROM gone",
    "SELECT * FROM (DELETE FROM series RETURNING *)",
    "SELECT * FROM (INSERT INTO series SELECT * FROM series RETURNING *)",
    "SELECT 1 INTO hostile",
    "EXPLAIN ANALYZE DELETE FROM series",
  ],
  "files and networks": [
    "COPY series TO 'DIR/out.csv'",
    "COPY (SELECT 1) TO 'DIR/out.csv'",
    "COPY series FROM 'DIR/SECRET.csv'",
    "COPY FROM DATABASE store TO memory",
    "EXPORT DATABASE 'DIR/out'",
    "IMPORT DATABASE 'DIR'",
    "ATTACH 'DIR/out.db'",
    "ATTACH ':memory:' AS hostile",
    "DETACH store",
    "SELECT * FROM 'DIR/SECRET.csv'",
    'SELECT * FROM "DIR/SECRET.csv"',
    "FROM 'SECRET.csv'",
    "SELECT * FROM read_csv('DIR/SECRET.csv')",
    "SELECT * FROM read_csv_auto('SECRET.csv', header = false)",
    "SELECT * FROM read_text('DIR/SECRET.csv')",
    "SELECT * FROM read_text(['DIR/SECRET.csv', '/etc/passwd'])",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM sniff_csv('DIR/SECRET.csv')",
    "SELECT * FROM glob('DIR/*')",
    "SELECT * FROM read_parquet('DIR/SECRET.csv')",
    "SELECT * FROM parquet_scan('https://attacker.example/x.parquet')",
    "SELECT * FROM parquet_metadata('DIR/SECRET.csv')",
    "SELECT * FROM read_json('DIR/SECRET.csv')",
    "SELECT * FROM read_csv('https://attacker.example/x.csv')",
    "SELECT * FROM query_table('DIR/SECRET.csv')",
    "SELECT getenv('HOME')",
  ],
  "settings, extensions and the engine": [
    "SET threads = 2",
    "SET enable_external_access = true",
    "SET GLOBAL memory_limit = '1GB'",
    "SET lock_configuration = false",
    "SET VARIABLE hostile = 1",
    "RESET memory_limit",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "PRAGMA memory_limit = '1GB'",
    "INSTALL json",
    "LOAD json",
    "LOAD 'DIR/SECRET.csv'",
    "UPDATE EXTENSIONS",
    "USE memory",
    "CALL force_checkpoint('store')",
    "CALL pragma_version()",
    "CHECKPOINT store",
    "FORCE CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "BEGIN TRANSACTION",
    "COMMIT",
    "ROLLBACK",
    "PREPARE hostile AS SELECT 1",
    "EXECUTE horizon_query",
    "EXECUTE horizon_query(1)",
    "DEALLOCATE horizon_query",
    "SELECT * FROM force_checkpoint('store')",
    "SELECT * FROM enable_logging()",
    "SELECT * FROM enable_logging(storage = 'file', storage_config = {'path': 'DIR/logs'})",
    "SELECT * FROM disable_logging()",
    "SELECT * FROM truncate_duckdb_logs()",
    "SELECT * FROM query('SELECT * FROM system.main.enable_logging()')",
    "SELECT * FROM seq_scan()",
    "PIVOT series ON name USING count(*)",
    "SELECT * FROM checkpoint('store')",
    "SELECT * FROM query('DROP TABLE series')",
    "SELECT * FROM query('SELECT 1; DROP TABLE series')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM arrow_scan_dumb(1::BIGINT, 2::BIGINT, 3::BIGINT)",
    "SELECT system.main.repeat('x', 3000000000)",
  ],
  "several statements": [
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE series",
    "SELECT 1;; DROP TABLE series",
    ";DROP TABLE series",
    "SELECT 1 /* ; */ ; DROP TABLE series",
    "SELECT 1 /* /* */ ; */ ; DROP TABLE series",
    "SELECT 1 -- harmless\n; DROP TABLE series",
    "SELECT 1 --\r; DROP TABLE series",
    "SELECT ';' ; DROP TABLE series",
    "SELECT 'it''s' ; DROP TABLE series",
    "SELECT E'\\'' ; DROP TABLE series --'",
    "SELECT '\\'; DROP TABLE series; --'",
    "SELECT $$ ; $$ ; DROP TABLE series",
    "SELECT $a$ $$ ; $a$ ; DROP TABLE series",
    'SELECT 1 AS ";" ; DROP TABLE series',
    "SELECT 1\u00a0;\u00a0DROP TABLE series",
    "SELECT 1 \u200b; DROP TABLE series",
    "SELECT '\u02bc' ; DROP TABLE series",
    "SELECT 1\uff1b DROP TABLE series",
    "SELECT 1\0; DROP TABLE series",
  ],
  "ways out of the subquery": [
    "SELECT 1) ; DROP TABLE series; --",
    "SELECT 1); DROP TABLE series; SELECT * FROM (SELECT 2",
    "SELECT 1) t; --",
    "SELECT 1) --",
    "SELECT 1) t /*",
    "SELECT 1) t $$",
    "SELECT 1) t '",
    "SELECT 1) LIMIT 5 OFFSET (0",
    ") SELECT 1 (",
    "1); DELETE FROM series WHERE (1=1",
    "SELECT 1 /* ) */ ) ; DROP TABLE series",
    "SELECT 1) UNION ALL (DELETE FROM series RETURNING name",
    "SELECT 1) t INTO hostile FROM (SELECT 1",
  ],
  "nothing": ["", " ", ";", "-- nothing", "/* nothing */"],
};

/** Taken, since they do nothing but read telemetry; with what they must answer. */
const HARMLESS: readonly (readonly [sql: string, rows: readonly (readonly unknown[])[]])[] = [
  ["SELECT 'DROP TABLE series' AS a", [["DROP TABLE series"]]],
  ["SELECT 1 -- ; DROP TABLE series", [[1]]],
  ["SELECT 1 /* /* ; */ DROP TABLE series; */", [[1]]],
  ["SELECT $$;DROP TABLE series;$$", [[";DROP TABLE series;"]]],
  ["SELECT 1;", [[1]]],
  ["SELECT 1) UNION ALL (SELECT 2", [[1], [2]]],
  ["SELECT 1 AS x) a, (SELECT 2 AS y", [[1, 2]]],
  ["SELECT count(*) FROM (SELECT 1) t, (SELECT 2) u", [[1]]],
];

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask(horizon: RunningHorizon, sql: string): Promise<Answer> {
  const response = await fetch(`${horizon.url}/api/sql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: sql }),
  });
  return { status: response.status, text: await response.text() };
}

const Failure = z.strictObject({
  error: z.looseObject({ code: z.string(), message: z.string().min(1) }),
});

/** What there is in the engine, but for chunks, which come and go with time. */
async function inventory({ sql }: RunningHorizon): Promise<unknown> {
  return {
    tables: await sql(
      `SELECT database, schema, name, column_names, column_types, temporary
       FROM (SHOW ALL TABLES) WHERE name NOT LIKE 'chunk\\_%' ESCAPE '\\' ORDER BY ALL`,
    ),
    databases: await sql("SELECT database_name, path FROM duckdb_databases() ORDER BY ALL"),
    settings: await sql("SELECT name, value FROM duckdb_settings() ORDER BY ALL"),
    macros: await sql(
      "SELECT function_name, macro_definition FROM duckdb_functions() WHERE NOT internal ORDER BY ALL",
    ),
    types: await sql("SELECT type_name FROM duckdb_types() WHERE NOT internal ORDER BY ALL"),
    prepared: await sql("SELECT count(*) FROM duckdb_prepared_statements()"),
  };
}

/** Files below a folder with their contents. */
async function files(dir: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    found.push(`${name}: ${await Deno.readTextFile(`${dir}/${name}`)}`);
  }
  return found.sort();
}

Deno.test("/api/sql: hostile statements change nothing, write nothing, and read no file", async () => {
  const dir = await Deno.makeTempDir({ prefix: "horizon-hostile-" });
  try {
    await Deno.writeTextFile(`${dir}/SECRET.csv`, `a,b\n${SECRET},2\n`);
    const filesBefore = await files(dir);
    await withHorizon(async (horizon) => {
      const logRecords = [{ body: { stringValue: KEPT } }];
      const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
      const sent = await fetch(`${horizon.otlpHttpUrl}/v1/logs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      assert.deepEqual([sent.status, await sent.text()], [200, "{}"]);
      const before = await inventory(horizon);

      const taken: string[] = [];
      for (const sql of Object.values(REFUSED).flat()) {
        const { status, text } = await ask(horizon, sql.replaceAll("DIR", dir));
        assert.ok(!text.includes(SECRET), `${sql} read a file: ${text}`);
        if (status === 400) Failure.parse(JSON.parse(text));
        else taken.push(`${sql} -> ${status} ${text}`);
      }
      assert.deepEqual(taken, []);
      for (const [sql, rows] of HARMLESS) assert.deepEqual(await horizon.sql(sql), rows, sql);
      const quoted = "'; DROP TABLE series; --";
      assert.deepEqual(await horizon.sql("SELECT ?", [quoted]), [[quoted]]);

      assert.deepEqual(await inventory(horizon), before);
      assert.deepEqual(await horizon.sql("SELECT body FROM logs"), [[KEPT]]);
      assert.deepEqual(await files(dir), filesBefore);
      assert.equal((await (await fetch(`${horizon.url}/readyz`)).json()).status, "ok");
      assert.equal(await horizon.stop(), 0);
    }, { cwd: dir });
    assert.deepEqual(await files(dir), filesBefore);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("/api/sql: no way out of the subquery leads past the row limit", async () => {
  await withHorizon(async (horizon) => {
    for (
      const sql of [
        "SELECT 1) UNION ALL (SELECT range FROM range(500000)",
        "SELECT 1) UNION ALL SELECT range FROM (SELECT range FROM range(500000)",
        "SELECT 1) a, range(500000), (SELECT 2",
        "SELECT 1) a JOIN range(500000) ON (TRUE",
        "SELECT * FROM range(500000) LIMIT ALL",
      ]
    ) {
      const response = await fetch(`${horizon.url}/api/sql?max_rows=10`, {
        method: "POST",
        headers: { "content-type": "application/sql" },
        body: sql,
      });
      const text = await response.text();
      if (response.status === 400) continue;
      assert.equal(response.status, 200, text);
      const { row_count: count, truncated } = z.object({
        row_count: z.int(),
        truncated: z.boolean(),
      }).parse(JSON.parse(text));
      assert.deepEqual([count, truncated], [10, true], sql);
    }
  });
});

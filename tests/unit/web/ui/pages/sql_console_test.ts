import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addToHistory,
  clearHistory,
  readHistory,
} from "../../../../../web/ui/pages/query_history.js";
import {
  cellText,
  columnWidths,
  fullText,
  sortRows,
} from "../../../../../web/ui/pages/result_cells.js";
import { drawingOf, MAX_BARS, MAX_LINES } from "../../../../../web/ui/pages/result_chart.js";
import { EXAMPLES } from "../../../../../web/ui/pages/sql_examples.js";
import { SCHEMA_QUERY, viewsOf } from "../../../../../web/ui/pages/sql_schema.js";
import { tokenizeSql } from "../../../../../web/ui/pages/sql_tokens.js";
import { MetricsDatabase } from "../metrics_database.ts";

Deno.test("tokenizeSql: keywords, texts, numbers, comments", () => {
  const tokens = tokenizeSql(`SELECT 'it''s', "FROM", 1.5e3 -- WHERE\nFROM x1 /* ' */`);
  assert.deepEqual(tokens.filter(({ kind }) => kind !== "plain"), [
    { kind: "keyword", text: "SELECT" },
    { kind: "string", text: "'it''s'" },
    { kind: "number", text: "1.5e3" },
    { kind: "comment", text: "-- WHERE" },
    { kind: "keyword", text: "FROM" },
    { kind: "comment", text: "/* ' */" },
  ]);
});

Deno.test("tokenizeSql: loses and adds nothing, whatever is typed", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (sql) => {
    assert.equal(tokenizeSql(sql).map(({ text }) => text).join(""), sql);
  }));
  for (const sql of ["'open", '"open', "/* open", "1e", "--", "\n\n"]) {
    assert.equal(tokenizeSql(sql).map(({ text }) => text).join(""), sql);
  }
});

const TIME = { name: "time", type: "TIMESTAMP" };
const VALUE = { name: "value", type: "DOUBLE" };
const TEXT = { name: "service", type: "VARCHAR" };

Deno.test("drawingOf: a time, a text and a number become lines by text", () => {
  const drawing = drawingOf([TIME, TEXT, VALUE], [
    ["2026-01-01T00:00:10.000000Z", "b", 2],
    ["2026-01-01T00:00:00.000000Z", "a", 1],
    ["2026-01-01T00:00:10.000000Z", "a", 3],
    ["2026-01-01T00:00:20.000000Z", null, "9007199254740993"],
  ]);
  assert.ok(drawing.kind === "time");
  const start = Date.UTC(2026, 0, 1) / 1000;
  assert.deepEqual(drawing.data.times, [start, start + 10, start + 20]);
  assert.deepEqual(drawing.data.series.map(({ name }) => name), ["a", "b", "NULL"]);
  assert.deepEqual(drawing.data.values, [
    [1, 3, null],
    [null, 2, null],
    [null, null, 9007199254740992],
  ]);
  assert.deepEqual(drawing.data.window, { fromMs: start * 1000, toMs: (start + 20) * 1000 });
});

Deno.test("drawingOf: several numbers become lines of their own", () => {
  const rows = [["2026-01-01", "x", 1, 2], ["2026-01-02", "x", 3, 4]];
  const columns = [{ name: "day", type: "DATE" }, TEXT, VALUE, { name: "n", type: "BIGINT" }];
  const drawing = drawingOf(columns, rows);
  assert.ok(drawing.kind === "time");
  assert.deepEqual(drawing.data.series.map(({ name }) => name), ["x n", "x value"]);
});

Deno.test("drawingOf: at most so many lines, the highest ones, and says how many are left out", () => {
  const rows = Array.from({ length: 40 }, (_, i) =>
    [0, 1].map((second) => [
      `2026-01-01T00:00:0${second}Z`,
      `s${i}`,
      i,
    ])).flat();
  const drawing = drawingOf([TIME, TEXT, VALUE], rows);
  assert.ok(drawing.kind === "time");
  assert.equal(drawing.data.series.length, MAX_LINES);
  assert.equal(drawing.leftOut, 40 - MAX_LINES);
  assert.ok(drawing.data.series.some(({ name }) => name === "s39"));
});

Deno.test("drawingOf: a text and a number become bars", () => {
  const rows = Array.from({ length: MAX_BARS + 3 }, (_, i) => [`s${i}`, i]);
  const drawing = drawingOf([TEXT, { name: "rss_bytes", type: "BIGINT" }], rows);
  assert.ok(drawing.kind === "bars");
  assert.equal(drawing.bars.length, MAX_BARS);
  assert.equal(drawing.leftOut, 3);
  assert.equal(drawing.format.value(1024), "1 KiB");
});

Deno.test("drawingOf: says why there is no chart", () => {
  const cases: Parameters<typeof drawingOf>[] = [
    [[TIME, VALUE], []],
    [[TIME, TEXT], [["2026-01-01", "a"]]],
    [[VALUE], [[1]]],
    [[TIME, VALUE], [["2026-01-01", 1]]],
    [[{ name: "labels", type: "MAP(VARCHAR, VARCHAR)" }], [[{}]]],
  ];
  for (const [columns, rows] of cases) {
    const drawing = drawingOf(columns, rows);
    assert.ok(drawing.kind === "none", JSON.stringify(columns));
    assert.ok(drawing.reason.length > 10);
  }
});

Deno.test("cellText: one line for each value; fullText keeps all of it", () => {
  assert.equal(cellText(null, "VARCHAR"), "NULL");
  assert.equal(cellText("2026-01-01T10:00:00.000000Z", "TIMESTAMP"), "2026-01-01 10:00:00");
  assert.equal(cellText("2026-01-01T10:20:30.120000Z", "TIMESTAMP"), "2026-01-01 10:20:30.12");
  assert.equal(cellText(880.381504718209, "DOUBLE"), "880.381505");
  assert.equal(fullText(880.381504718209, "DOUBLE"), "880.381504718209");
  assert.equal(cellText("9007199254740993", "BIGINT"), "9007199254740993");
  assert.equal(cellText({ a: "1", b: null }, "MAP(VARCHAR, VARCHAR)"), '{ "a": "1", "b": null }');
  assert.equal(cellText("a\n  b", "VARCHAR"), "a ↵ b");
  assert.equal(cellText("x".repeat(1000), "VARCHAR").length, 301);
  assert.equal(fullText("x".repeat(1000), "VARCHAR").length, 1000);
});

Deno.test("columnWidths: as wide as the content, within bounds", () => {
  const columns = [TEXT, VALUE, { name: "body", type: "VARCHAR" }];
  assert.deepEqual(columnWidths(columns, [["gateway-service", 1, "x".repeat(500)]]), [15, 7, 52]);
});

Deno.test("sortRows: numbers by value, also large ones, nulls last", () => {
  const rows = [["9007199254740993"], [null], ["9007199254740992"], ["-5"]];
  const sorted = (direction: "ascending" | "descending") =>
    sortRows(rows, 0, direction, true).map(([value]) => value);
  assert.deepEqual(sorted("ascending"), ["-5", "9007199254740992", "9007199254740993", null]);
  assert.deepEqual(sorted("descending"), ["9007199254740993", "9007199254740992", "-5", null]);
  assert.deepEqual(sortRows([["b"], ["a"]], 0, "ascending", false), [["a"], ["b"]]);
  assert.deepEqual(sortRows([[{ a: 2 }], [{ a: 1 }]], 0, "ascending", false), [[{ a: 1 }], [{
    a: 2,
  }]]);
});

/** A storage as the browser's. */
function textStorage(initial: Record<string, string> = {}) {
  const items = new Map(Object.entries(initial));
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

Deno.test("query history: newest first, each once, bounded", () => {
  const storage = textStorage();
  for (let i = 0; i < 60; i++) addToHistory(storage, { sql: `SELECT ${i}`, timeMs: i });
  addToHistory(storage, { sql: "  SELECT 30\n", timeMs: 99 });
  addToHistory(storage, { sql: "   ", timeMs: 100 });
  addToHistory(storage, { sql: "x".repeat(30_000), timeMs: 101 });
  const entries = readHistory(storage);
  assert.equal(entries.length, 50);
  assert.deepEqual(entries[0], { sql: "SELECT 30", timeMs: 99 });
  assert.equal(entries.filter(({ sql }) => sql === "SELECT 30").length, 1);
  clearHistory(storage);
  assert.deepEqual(readHistory(storage), []);
});

Deno.test("query history: what makes no sense is an empty history", () => {
  for (const stored of ["", "{", "5", "null", '{"a":1}', '[1,null,{"sql":5}]']) {
    assert.deepEqual(readHistory(textStorage({ "horizon.sql.history": stored })), [], stored);
  }
});

Deno.test("viewsOf: the views that exist, their columns in order, each once", async () => {
  const database = await MetricsDatabase.open();
  const [metrics, ...others] = viewsOf(database.query(SCHEMA_QUERY));
  assert.deepEqual(others, []);
  assert.equal(metrics?.name, "metrics");
  assert.deepEqual(metrics?.columns.slice(0, 2), [
    { name: "ts", type: "TIMESTAMP" },
    { name: "name", type: "VARCHAR" },
  ]);
  assert.deepEqual(
    viewsOf([["metrics", "ts", "X"], ["metrics", "ts", "X"], ["chunk_7", "a", "B"]]),
    [
      { name: "metrics", note: metrics?.note, columns: [{ name: "ts", type: "X" }] },
    ],
  );
});

Deno.test("EXAMPLES: titles are distinct; those about metrics run on the engine", async () => {
  assert.equal(new Set(EXAMPLES.map(({ title }) => title)).size, EXAMPLES.length);
  const database = await MetricsDatabase.open();
  const now = database.nowMs();
  const labels = { "cpu.mode": "user" };
  database.insert([{ timeMs: now - 5000, name: "system.cpu.utilization", value: 0.5, labels }]);
  const rows = database.query(
    EXAMPLES.find(({ title }) => title.startsWith("CPU by mode"))?.sql ?? "",
  );
  assert.equal(rows.length, 1);
});

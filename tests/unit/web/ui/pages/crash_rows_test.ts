import assert from "node:assert/strict";
import type { CrashTable, CrashTableName } from "../../../../../web/ui/api_client.js";
import {
  agoText,
  causeText,
  crashCharts,
  crashesWithin,
  firstTable,
  tableResult,
} from "../../../../../web/ui/pages/crash_rows.js";

const NOW = "2026-03-01T12:00:00.000Z";
const NOW_MS = Date.parse(NOW);
const NONE: CrashTable = { columns: [], rows: [], truncated: false, problem: "the store is away" };

function tables(
  some: Partial<Record<CrashTableName, CrashTable>>,
): Record<CrashTableName, CrashTable> {
  return { metrics: NONE, logs: NONE, spans: NONE, events: NONE, host: NONE, ...some };
}

Deno.test("causeText: the cause, and the signal or the code", () => {
  const cases: [string, number | null, string | null, string][] = [
    ["crashed", null, "SIGSEGV", "crashed · SIGSEGV"],
    ["failed", 3, null, "failed · exit code 3"],
    ["oom_killed", null, null, "oom killed"],
  ];
  for (const [cause, exit_code, signal, expected] of cases) {
    assert.equal(causeText({ cause, exit_code, signal }), expected);
  }
});

Deno.test("agoText, crashesWithin: a clock that is ahead makes no future", () => {
  assert.equal(agoText("2026-03-01T11:57:30Z", NOW_MS), "2 m 30 s ago");
  assert.equal(agoText("2026-03-01T12:00:09Z", NOW_MS), "just now");
  const crash = (ts: string) => ({
    id: ts,
    ts,
    process_id: "7-1",
    pid: 7,
    name: "worker",
    service: null,
    cause: "crashed",
    exit_code: null,
    signal: null,
    message: "",
    evidence: [],
  });
  const list = ["2026-03-01T12:00:09Z", "2026-03-01T11:59:00Z", "2026-03-01T11:58:59Z"].map(crash);
  assert.deepEqual(crashesWithin(list, NOW_MS, 60_000).map(({ ts }) => ts), [
    "2026-03-01T12:00:09Z",
    "2026-03-01T11:59:00Z",
  ]);
});

Deno.test("tableResult, firstTable: types by name and value, empty tables as such", () => {
  const spans = {
    columns: ["ts", "name", "duration_ms", "status_message"],
    rows: [[NOW, "GET", null, null], [NOW, "PUT", 1.5, null]],
    truncated: true,
    problem: null,
  };
  const result = tableResult(spans);
  assert.deepEqual(result.columns.map(({ type }) => type), [
    "TIMESTAMP",
    "VARCHAR",
    "DOUBLE",
    "VARCHAR",
  ]);
  assert.deepEqual([result.row_count, result.truncated], [2, true]);
  assert.deepEqual(tableResult(NONE).columns, []);
  assert.equal(firstTable(tables({ spans })), "spans");
  assert.equal(firstTable(tables({})), "logs");
});

Deno.test("crashCharts: CPU of all modes together and memory, of the process alone, until its end", () => {
  const at = (beforeS: number) => new Date(NOW_MS - beforeS * 1000).toISOString();
  const own = (mode: string) => ({ "process.pid": "7", "cpu.mode": mode });
  const cpu = "process.cpu.time";
  const metrics = {
    columns: ["ts", "name", "unit", "value", "labels"],
    rows: [
      [at(10), cpu, "s", 10, own("user")],
      [at(5), cpu, "s", 12, own("user")],
      [at(10), cpu, "s", 1, own("system")],
      [at(5), cpu, "s", 1.5, own("system")],
      // A counter that began anew is no load.
      [at(0), cpu, "s", 0, own("user")],
      [at(0), cpu, "s", 1.5, own("system")],
      [at(5), "process.memory.usage", "By", 1024, { "process.pid": "7" }],
      // Not of this process, or nothing to draw.
      [at(5), "process.memory.usage", "By", 9e9, { "process.pid": "8" }],
      [at(5), "process.memory.usage", "By", null, { "process.pid": "7" }],
      [at(5), "process.memory.usage", "By", 9e9, null],
      ["yesterday", "process.memory.usage", "By", 9e9, { "process.pid": "7" }],
    ],
    truncated: false,
    problem: null,
  };
  const charts = crashCharts({ pid: 7, ts: NOW, tables: tables({ metrics }) });
  assert.deepEqual(charts.cpu.values, [[null, 0.5, 0]]);
  assert.deepEqual(charts.memory.values, [[null, 1024, null]]);
  assert.deepEqual(charts.memory.series.map(({ name }) => name), ["Memory"]);
  const nothing = crashCharts({ pid: 7, ts: NOW, tables: tables({}) });
  assert.deepEqual([nothing.cpu.series, nothing.memory.series], [[], []]);
});

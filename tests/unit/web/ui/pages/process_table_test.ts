import assert from "node:assert/strict";
import type { ApiClient, ProcessEntry } from "../../../../../web/ui/api_client.js";
import { CPU, MEMORY, ProcessHistory } from "../../../../../web/ui/pages/process_history.js";
import {
  COLUMNS,
  filterProcesses,
  formatAge,
  groupedRows,
  nextOrder,
  plainRows,
  sortProcesses,
  treeRows,
} from "../../../../../web/ui/pages/process_table.js";
import { ProcessTrends, trendPath } from "../../../../../web/ui/pages/process_trends.js";
import { MetricsDatabase } from "../metrics_database.ts";

function entry(pid: number, more: Partial<ProcessEntry> = {}): ProcessEntry {
  return {
    pid,
    ppid: 1,
    name: `p${pid}`,
    service: null,
    user: "root",
    state: "sleeping",
    executable: null,
    command_line: null,
    start_time: "2026-01-01T00:00:00.000000Z",
    cpu_ratio: 0,
    rss_bytes: 0,
    virtual_bytes: null,
    pss_bytes: null,
    threads: 1,
    open_fds: null,
    fd_limit: null,
    read_bytes_per_second: null,
    write_bytes_per_second: null,
    ...more,
  };
}

const PROCESSES = [
  entry(10, { name: "nginx", service: "web", cpu_ratio: 0.5, command_line: "nginx -g daemon" }),
  entry(2, { name: "kthreadd", cpu_ratio: null, rss_bytes: null }),
  entry(30, { name: "Postgres", service: "db", user: "postgres", cpu_ratio: 2, rss_bytes: 100 }),
  entry(31, { name: "Postgres", service: "db", user: "postgres", cpu_ratio: 0.5, rss_bytes: 50 }),
];

const pids = (processes: readonly ProcessEntry[]) => processes.map(({ pid }) => pid);

Deno.test("filterProcesses: every word somewhere, or in the field it names", () => {
  const cases: [string, number[]][] = [
    ["", [10, 2, 30, 31]],
    ["  ", [10, 2, 30, 31]],
    ["postgres", [30, 31]],
    ["POSTGRES db", [30, 31]],
    ["30", [30]],
    ["3", []],
    ["pid:31", [31]],
    ["user:root nginx", [10]],
    ["service:web", [10]],
    ["command:daemon", [10]],
    ["state:sleep service:db", [30, 31]],
    ["nothing:x", []],
    ["user:", [10, 2, 30, 31]],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(pids(filterProcesses(PROCESSES, text)), expected, text);
  }
});

Deno.test("sortProcesses: by each column in both directions, unknown last, ties by pid", () => {
  const by = (column: string, direction: "ascending" | "descending") =>
    pids(sortProcesses(PROCESSES, { column, direction }));
  assert.deepEqual(by("cpu", "descending"), [30, 10, 31, 2]);
  assert.deepEqual(by("cpu", "ascending"), [10, 31, 30, 2]);
  assert.deepEqual(by("memory", "descending"), [30, 31, 10, 2]);
  assert.deepEqual(by("service", "ascending"), [30, 31, 10, 2]);
  assert.deepEqual(by("pid", "ascending"), [2, 10, 30, 31]);
  for (const { id } of COLUMNS) {
    assert.deepEqual(by(id, "ascending").sort(), by(id, "descending").sort(), id);
  }
});

Deno.test("sortProcesses: the youngest first when age rises", () => {
  const old = entry(1, { start_time: "2020-01-01T00:00:00Z" });
  const young = entry(2, { start_time: "2026-01-01T00:00:00Z" });
  const order = { column: "age", direction: "ascending" } as const;
  assert.deepEqual(pids(sortProcesses([old, young], order)), [2, 1]);
});

Deno.test("sortProcesses: 2,000 processes take a few milliseconds", () => {
  const many = Array.from({ length: 2000 }, (_, i) => entry(i, { cpu_ratio: (i * 7919) % 1000 }));
  const sorted = sortProcesses(many, { column: "cpu", direction: "descending" });
  assert.equal(sorted.length, 2000);
  assert.ok(sorted.every((one, i) => (one.cpu_ratio ?? 0) <= (sorted[i - 1]?.cpu_ratio ?? 1e9)));
});

Deno.test("nextOrder: numbers begin with the largest, the same column turns", () => {
  const first = nextOrder({ column: "name", direction: "ascending" }, "memory");
  assert.deepEqual(first, { column: "memory", direction: "descending" });
  assert.deepEqual(nextOrder(first, "memory"), { column: "memory", direction: "ascending" });
  assert.deepEqual(nextOrder(first, "user"), { column: "user", direction: "ascending" });
});

Deno.test("groupedRows: sums on top of each service, those without one last", () => {
  const rows = groupedRows(
    sortProcesses(PROCESSES, { column: "cpu", direction: "descending" }),
    new Set(["service web"]),
  );
  assert.deepEqual(
    rows.map((row) => row.kind === "group" ? `${row.title} ${row.count}` : row.entry.pid),
    ["db 2", 30, 31, "web 1", "no service 1", 2],
  );
  const [db] = rows;
  assert.ok(db?.kind === "group");
  assert.equal(db.cpuRatio, 2.5);
  assert.equal(db.rssBytes, 150);
});

Deno.test("plainRows: a pid used again is another row", () => {
  const keys = plainRows([entry(5), entry(5, { start_time: "2026-02-01T00:00:00Z" })])
    .map(({ key }) => key);
  assert.equal(new Set(keys).size, 2);
});

Deno.test("formatAge: never negative, unknown is a dash", () => {
  const start = "2026-01-01T00:00:00.000000Z";
  assert.equal(formatAge(start, Date.parse(start) + 90_500), "1 m 30 s");
  assert.equal(formatAge(start, Date.parse(start) - 5000), "0 ms");
  assert.equal(formatAge(null, 0), "–");
});

Deno.test("ProcessHistory: CPU of both modes in cores, memory, of this process only", async () => {
  const database = await MetricsDatabase.open();
  const now = 1_700_000_000_000;
  const pid = { "process.pid": "42" };
  const rows = Array.from({ length: 60 }, (_, second) => ({ timeMs: now - 60_000 + second * 1000 }))
    .flatMap(({ timeMs }, second) => [
      {
        timeMs,
        name: "process.cpu.time",
        value: second * 0.5,
        labels: { ...pid, "cpu.mode": "user" },
      },
      {
        timeMs,
        name: "process.cpu.time",
        value: second * 0.25,
        labels: { ...pid, "cpu.mode": "system" },
      },
      { timeMs, name: "process.memory.usage", value: 1000, labels: pid },
      { timeMs, name: "process.memory.usage", value: 9, labels: { "process.pid": "43" } },
    ]);
  database.insert(rows);
  const api = {
    sql: (query: string, { params }: { params: (string | number)[] }) =>
      Promise.resolve({ rows: database.query(query, params) }),
  } as Pick<ApiClient, "sql">;
  const history = new ProcessHistory(now);
  const startTime = new Date(now - 40_000).toISOString();
  await history.load(api, entry(42, { start_time: startTime }), new AbortController().signal);
  const cpu = history.data(CPU).values[0] ?? [];
  const memory = history.data(MEMORY).values[0] ?? [];
  assert.equal(cpu.at(-1), 0.75);
  assert.equal(memory.at(-1), 1000);
  // It has not lived for longer than 40 s: 8 buckets of 5 s, of which the first has no rate.
  assert.equal(memory.filter((value) => value !== null).length, 8);
  assert.equal(cpu.filter((value) => value !== null).length, 7);

  history.add(now + 5000, entry(42, { cpu_ratio: 3, rss_bytes: 7 }));
  assert.equal(history.data(CPU).values[0]?.at(-1), 3);
  assert.equal(history.data(MEMORY).values[0]?.at(-1), 7);
});

Deno.test("treeRows: below their parents, siblings in order; rings and orphans are not lost", () => {
  const list = [
    entry(5, { ppid: 2 }),
    entry(2, { ppid: 1 }),
    entry(3, { ppid: 2 }),
    entry(4, { ppid: 3 }),
    entry(9, { ppid: 77 }),
    entry(20, { ppid: 21 }),
    entry(21, { ppid: 20 }),
    entry(30, { ppid: 30 }),
  ];
  const rows = treeRows(list).map((row) =>
    row.kind === "process" ? `${" ".repeat(row.depth)}${row.entry.pid}` : row.key
  );
  assert.deepEqual(rows, ["2", " 5", " 3", "  4", "9", "30", "20", "21"]);
});

Deno.test("treeRows: a chain of 20,000 is no matter", () => {
  const chain = Array.from({ length: 20_000 }, (_, i) => entry(i + 2, { ppid: i + 1 }));
  const last = treeRows(chain).at(-1);
  assert.equal(last?.kind === "process" && last.depth, 19_999);
});

Deno.test("ProcessTrends: a line after two looks, forgotten with its process", () => {
  const trends = new ProcessTrends();
  const one = entry(7, { cpu_ratio: 0.5 });
  trends.add([one]);
  assert.equal(trends.path(one), "");
  trends.add([one]);
  assert.match(trends.path(one), /^M[\d.]+ [\d.]+L[\d.]+ [\d.]+$/);
  for (let i = 0; i < 100; i++) trends.add([one]);
  assert.equal(trends.path(one).split("L").length, 30);
  trends.add([]);
  assert.equal(trends.path(one), "");
});

Deno.test("trendPath: the largest value stands at the top, idling at the bottom", () => {
  assert.equal(trendPath([0, 2]), "M57.9 15.0L60.0 1.0");
  assert.equal(trendPath([0, 0]), "M57.9 15.0L60.0 15.0");
});

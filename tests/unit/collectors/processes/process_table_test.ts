import assert from "node:assert/strict";
import { emptyProcessStat } from "../../../../collectors/processes/process_stat.ts";
import { ProcessTable } from "../../../../collectors/processes/process_table.ts";
import {
  beginProcess,
  type TrackedProcess,
  updateProcess,
} from "../../../../collectors/processes/tracked_process.ts";

const UNITS = { clockTicksPerSecond: 100, pageSizeBytes: 4096, bootTimeMs: 1_000_000 };

function begin(pid: number, changes: Partial<ReturnType<typeof emptyProcessStat>> = {}) {
  const stat = { ...emptyProcessStat(), stateCode: "S".charCodeAt(0), ...changes };
  return beginProcess(stat, `p${pid}`, { pid, kept: null }, UNITS, 5000, 100);
}

Deno.test("ProcessTable.exit: keeps the rows of the last that ended, bounded and counted", () => {
  const table = new ProcessTable(100, 8);
  for (let pid = 1; pid <= 30; pid++) {
    const process = begin(pid);
    table.add(process);
    table.exit(process, 9000 + pid);
  }
  const rows = table.exitedRows();
  assert.ok(rows.length >= 8 && rows.length <= 10);
  assert.equal(rows.at(-1)?.pid, 30);
  assert.equal(rows.at(-1)?.exitedAtMs, 9030);
  assert.equal(table.stats.forgottenExits + rows.length, 30);
  assert.equal(table.size, 0);
});

Deno.test("ProcessTable.exit: threads of the kernel leave no rows", () => {
  const table = new ProcessTable(100, 8);
  const thread = begin(2, { flags: 0x00200000 });
  table.add(thread);
  assert.deepEqual(table.rows(false), []);
  assert.equal(table.rows(true).length, 1);
  assert.equal(table.rows(true)[0]?.rssBytes, null);
  table.exit(thread, 1);
  assert.deepEqual(table.exitedRows(), []);
});

Deno.test("ProcessTable.full: at its bound", () => {
  const table = new ProcessTable(1, 8);
  assert.equal(table.full, false);
  table.add(begin(1));
  assert.equal(table.full, true);
});

Deno.test("ProcessTable.regroup: tells whose service changed", () => {
  const table = new ProcessTable(10, 8);
  const parent: TrackedProcess = { ...begin(10), possible: [0] };
  const child = begin(11, { ppid: 10 });
  table.add(parent);
  table.add(child);
  const groups = [{ service: "app", match: { name: "p10" }, children: true }];
  assert.deepEqual(table.regroup(groups, new Map()).map(({ pid }) => pid), [10, 11]);
  assert.deepEqual(table.regroup(groups, new Map()), []);
  assert.equal(child.service, "app");
  parent.possible = [];
  assert.deepEqual(table.regroup(groups, new Map()).map(({ pid }) => pid), [10]);
  assert.equal(child.service, "app", "who was taken in stays");
});

Deno.test("beginProcess: start time from ticks since boot", () => {
  assert.equal(begin(1, { startTicks: 12_345 }).startTimeMs, 1_000_000 + 123_450);
});

Deno.test("updateProcess: CPU ratio over the time that passed; 1 is one core", () => {
  const process = begin(1, { userTicks: 100, systemTicks: 50 });
  assert.equal(process.cpuRatio, null);
  const stat = { ...emptyProcessStat(), userTicks: 200, systemTicks: 100, residentPages: 3 };
  updateProcess(process, stat, UNITS, 1100);
  assert.equal(process.cpuRatio, 1.5);
  assert.equal(process.rssBytes, 12_288);
  updateProcess(process, stat, UNITS, 1100);
  assert.equal(process.cpuRatio, 1.5, "no time passed: as before");
  updateProcess(process, { ...stat, userTicks: 0 }, UNITS, 2100);
  assert.equal(process.cpuRatio, 0, "a count that went back is none");
});

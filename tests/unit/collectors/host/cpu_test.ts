import assert from "node:assert/strict";
import { cpuUtilization, parseKernelStat } from "../../../../collectors/host/cpu.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parseKernelStat: CPUs and counts of a modern kernel", () => {
  const stat = parseKernelStat(textOf("kernel-6", "proc/stat"));
  assert.deepEqual(stat.total, {
    user: 1009,
    nice: 20,
    system: 507,
    idle: 8062,
    iowait: 100,
    interrupt: 42,
    steal: 6,
  });
  assert.deepEqual([...stat.cores.keys()], [0, 1]);
  assert.equal(stat.cores.get(1)?.interrupt, 15);
  assert.equal(stat.interrupts, 828063);
  assert.equal(stat.softInterrupts, 421499);
  assert.equal(stat.contextSwitches, 1601899);
  assert.equal(stat.bootTimeS, 1700000000);
  assert.equal(stat.forks, 19260);
  assert.equal(stat.tasksRunning, 3);
  assert.equal(stat.tasksBlocked, 1);
});

Deno.test("parseKernelStat: lines of a kernel that knows fewer modes", () => {
  const stat = parseKernelStat("cpu  1 2 3 4\ncpu0 1 2 3 4\n");
  assert.deepEqual(stat.total, {
    user: 1,
    nice: 2,
    system: 3,
    idle: 4,
    iowait: 0,
    interrupt: 0,
    steal: 0,
  });
  assert.equal(stat.forks, null);
});

Deno.test("parseKernelStat: a container's CPUs keep the numbers of the host", () => {
  assert.deepEqual([...parseKernelStat(textOf("container", "proc/stat")).cores.keys()], [2]);
});

Deno.test("parseKernelStat: damaged lines are left out, huge counts stay", () => {
  const stat = parseKernelStat(textOf("damaged", "proc/stat"));
  assert.equal(stat.total, null);
  assert.deepEqual([...stat.cores.keys()], [1]);
  assert.equal(stat.cores.get(1)?.user, 2 ** 63);
  assert.equal(stat.interrupts, null);
  assert.equal(stat.contextSwitches, null);
  assert.equal(stat.bootTimeS, null);
});

Deno.test("cpuUtilization: shares of the time between two looks, in sum 1", () => {
  const before = parseKernelStat("cpu  100 0 100 800 0 0 0 0\n").total;
  const now = parseKernelStat("cpu  125 0 115 850 10 0 0 0\n").total;
  assert.deepEqual(cpuUtilization(before, now), {
    user: 0.25,
    nice: 0,
    system: 0.15,
    idle: 0.5,
    iowait: 0.1,
    interrupt: 0,
    steal: 0,
  });
});

Deno.test("cpuUtilization: none before the second look or without time; a count that went back is none", () => {
  const look = parseKernelStat("cpu  100 0 100 800 50 0 0 0\n").total;
  assert.equal(cpuUtilization(undefined, look), null);
  assert.equal(cpuUtilization(look, null), null);
  assert.equal(cpuUtilization(look, look), null);
  const later = parseKernelStat("cpu  200 0 100 800 40 0 0 0\n").total;
  assert.equal(cpuUtilization(look, later)?.iowait, 0);
  assert.equal(cpuUtilization(look, later)?.user, 1);
});

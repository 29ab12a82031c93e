import assert from "node:assert/strict";
import {
  CONTAINER_INTERFACES,
  hostCollectors,
} from "../../../../collectors/host/host_collectors.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../../../collectors/kernel_constants.ts";
import { systemTimers } from "../../../../collectors/scheduler.ts";
import { systemClock } from "../../../../mod/clock.ts";
import { inTree, type Tree, TREES } from "../fixture_trees.ts";
import { RecordingSink } from "../recording_sink.ts";

async function collect(procRoot: string, sysRoot: string) {
  const samples = new Map<string, number>();
  const sinks: RecordingSink[] = [];
  const collectors = hostCollectors({
    intervalMs: 1000,
    timeoutMs: 1000,
    procRoot,
    sysRoot,
    rootfs: "",
    excludeInterfaces: CONTAINER_INTERFACES,
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: systemClock,
    timers: systemTimers,
    sink: () => {
      const sink = new RecordingSink();
      sinks.push(sink);
      return sink;
    },
  });
  const unavailable: Record<string, readonly string[]> = {};
  for (const one of collectors) {
    // A file system's answer depends on this host: it has tests of its own.
    if (one.name === "filesystem") continue;
    await one.collect({ tsMs: 1000, tsUs: 1_000_000, signal: new AbortController().signal });
    unavailable[one.name] = one.unavailable;
    one.close();
  }
  for (const sink of sinks) for (const [key, value] of sink.last) samples.set(key, value);
  return { samples, unavailable, collectors };
}

const collectTree = (tree: Tree) => collect(inTree(tree, "proc"), inTree(tree, "sys"));

Deno.test("hostCollectors: what a modern kernel gives", async () => {
  const { samples, unavailable } = await collectTree("kernel-6");
  const expected: [string, number][] = [
    ["system.cpu.time{cpu.logical_number=0,cpu.mode=user}", 5.03],
    ["system.cpu.time{cpu.logical_number=1,cpu.mode=interrupt}", 0.15],
    ["system.cpu.logical.count{}", 2],
    ["system.linux.context_switches{}", 1601899],
    ["system.linux.interrupts{system.linux.interrupt.type=soft}", 421499],
    ["system.process.created{}", 19260],
    ["system.linux.tasks{system.linux.task.state=blocked}", 1],
    ["system.cpu.load_average.1m{}", 0.52],
    ["system.cpu.load_average.15m{}", 12.09],
    ["system.linux.thread.count{}", 412],
    ["system.memory.usage{system.memory.state=used}", 6_144_000 * 1024],
    ["system.memory.utilization{system.memory.state=used}", 0.375],
    ["system.memory.limit{}", 16_384_000 * 1024],
    ["system.memory.linux.available{}", 10_240_000 * 1024],
    ["system.memory.linux.slab.usage{system.memory.linux.slab.state=reclaimable}", 307_200 * 1024],
    ["system.paging.usage{system.device=/swap file,system.paging.state=used}", 1 << 29],
    ["system.paging.utilization{system.device=/swap file,system.paging.state=free}", 0.5],
    ["system.paging.faults{system.paging.fault.type=major}", 4742],
    ["system.paging.faults{system.paging.fault.type=minor}", 19541010 - 4742],
    ["system.paging.operations{system.paging.direction=out,system.paging.fault.type=major}", 23],
    ["system.linux.oom_kills{}", 2],
    [
      "system.linux.psi.pressure{system.linux.psi.resource=io,system.linux.psi.stall_type=some,system.linux.psi.window=60}",
      0.125,
    ],
    ["system.linux.psi.time{system.linux.psi.resource=irq,system.linux.psi.stall_type=full}", 1],
    ["system.disk.io{disk.io.direction=read,system.device=nvme0n1}", 10701642 * 512],
    ["system.disk.io_time{system.device=nvme0n1}", 22.176],
    ["system.disk.merged{disk.io.direction=write,system.device=cciss/c0d0}", 6],
    ["system.network.io{network.interface.name=eth0,network.io.direction=receive}", 280902135],
    [
      "system.network.packet.dropped{network.interface.name=eth0,network.io.direction=transmit}",
      5,
    ],
    [
      "system.network.connection.count{network.connection.state=established,network.transport=tcp}",
      9,
    ],
    ["system.linux.tcp.listen.overflows{}", 6],
    ["system.uptime{}", 4145.29],
    ["system.linux.file_handle.count{}", 519],
    ["system.process.limit{}", 127830],
  ];
  for (const [key, value] of expected) assert.equal(samples.get(key), value, key);
  const keys = [...samples.keys()];
  for (
    const absent of ["nvme0n1p1", "loop0", "sr0", "veth1a2b", "system.linux.file_handle.limit"]
  ) {
    assert.deepEqual(keys.filter((key) => key.includes(absent)), [], absent);
  }
  assert.deepEqual(Object.values(unavailable).flat(), []);
});

Deno.test("hostCollectors: an old kernel lacks parts, which are named", async () => {
  const { samples, unavailable } = await collectTree("kernel-3.10");
  assert.ok(samples.has("system.memory.usage{system.memory.state=used}"));
  assert.ok(samples.has("system.disk.io{disk.io.direction=read,system.device=sda}"));
  assert.ok(!samples.has("system.disk.io{disk.io.direction=read,system.device=sda1}"));
  assert.ok(!samples.has("system.memory.linux.available{}"));
  assert.ok(!samples.has("system.linux.oom_kills{}"));
  assert.equal(samples.get("system.linux.file_handle.limit{}"), 98304);
  assert.deepEqual(unavailable.pressure, [
    "pressure/cpu: not there",
    "pressure/memory: not there",
    "pressure/io: not there",
    "pressure/irq: not there",
  ]);
  assert.deepEqual(unavailable.disk, ["block: not there"]);
});

Deno.test("hostCollectors: a container shows what it has", async () => {
  const { samples, unavailable } = await collectTree("container");
  assert.ok(samples.has("system.cpu.time{cpu.logical_number=2,cpu.mode=user}"));
  assert.ok(samples.has("system.cpu.load_average.5m{}"));
  assert.deepEqual(unavailable.disk, ["diskstats: not there"]);
  assert.deepEqual(unavailable.paging, ["swaps: not there", "vmstat: not there"]);
});

Deno.test("hostCollectors: damaged files make no failure, no NaN and no negative value", async () => {
  const { samples } = await collectTree("damaged");
  for (const [key, value] of samples) assert.ok(Number.isFinite(value) && value >= 0, key);
  assert.ok(!samples.has("system.memory.limit{}"));
});

Deno.test("hostCollectors: the values of every tree are finite", async () => {
  for (const tree of TREES) {
    for (const [key, value] of (await collectTree(tree)).samples) {
      assert.ok(Number.isFinite(value) && value >= 0, `${tree} ${key}`);
    }
  }
});

Deno.test("hostCollectors: a root that is not there is no failure", async () => {
  const { samples, unavailable } = await collect("/nonexistent/proc", "/nonexistent/sys");
  assert.deepEqual([...samples], []);
  assert.deepEqual(unavailable.cpu, ["stat: not there"]);
});

Deno.test("hostCollectors: this host's memory, CPUs and uptime", async () => {
  const { samples } = await collect("/proc", "/sys");
  assert.ok((samples.get("system.memory.limit{}") ?? 0) > 0);
  assert.ok((samples.get("system.cpu.logical.count{}") ?? 0) >= 1);
  assert.ok((samples.get("system.uptime{}") ?? 0) > 0);
});

Deno.test("hostCollectors: slow subjects have a longer interval, yet none shorter than asked for", async () => {
  const { collectors } = await collectTree("container");
  const intervals = Object.fromEntries(collectors.map((one) => [one.name, one.intervalMs]));
  assert.equal(intervals.cpu, 1000);
  assert.equal(intervals.filesystem, 10_000);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { dirname, join, relative } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { CgroupCollector } from "../../../collectors/cgroups/cgroup_collector.ts";
import { CONTAINER_INTERFACES, hostCollectors } from "../../../collectors/host/host_collectors.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../../collectors/kernel_constants.ts";
import {
  PROCESS_COLLECTOR_DEFAULTS,
  ProcessCollector,
} from "../../../collectors/processes/process_collector.ts";
import { FakeTime } from "./fake_time.ts";
import { inTree } from "./fixture_trees.ts";
import { RecordingSink } from "./recording_sink.ts";

const RECORDED = fileURLToPath(new URL("../../fixtures/recorded/", import.meta.url));
const START_MS = 1_800_000_000_000;
const MIB = 1 << 20;

/** Trees that scripts/record_kernel.sh made, and this one of a host with both hierarchies. */
const VIRTUAL_MACHINES = [
  { name: "linux-5.10-v1", hierarchy: "v1" },
  { name: "linux-5.10-v2", hierarchy: "v2" },
  { name: "linux-6.1-v1", hierarchy: "v1" },
  { name: "linux-6.1-v2", hierarchy: "v2" },
  { name: "linux-6.12-v2", hierarchy: "v2" },
  { name: "linux-7.3-v2", hierarchy: "v2" },
] as const;
const HYBRID = "linux-6.18-hybrid";
const TREES = [...VIRTUAL_MACHINES.map(({ name }) => name), HYBRID];

/** Runs every collector over a tree. All but file systems, whose answer is that of this host. */
async function collect(root: string) {
  const time = new FakeTime(START_MS);
  const signal = new AbortController().signal;
  const sinks: RecordingSink[] = [];
  const sink = () => {
    const one = new RecordingSink();
    sinks.push(one);
    return one;
  };
  const kernel = USUAL_KERNEL_CONSTANTS;
  const common = { intervalMs: 1000, timeoutMs: 1000, procRoot: join(root, "proc"), kernel };
  const processes = new ProcessCollector({
    ...PROCESS_COLLECTOR_DEFAULTS,
    ...common,
    etcRoot: inTree("kernel-6", "etc"),
    groups: [{ service: "web", match: { cgroup: "web.service" }, children: false }],
    slowTurns: 1,
    pss: "all",
    clock: time,
    sink: sink(),
  });
  const cgroups = new CgroupCollector({
    ...common,
    cgroupRoot: join(root, "cgroup"),
    maxCgroups: 100,
    occupied: () => processes.occupiedCgroups(),
    sink: sink(),
  });
  const host = hostCollectors({
    ...common,
    sysRoot: join(root, "sys"),
    rootfs: "",
    excludeInterfaces: CONTAINER_INTERFACES,
    clock: time,
    timers: time,
    sink,
  }).filter(({ name }) => name !== "filesystem");
  const unavailable: Record<string, readonly string[]> = {};
  for (let turn = 0; turn < 2; turn++) {
    time.stall(1000);
    for (const one of [...host, processes, cgroups]) {
      await one.collect({ tsMs: time.nowMs(), tsUs: time.nowMs() * 1000, signal });
      unavailable[one.name] = one.unavailable;
    }
  }
  const rows = processes.processList().processes;
  for (const one of [...host, processes, cgroups]) one.close();
  const samples = new Map(sinks.flatMap((one) => [...one.last]));
  return { samples, rows, unavailable };
}

/** The numbers after a word at the start of a line: another reader than those under test. */
function numbersAfter(tree: string, path: string, word: string): number[] {
  const text = Deno.readTextFileSync(join(RECORDED, tree, path));
  const line = text.split("\n").find((one) => one.trimStart().split(/[:\s]/)[0] === word);
  assert.ok(line !== undefined, `${tree}/${path} has ${word}`);
  const rest = line.trimStart().slice(word.length);
  return [...rest.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}

function inCgroup(samples: ReadonlyMap<string, number>, name: string, metric: string, extra = "") {
  const found = [...samples].filter(([key]) =>
    key.startsWith(`cgroup.${metric}{`) && key.includes(`/shop.slice/${name}`) &&
    key.includes(extra)
  );
  assert.ok(found.length <= 1, found.map(([key]) => key).join());
  return found[0]?.[1];
}

for (const tree of TREES) {
  Deno.test(`recorded ${tree}: the host's values are those in the files`, async () => {
    const { samples } = await collect(join(RECORDED, tree));
    const first = (path: string, word: string) => numbersAfter(tree, path, word)[0] ?? NaN;
    const stat = numbersAfter(tree, "proc/stat", "cpu0");
    const [user = NaN, , system = NaN, , , irq = NaN, softirq = NaN] = stat;
    const vda = Deno.readTextFileSync(join(RECORDED, tree, "proc/diskstats")).split("\n")
      .find((line) => line.includes(" vda "))?.trim().split(/\s+/).slice(3).map(Number) ?? [];
    const lo = numbersAfter(tree, "proc/net/dev", "lo");
    const memory = (name: string) => first("proc/meminfo", name) * 1024;
    const faults = first("proc/vmstat", "pgfault");
    const major = first("proc/vmstat", "pgmajfault");
    const tcp = Deno.readTextFileSync(join(RECORDED, tree, "proc/net/snmp")).split("\n")
      .filter((line) => line.startsWith("Tcp:"));
    const established = tcp[0]?.split(" ").indexOf("CurrEstab") ?? -1;
    const uptime = Number(Deno.readTextFileSync(join(RECORDED, tree, "proc/uptime")).split(" ")[0]);
    const load = Deno.readTextFileSync(join(RECORDED, tree, "proc/loadavg")).split(/[ /]/);
    const expected: [string, number][] = [
      ["system.cpu.time{cpu.logical_number=0,cpu.mode=user}", user / 100],
      ["system.cpu.time{cpu.logical_number=0,cpu.mode=system}", system / 100],
      ["system.cpu.time{cpu.logical_number=0,cpu.mode=interrupt}", (irq + softirq) / 100],
      ["system.cpu.logical.count{}", 2],
      ["system.linux.context_switches{}", first("proc/stat", "ctxt")],
      ["system.linux.interrupts{system.linux.interrupt.type=hard}", first("proc/stat", "intr")],
      ["system.linux.interrupts{system.linux.interrupt.type=soft}", first("proc/stat", "softirq")],
      ["system.process.created{}", first("proc/stat", "processes")],
      ["system.cpu.load_average.1m{}", Number(load[0])],
      ["system.linux.thread.count{}", Number(load[4])],
      ["system.memory.limit{}", memory("MemTotal")],
      [
        "system.memory.usage{system.memory.state=used}",
        memory("MemTotal") -
        Math.max(memory("MemAvailable"), memory("MemFree") + memory("Buffers")),
      ],
      ["system.memory.linux.available{}", memory("MemAvailable")],
      ["system.memory.linux.shared{}", memory("Shmem")],
      ["system.paging.faults{system.paging.fault.type=minor}", faults - major],
      ["system.paging.faults{system.paging.fault.type=major}", major],
      ["system.linux.oom_kills{}", first("proc/vmstat", "oom_kill")],
      ["system.disk.operations{disk.io.direction=read,system.device=vda}", vda[0] ?? NaN],
      ["system.disk.io{disk.io.direction=read,system.device=vda}", (vda[2] ?? NaN) * 512],
      ["system.disk.io{disk.io.direction=write,system.device=vda}", (vda[6] ?? NaN) * 512],
      ["system.disk.io_time{system.device=vda}", (vda[9] ?? NaN) / 1000],
      [
        "system.network.io{network.interface.name=lo,network.io.direction=receive}",
        lo[0] ?? NaN,
      ],
      [
        "system.network.packet.count{network.interface.name=lo,network.io.direction=transmit}",
        lo[9] ?? NaN,
      ],
      [
        "system.network.connection.count{network.connection.state=established,network.transport=tcp}",
        Number(tcp[1]?.split(" ")[established]),
      ],
      ["system.uptime{}", uptime],
      ["system.linux.file_handle.count{}", fileHandles(tree)],
    ];
    for (const [key, value] of expected) assert.equal(samples.get(key), value, key);
    const memoryStates = ["used", "free", "cached", "buffers"].map((state) =>
      samples.get(`system.memory.usage{system.memory.state=${state}}`) ?? NaN
    );
    assert.equal(memoryStates.reduce((a, b) => a + b), memory("MemTotal"));
  });
}

function fileHandles(tree: string): number {
  const [allocated = NaN, free = NaN] = Deno.readTextFileSync(
    join(RECORDED, tree, "proc/sys/fs/file-nr"),
  ).split(/\s+/).map(Number);
  return allocated - free;
}

for (const { name: tree, hierarchy } of VIRTUAL_MACHINES) {
  Deno.test(`recorded ${tree}: its processes are what was started`, async () => {
    const { rows, samples } = await collect(join(RECORDED, tree));
    // Kernel thread 2 is looked at and has no row; so 10 of 11.
    assert.equal(rows.length, 10);
    const one = (find: (row: typeof rows[number]) => boolean) => {
      const [found, ...more] = rows.filter(find);
      assert.ok(found !== undefined && more.length === 0);
      return found;
    };
    const threads = one((row) => row.threads === 24);
    assert.equal(threads.name, "guest");
    assert.equal(threads.executable, "/bin/guest");
    assert.equal(threads.cgroup, "/shop.slice/web.service");
    assert.equal(threads.service, "web");
    assert.equal(threads.openFds, 3);
    assert.deepEqual(
      [threads.virtualBytes, threads.pssBytes],
      [
        numbersAfter(tree, `proc/${threads.pid}/status`, "VmSize")[0]! * 1024,
        numbersAfter(tree, `proc/${threads.pid}/smaps_rollup`, "Pss")[0]! * 1024,
      ],
    );
    assert.equal(threads.fdLimit, 1024);
    const odd = one((row) => row.name === "a) S (b");
    assert.equal(odd.executable, "/tmp/a) S (b");
    assert.equal(odd.state, "sleeping");
    assert.equal(one((row) => row.name === "replaced").executable, "/tmp/replaced");
    const zombie = one((row) => row.state === "defunct");
    assert.equal(zombie.rssBytes, 0);
    assert.ok(rows.some((row) => row.pid === zombie.ppid && row.name === "guest"));
    one((row) => row.state === "stopped");
    const burner = one((row) => row.state === "running");
    const ticks = Deno.readTextFileSync(join(RECORDED, tree, `proc/${burner.pid}/stat`)).split(" ");
    assert.equal(
      samples.get(
        `process.cpu.time{cpu.mode=user,process.executable.name=guest,process.pid=${burner.pid},service.name=web}`,
      ),
      Number(ticks[13]) / 100,
    );
    assert.equal(samples.get("system.process.count{process.state=stopped}"), 1);
  });

  Deno.test(`recorded ${tree}: its cgroups have the limits and the past that they were given`, async () => {
    const { samples } = await collect(join(RECORDED, tree));
    const web = (metric: string, extra?: string) => inCgroup(samples, "web.service", metric, extra);
    const leaky = (metric: string, extra?: string) =>
      inCgroup(samples, "leaky.service", metric, extra);
    assert.equal(web("memory.limit"), 64 * MIB);
    assert.equal(leaky("memory.limit"), 16 * MIB);
    assert.equal(web("cpu.limit"), 0.3);
    assert.equal(leaky("cpu.limit"), undefined);
    assert.equal(web("task.limit"), 64);
    assert.equal(leaky("task.limit"), undefined);
    assert.equal(leaky("memory.events", "event=oom_kill"), 1);
    assert.equal(web("memory.events", "event=oom_kill"), 0);
    // 24 threads, and one each that burns, has a zombie, is one, is stopped, and has read a disk.
    assert.equal(web("task.count"), 29);
    // This kernel's old hierarchy counts only for cgroups that have a throttling rule.
    const counted = tree === "linux-6.1-v1" ? 0 : 1;
    assert.equal(web("disk.io", "direction=read"), counted * 16 * 65536);
    assert.equal(web("disk.io", "direction=write"), counted * 4 * 65536);
    assert.equal(web("disk.operations", "direction=read"), counted * 16);
    const folder = (v1: string) =>
      `cgroup/${hierarchy === "v1" ? `${v1}/` : ""}shop.slice/web.service`;
    const cpuStat = `${folder("cpu,cpuacct")}/cpu.stat`;
    const [unit, throttled, stat, user, perSecond] = hierarchy === "v1"
      ? [1e9, "throttled_time", `${folder("cpu,cpuacct")}/cpuacct.stat`, "user", 100] as const
      : [1e6, "throttled_usec", cpuStat, "user_usec", 1e6] as const;
    assert.equal(web("cpu.time", "mode=user"), numbersAfter(tree, stat, user)[0]! / perSecond);
    assert.equal(
      web("cpu.throttled.time"),
      numbersAfter(tree, cpuStat, throttled)[0]! / unit,
    );
    assert.ok((web("cpu.throttled.time") ?? 0) > 1);
    const usage = hierarchy === "v1" ? "memory.usage_in_bytes" : "memory.current";
    const used = Number(Deno.readTextFileSync(join(RECORDED, tree, folder("memory"), usage)));
    assert.equal(web("memory.usage"), used);
    assert.ok((inCgroup(samples, "batch.service", "memory.usage") ?? 0) <= 12 * MIB);
    const swap = samples.get(
      "system.paging.usage{system.device=/dev/vdb,system.paging.state=used}",
    );
    const swaps = Deno.readTextFileSync(join(RECORDED, tree, "proc/swaps"));
    assert.equal(swap, Number(/partition\s+\d+\s+(\d+)/.exec(swaps)?.[1]) * 1024);
    // Pressure was switched off at boot where the old hierarchies are.
    const hasPressure = web("psi.time", "resource=cpu,cgroup.psi.stall_type=some") !== undefined;
    assert.equal(hasPressure, hierarchy === "v2");
  });
}

Deno.test("recorded linux-6.18-hybrid: old hierarchies and the new one together", async () => {
  const { samples, rows } = await collect(join(RECORDED, HYBRID));
  const web = (metric: string, extra?: string) => inCgroup(samples, "web.service", metric, extra);
  assert.equal(rows.length, 5);
  assert.deepEqual(rows.map(({ state }) => state).sort(), [
    "defunct",
    "running",
    "sleeping",
    "sleeping",
    "stopped",
  ]);
  assert.ok(rows.every(({ cgroup }) => cgroup === "/shop.slice/web.service"));
  assert.equal(web("memory.limit"), 64 * MIB);
  assert.equal(web("cpu.limit"), 0.3);
  assert.equal(web("task.limit"), 64);
  const used = "cgroup/memory/shop.slice/web.service/memory.usage_in_bytes";
  assert.equal(web("memory.usage"), Number(Deno.readTextFileSync(join(RECORDED, HYBRID, used))));
  const stat = "cgroup/cpuacct/shop.slice/web.service/cpuacct.stat";
  assert.equal(web("cpu.time", "mode=user"), numbersAfter(HYBRID, stat, "user")[0]! / 100);
});

interface Damage {
  readonly kind: "cut" | "flip" | "missing" | "folder";
  readonly file: number;
  readonly at: number;
  readonly byte: number;
}

/** Every regular file below a folder, by its path in it. */
function filesBelow(root: string, folder = root): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return filesBelow(root, path);
    return entry.isFile ? [relative(root, path)] : [];
  }).sort();
}

function copyTree(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory, isSymlink } of Deno.readDirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) copyTree(source, target);
    else if (isSymlink) Deno.symlinkSync(Deno.readLinkSync(source), target);
    else Deno.copyFileSync(source, target);
  }
}

/** Damages a file and gives back how to mend it. `folder`: it cannot be read, not even by root. */
function damage(path: string, { kind, at, byte }: Damage): () => void {
  const whole = Deno.readFileSync(path);
  const place = Math.floor(whole.length * at);
  if (kind === "missing" || kind === "folder") Deno.removeSync(path);
  if (kind === "folder") Deno.mkdirSync(path);
  if (kind === "cut") Deno.writeFileSync(path, whole.subarray(0, place));
  if (kind === "flip") {
    const flipped = whole.slice();
    if (place < flipped.length) flipped[place] = flipped[place]! ^ byte;
    Deno.writeFileSync(path, flipped);
  }
  return () => {
    if (kind === "folder") Deno.removeSync(path);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeFileSync(path, whole);
  };
}

for (const tree of TREES) {
  Deno.test(`recorded ${tree}: whatever is damaged, collectors go on and give sound values`, async () => {
    const root = Deno.makeTempDirSync();
    try {
      copyTree(join(RECORDED, tree), root);
      const files = filesBelow(root);
      const damages = fc.array(
        fc.record({
          kind: fc.constantFrom("cut", "flip", "missing", "folder"),
          file: fc.nat(files.length - 1),
          at: fc.double({ min: 0, max: 1, noNaN: true }),
          byte: fc.integer({ min: 1, max: 255 }),
        }),
        { minLength: 1, maxLength: 12 },
      );
      const sound = (await collect(root)).samples;
      await fc.assert(
        fc.asyncProperty(damages, async (all) => {
          const once = [...new Map(all.map((one) => [one.file, one])).values()];
          const mend = once.map((one) => damage(join(root, files[one.file]!), one));
          try {
            const { samples } = await collect(root);
            for (const [key, value] of samples) {
              assert.ok(Number.isFinite(value) && value >= 0, `${key} ${value}`);
              if (/utilization\{/.test(key) && !key.startsWith("process.")) {
                assert.ok(value <= 1, `${key} ${value}`);
              }
            }
            // What is read from files that are whole is there as before.
            const hit = new Set(once.map(({ file }) => files[file]));
            for (
              const [file, prefix] of [
                ["proc/loadavg", "system.cpu.load_average"],
                ["proc/meminfo", "system.memory."],
                ["proc/net/dev", "system.network.io"],
                ["proc/uptime", "system.uptime"],
              ] as const
            ) {
              if (hit.has(file)) continue;
              for (const [key, value] of sound) {
                if (key.startsWith(prefix)) assert.equal(samples.get(key), value, key);
              }
            }
          } finally {
            for (const one of mend) one();
          }
        }),
        { seed: 20_240, numRuns: 60 },
      );
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  });
}

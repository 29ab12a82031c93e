import assert from "node:assert/strict";
import type { HorizonEvent } from "../../mod/events/event.ts";
import type { ProcessDeath } from "../../mod/processes/process_death.ts";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import { ReportedExits } from "../../mod/processes/reported_exits.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../collectors/kernel_constants.ts";
import { CgroupCollector } from "../../collectors/cgroups/cgroup_collector.ts";
import { limitsProbe, type ProcessLimits } from "../../collectors/health/probes/process_probe.ts";
import { KernelLog } from "../../collectors/processes/kernel_log.ts";
import { OomCounts } from "../../collectors/processes/oom_counts.ts";
import {
  PROCESS_COLLECTOR_DEFAULTS,
  ProcessCollector,
} from "../../collectors/processes/process_collector.ts";
import { ProcessLifecycle } from "../../collectors/processes/process_lifecycle.ts";
import { UnitJournal } from "../../collectors/processes/unit_journal.ts";
import { systemClock } from "../../mod/clock.ts";
import { cgroupProblem, ended, Orchestrator } from "../support/orchestrator.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { RecordingSink } from "../unit/collectors/recording_sink.ts";

const NO_CGROUP = await cgroupProblem();
const NO_KERNEL_LOG = kernelLogProblem();

function kernelLogProblem(): string | null {
  const log = new KernelLog();
  log.close();
  return log.problem;
}

/** `name`, and why it is ignored if it is. */
function named(name: string, ...problems: (string | null)[]): { name: string; ignore: boolean } {
  const problem = problems.find((one) => one !== null) ?? null;
  return {
    name: problem === null ? name : `${name} [skipped: ${problem}]`,
    ignore: problem !== null,
  };
}

/** The real processes of this host under a collector whose turns the test makes. */
function watchHost(kernelLog = new KernelLog()) {
  const events: HorizonEvent[] = [];
  const deaths: ProcessDeath[] = [];
  const lifecycle = new ProcessLifecycle({
    sinceMs: Date.now(),
    write: (event) => events.push(event),
    history: "all",
    watched: new Set(),
    restarts: { windowMs: 600_000, loopCount: 3, stableMs: 300_000 },
    stuckAfterMs: 30_000,
    kernelLog,
    journal: new UnitJournal(),
    oomCounts: new OomCounts("/sys/fs/cgroup"),
    reported: new ReportedExits(),
    onDeath: (death) => deaths.push(death),
    waitsIn: () => null,
    seesStatusOf: () => true,
  });
  const sink = new RecordingSink();
  const collector = new ProcessCollector({
    ...PROCESS_COLLECTOR_DEFAULTS,
    intervalMs: 1000,
    timeoutMs: 1000,
    procRoot: "/proc",
    groups: [
      { service: "ill", match: { commandLine: /orchestrator_worker|horizon-ill/ }, children: true },
    ],
    slowTurns: 1,
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: systemClock,
    sink,
    lifecycle,
  });
  const signal = new AbortController().signal;
  return {
    sink,
    deaths,
    /** What a check of limits says of all of the service `ill`, from what the last turn saw. */
    judged: async (limits: Partial<ProcessLimits>): Promise<string> => {
      const none = { maxMemoryBytes: null, maxCpuCores: null, maxOpenFds: null, maxFdShare: null };
      const { state, message } = await limitsProbe({
        of: { by: "group", service: "ill" },
        processes: () => collector.processList(),
        procRoot: "/proc",
        clock: systemClock,
        limits: { ...none, ...limits },
      }).look(new AbortController().signal);
      return `${state}: ${message}`;
    },
    turn: () => {
      const tsMs = Date.now();
      collector.collect({ tsMs, tsUs: tsMs * 1000, signal });
    },
    /** A process that is reaped while a turn reads it has gone for the next one. */
    twoTurns() {
      this.turn();
      this.turn();
    },
    row: (pid: number): ProcessRow | undefined =>
      collector.processList().processes.find((one) => one.pid === pid),
    names: (pid: number) => events.filter((event) => event.pid === pid).map(({ name }) => name),
    death: (pid: number) => deaths.find(({ process }) => process.pid === pid)?.death,
    /** What the collector of cgroups says of one, by metric. */
    cgroup: (path: string): Record<string, number> => {
      const into = new RecordingSink();
      new CgroupCollector({
        intervalMs: 1000,
        timeoutMs: 1000,
        procRoot: "/proc",
        cgroupRoot: "/sys/fs/cgroup",
        maxCgroups: 1_000,
        occupied: () => collector.occupiedCgroups(),
        kernel: USUAL_KERNEL_CONSTANTS,
        sink: into,
      }).collect({ tsMs: 0, tsUs: 0, signal });
      const mine = [...into.last].filter(([key]) => key.includes(`cgroup.path=${path}`));
      return Object.fromEntries(mine.map(([key, value]) => [key.split("{")[0], value]));
    },
    [Symbol.dispose]: () => collector.close(),
  };
}

Deno.test("misbehaving process: exits with code 3", async () => {
  await using orchestrator = new Orchestrator();
  using host = watchHost();
  const ill = await orchestrator.script("trap 'exit 3' USR1; while :; do sleep 0.1; done");
  host.turn();
  ill.kill("SIGUSR1");
  await ended(ill.pid);
  host.twoTurns();
  const death = host.death(ill.pid);
  assert.equal(death?.cause, "failed");
  assert.equal(death?.exitCode, 3);
  assert.equal(death?.certainty, "exact");
});

Deno.test("misbehaving process: ended by signals", async () => {
  await using orchestrator = new Orchestrator();
  using host = watchHost();
  for (
    const [signal, cause] of [
      ["SIGSEGV", "crashed"],
      ["SIGABRT", "crashed"],
      ["SIGKILL", "killed"],
      ["SIGTERM", "terminated"],
    ] as const
  ) {
    const ill = await orchestrator.script("exec sleep 900");
    host.turn();
    ill.kill(signal);
    await ended(ill.pid);
    host.twoTurns();
    const death = host.death(ill.pid);
    assert.deepEqual([death?.cause, death?.signal], [cause, signal]);
  }
});

Deno.test({
  ...named("misbehaving process: a segfault whose parent asks at once", NO_KERNEL_LOG),
  fn: async () => {
    await using orchestrator = new Orchestrator();
    using host = watchHost();
    const ill = await orchestrator.worker("segfault");
    host.turn();
    assert.equal(host.row(ill.pid)?.service, "ill");
    await ill.go();
    await ended(ill.pid);
    host.twoTurns();
    const death = host.death(ill.pid);
    assert.equal(death?.cause, "crashed");
    assert.match(death?.evidence.join() ?? "", /kernel log: .*(?:segfault|fault)/);
    const sight = host.deaths.find(({ process }) => process.pid === ill.pid)?.lastSight;
    assert.notEqual(sight?.openFiles["0"], undefined, JSON.stringify(sight));
  },
});

for (const kernelLog of [true, false]) {
  Deno.test({
    ...named(
      `misbehaving process: OOM-killed in its cgroup, by the ${
        kernelLog ? "kernel log" : "cgroup's count"
      }`,
      NO_CGROUP,
      kernelLog ? NO_KERNEL_LOG : null,
    ),
    fn: async () => {
      await using orchestrator = new Orchestrator();
      using host = watchHost(kernelLog ? undefined : new KernelLog("/nonexistent"));
      const cgroup = orchestrator.memoryCgroup(32 << 20);
      assert.ok(cgroup !== null);
      const ill = await orchestrator.script(
        `echo $$ > ${cgroup.procs}; trap 'exec tail /dev/zero' USR1; while :; do sleep 0.1; done`,
        { reaped: true },
      );
      // It moves itself into the cgroup before it does anything else.
      while (!Deno.readTextFileSync(`/proc/${ill.pid}/cgroup`).includes(cgroup.path));
      host.turn();
      const measured = host.cgroup(cgroup.path);
      assert.equal(measured["cgroup.memory.limit"], 32 << 20);
      assert.ok((measured["cgroup.memory.usage"] ?? 0) > 0);
      ill.kill("SIGUSR1");
      await ended(ill.pid);
      host.twoTurns();
      const death = host.death(ill.pid);
      assert.equal(death?.cause, "oom_killed");
      assert.equal(death?.certainty, kernelLog ? "exact" : "likely");
      assert.match(death?.evidence.join() ?? "", kernelLog ? /Killed process/ : /1 OOM kill in/);
    },
  });
}

Deno.test("misbehaving process: leaks memory and descriptors, with its limit named", async () => {
  await using orchestrator = new Orchestrator();
  using host = watchHost();
  const memory = await orchestrator.worker("leak-memory");
  const descriptors = await orchestrator.worker("leak-descriptors", "ulimit -n 128");
  host.turn();
  const before = host.row(memory.pid)?.rssBytes ?? 0;
  const maxMemoryBytes = [memory, descriptors]
    .reduce((sum, { pid }) => sum + (host.row(pid)?.rssBytes ?? 0), 60 << 20);
  assert.match(await host.judged({ maxMemoryBytes, maxFdShare: 0.9 }), /^healthy/);
  await memory.go();
  await descriptors.go();
  // The next turn sees it, and the next check names it.
  host.turn();
  assert.match(
    await host.judged({ maxMemoryBytes }),
    /^unhealthy: memory is \d+ bytes of \d+ bytes$/,
  );
  const full = new RegExp(
    `^unhealthy: process ${descriptors.pid} has \\d+ of 128 descriptors open$`,
  );
  assert.match(await host.judged({ maxFdShare: 0.9 }), full);
  assert.ok((host.row(memory.pid)?.rssBytes ?? 0) > before + (80 << 20));
  const row = host.row(descriptors.pid);
  assert.equal(row?.fdLimit, 128);
  assert.ok((row?.openFds ?? 0) > 115, `${row?.openFds}`);
  const shares = Object.entries(host.sink.lastOf("process.limit.utilization"));
  const share = shares.find(([key]) =>
    key.includes(`process.pid=${descriptors.pid},`) && key.includes("open_files")
  );
  assert.ok((share?.[1] ?? 0) > 0.9, JSON.stringify(shares));
});

Deno.test("misbehaving process: burns CPU", async () => {
  await using orchestrator = new Orchestrator();
  using host = watchHost();
  const ill = await orchestrator.script("while :; do :; done # horizon-ill", { reaped: true });
  host.turn();
  // As much of a core as it gets beside others; all that counts is that it is seen to take it.
  let spentTicks = 0;
  while (spentTicks < 20) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stat = Deno.readTextFileSync(`/proc/${ill.pid}/stat`).split(") ")[1]?.split(" ") ?? [];
    spentTicks = Number(stat[11]) + Number(stat[12]);
  }
  host.turn();
  assert.ok((host.row(ill.pid)?.cpuRatio ?? 0) > 0.05);
  assert.match(
    await host.judged({ maxCpuCores: 0.04 }),
    /^unhealthy: CPU is [\d.]+ cores of 0.04 cores$/,
  );
});

Deno.test("misbehaving process: restarts in a loop", async () => {
  await using orchestrator = new Orchestrator();
  using host = watchHost();
  host.turn();
  const seen: string[][] = [];
  for (let i = 0; i < 4; i++) {
    const ill = await orchestrator.script("exec sh -c 'sleep 700; : horizon-ill'");
    // Past the moments in which it is still the shell that becomes it, and its child a copy of it.
    await until("its child sleeps", PATIENCE_MS, () => {
      const children = Deno.readTextFileSync(`/proc/${ill.pid}/task/${ill.pid}/children`);
      if (children.trim() === "") return null;
      const cmdline = Deno.readTextFileSync(`/proc/${children.trim()}/cmdline`);
      return cmdline.startsWith("sleep\x00700") || null;
    });
    host.turn();
    seen.push(host.names(ill.pid));
    ill.kill("SIGSEGV");
    await ended(ill.pid);
    host.twoTurns();
  }
  assert.deepEqual(seen, [
    ["start"],
    ["start", "restart"],
    ["start", "restart"],
    ["start", "restart", "restart_loop"],
  ]);
});

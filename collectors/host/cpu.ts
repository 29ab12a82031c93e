import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { count, counts, fields, lines } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";

/**
 * Modes of `cpu.mode`. `interrupt` is hard and soft interrupts together. Time spent on guests is
 * part of `user` and `nice`, as the kernel counts it.
 */
export const CPU_MODES = [
  "user",
  "nice",
  "system",
  "idle",
  "iowait",
  "interrupt",
  "steal",
] as const;
export type CpuMode = typeof CPU_MODES[number];
/** Ticks of CPU time since boot. */
export type CpuTimes = Readonly<Record<CpuMode, number>>;

/** `/proc/stat`, proc_stat(5). Counts are null where the kernel does not give them. */
export interface KernelStat {
  readonly total: CpuTimes | null;
  /** By number of the logical CPU; numbers of those that are offline are missing. */
  readonly cores: ReadonlyMap<number, CpuTimes>;
  readonly interrupts: number | null;
  readonly softInterrupts: number | null;
  readonly contextSwitches: number | null;
  /** Seconds since the Unix epoch. */
  readonly bootTimeS: number | null;
  readonly forks: number | null;
  readonly tasksRunning: number | null;
  readonly tasksBlocked: number | null;
}

export const CPU_METRICS = {
  time: {
    name: "system.cpu.time",
    kind: "counter",
    unit: "s",
    attributes: ["cpu.mode", "cpu.logical_number"],
    description: "Time each logical CPU spent in each mode.",
  },
  utilization: {
    name: "system.cpu.utilization",
    kind: "gauge",
    unit: "1",
    attributes: ["cpu.mode", "cpu.logical_number"],
    description:
      "Share of time in each mode since the tick before: of the whole host without `cpu.logical_number`, of one logical CPU with it.",
  },
  logicalCount: {
    name: "system.cpu.logical.count",
    kind: "updown",
    unit: "{cpu}",
    attributes: [],
    description: "Logical CPUs that are online.",
  },
  contextSwitches: {
    name: "system.linux.context_switches",
    kind: "counter",
    unit: "{context_switch}",
    attributes: [],
    description: "Context switches of all CPUs.",
  },
  interrupts: {
    name: "system.linux.interrupts",
    kind: "counter",
    unit: "{interrupt}",
    attributes: ["system.linux.interrupt.type"],
    description: "Interrupts served, `hard` and `soft`.",
  },
  created: {
    name: "system.process.created",
    kind: "counter",
    unit: "{process}",
    attributes: [],
    description: "Processes and threads created since boot.",
  },
  tasks: {
    name: "system.linux.tasks",
    kind: "updown",
    unit: "{thread}",
    attributes: ["system.linux.task.state"],
    description: "Threads that are `running` or ready to, and threads `blocked` by IO.",
  },
} as const satisfies Record<string, Metric>;

/** Above this many logical CPUs only the whole host is reported, to bound series and cost. */
const MAX_CORES_REPORTED = 64;

export const cpuPart: HostPart = {
  name: "cpu",
  metrics: CPU_METRICS,
  create({ sink, proc, kernel }, notes) {
    const into = instruments(sink, CPU_METRICS);
    let before: KernelStat | null = null;
    return ({ tsUs }) => {
      const text = proc.text("stat");
      if (text === null) return;
      const stat = parseKernelStat(text);
      const perCore = stat.cores.size > 0 && stat.cores.size <= MAX_CORES_REPORTED;
      if (stat.cores.size > MAX_CORES_REPORTED) {
        notes.add(`single CPUs: more than ${MAX_CORES_REPORTED}`);
      }
      const times = perCore ? stat.cores : new Map([["", stat.total] as const]);
      for (const [number, spent] of times) {
        for (const mode of CPU_MODES) {
          if (spent === null) continue;
          into.time.record(tsUs, spent[mode] / kernel.clockTicksPerSecond, mode, `${number}`);
        }
      }
      record(cpuUtilization(before?.total, stat.total), "");
      if (perCore) {
        for (const [number, spent] of stat.cores) {
          record(cpuUtilization(before?.cores.get(number), spent), `${number}`);
        }
      }
      before = stat;
      if (stat.cores.size > 0) into.logicalCount.record(tsUs, stat.cores.size);
      into.contextSwitches.record(tsUs, stat.contextSwitches);
      into.interrupts.record(tsUs, stat.interrupts, "hard");
      into.interrupts.record(tsUs, stat.softInterrupts, "soft");
      into.created.record(tsUs, stat.forks);
      into.tasks.record(tsUs, stat.tasksRunning, "running");
      into.tasks.record(tsUs, stat.tasksBlocked, "blocked");

      function record(shares: CpuTimes | null, number: string): void {
        if (shares === null) return;
        for (const mode of CPU_MODES) into.utilization.record(tsUs, shares[mode], mode, number);
      }
    };
  },
};

/** Parses `/proc/stat`. Lines that make no sense are left out. */
export function parseKernelStat(text: string): KernelStat {
  const cores = new Map<number, CpuTimes>();
  const counts = new Map<string, number | null>();
  let total: CpuTimes | null = null;
  for (const line of lines(text)) {
    const name = line.slice(0, line.indexOf(" "));
    if (!name.startsWith("cpu")) {
      // The line of interrupts goes on with one number for each of thousands; the first is the sum.
      const end = line.indexOf(" ", name.length + 1);
      counts.set(name, count(line.slice(name.length + 1, end === -1 ? undefined : end)));
      continue;
    }
    const times = parseCpuTimes(line);
    if (times === null) continue;
    const number = count(name.slice(3));
    if (name === "cpu") total = times;
    else if (number !== null) cores.set(number, times);
  }
  return {
    total,
    cores,
    interrupts: counts.get("intr") ?? null,
    softInterrupts: counts.get("softirq") ?? null,
    contextSwitches: counts.get("ctxt") ?? null,
    bootTimeS: counts.get("btime") ?? null,
    forks: counts.get("processes") ?? null,
    tasksRunning: counts.get("procs_running") ?? null,
    tasksBlocked: counts.get("procs_blocked") ?? null,
  };
}

/**
 * Share of time by mode between two looks, in sum 1. Null before the second look, and when no
 * time has passed. A count that went back (iowait may) counts as none.
 */
export function cpuUtilization(
  before: CpuTimes | null | undefined,
  now: CpuTimes | null,
): CpuTimes | null {
  if (before === null || before === undefined || now === null) return null;
  const spent = byMode((mode) => Math.max(0, now[mode] - before[mode]));
  const all = CPU_MODES.reduce((sum, mode) => sum + spent[mode], 0);
  return all > 0 ? byMode((mode) => spent[mode] / all) : null;
}

function parseCpuTimes(line: string): CpuTimes | null {
  const numbers = fields(line).slice(1);
  // All kernels give the first four; later ones have grown the line.
  const basic = counts(numbers, ["user", "nice", "system", "idle"]);
  if (basic === null) return null;
  const [iowait, irq, softirq, steal] = [4, 5, 6, 7].map((i) => count(numbers[i]) ?? 0);
  return {
    ...basic,
    iowait: iowait ?? 0,
    interrupt: (irq ?? 0) + (softirq ?? 0),
    steal: steal ?? 0,
  };
}

function byMode(value: (mode: CpuMode) => number): CpuTimes {
  return {
    user: value("user"),
    nice: value("nice"),
    system: value("system"),
    idle: value("idle"),
    iowait: value("iowait"),
    interrupt: value("interrupt"),
    steal: value("steal"),
  };
}

import type { HostFiles } from "../host_files.ts";
import { parsePressure, type Pressure } from "../host/pressure.ts";
import { namedCounts } from "../proc_text.ts";
import {
  type CgroupCpu,
  type CgroupIo,
  parseAmount,
  parseBlkio,
  parseCpuMax,
  parseCpuQuota,
  parseCpuStatV2,
  parseCpuV1,
  parseIoStat,
} from "./cgroup_files.ts";
import type { CgroupPlaces, V1Controller } from "./cgroup_places.ts";

export const PRESSURE_RESOURCES = ["cpu", "memory", "io"] as const;

/** What a cgroup used and was denied; null where its hierarchy or kernel does not say. */
export interface CgroupReading {
  readonly cpu: CgroupCpu | null;
  /** CPUs that it may use; null: any number. */
  readonly cpuLimit: number | null;
  readonly memory: {
    readonly usageBytes: number | null;
    /** Usage without the file cache that could be given back at once. */
    readonly workingSetBytes: number | null;
    readonly peakBytes: number | null;
    readonly limitBytes: number | null;
    /** How often what happened, by the names of v2's `memory.events`. */
    readonly events: Readonly<Record<string, number>>;
  };
  readonly io: CgroupIo | null;
  readonly tasks: number | null;
  readonly taskLimit: number | null;
  readonly pressure: Readonly<Record<string, readonly Pressure[]>>;
}

/** Events of v2 that are told; v1 counts the first of its own kind and the last. */
export const MEMORY_EVENTS = ["low", "high", "max", "oom", "oom_kill"] as const;

/**
 * Reads a cgroup: of the unified hierarchy what is there, of the old ones the rest. A hybrid host has
 * pressure in the one and memory in the others.
 */
export function readCgroup(
  files: HostFiles,
  places: CgroupPlaces,
  clockTicksPerSecond: number,
): CgroupReading {
  const first = (folders: readonly string[], file: string): string | null => {
    for (const folder of folders) {
      const text = files.quietText(`${folder}/${file}`);
      if (text !== null) return text;
    }
    return null;
  };
  const v2 = (file: string): string | null => first(places.v2, file);
  const v1 = (controller: V1Controller, file: string): string | null =>
    first(places.v1[controller], file);
  return {
    ...readCpu(v2, v1, clockTicksPerSecond),
    memory: readMemory(v2, v1),
    io: readIo(v2, v1),
    ...readTasks(v2, v1),
    pressure: readPressure(v2),
  };
}

type ReadV2 = (file: string) => string | null;
type ReadV1 = (controller: V1Controller, file: string) => string | null;

function readCpu(
  v2: ReadV2,
  v1: ReadV1,
  clockTicksPerSecond: number,
): Pick<CgroupReading, "cpu" | "cpuLimit"> {
  const acct = v1("cpuacct", "cpuacct.stat");
  if (acct !== null) {
    const quota = v1("cpu", "cpu.cfs_quota_us") ?? "";
    return {
      cpu: parseCpuV1(acct, v1("cpu", "cpu.stat") ?? "", clockTicksPerSecond),
      cpuLimit: parseCpuQuota(quota, v1("cpu", "cpu.cfs_period_us") ?? ""),
    };
  }
  const stat = v2("cpu.stat");
  if (stat === null) return { cpu: null, cpuLimit: null };
  return { cpu: parseCpuStatV2(stat), cpuLimit: parseCpuMax(v2("cpu.max") ?? "") };
}

function readMemory(v2: ReadV2, v1: ReadV1): CgroupReading["memory"] {
  const current = v2("memory.current");
  const amount = (text: string | null): number | null => text === null ? null : parseAmount(text);
  if (current !== null) {
    const usageBytes = amount(current);
    const counts = namedCounts(v2("memory.events") ?? "");
    return {
      usageBytes,
      workingSetBytes: withoutCache(
        usageBytes,
        namedCounts(v2("memory.stat") ?? "").get("inactive_file"),
      ),
      peakBytes: amount(v2("memory.peak")),
      limitBytes: amount(v2("memory.max")),
      events: Object.fromEntries(MEMORY_EVENTS.flatMap((name) => {
        const value = counts.get(name);
        return value === undefined ? [] : [[name, value]];
      })),
    };
  }
  const usageBytes = amount(v1("memory", "memory.usage_in_bytes"));
  const failures = amount(v1("memory", "memory.failcnt"));
  const kills = namedCounts(v1("memory", "memory.oom_control") ?? "").get("oom_kill");
  return {
    usageBytes,
    workingSetBytes: withoutCache(
      usageBytes,
      namedCounts(v1("memory", "memory.stat") ?? "").get("total_inactive_file"),
    ),
    peakBytes: amount(v1("memory", "memory.max_usage_in_bytes")),
    limitBytes: amount(v1("memory", "memory.limit_in_bytes")),
    events: {
      ...failures === null ? {} : { max: failures },
      ...kills === undefined ? {} : { oom_kill: kills },
    },
  };
}

function withoutCache(usage: number | null, inactive: number | undefined): number | null {
  return usage === null || inactive === undefined ? null : Math.max(0, usage - inactive);
}

function readIo(v2: ReadV2, v1: ReadV1): CgroupIo | null {
  const stat = v2("io.stat");
  const unified = stat === null ? null : parseIoStat(stat);
  if (unified !== null) return unified;
  return parseBlkio(
    v1("blkio", "blkio.throttle.io_service_bytes_recursive") ?? "",
    v1("blkio", "blkio.throttle.io_serviced_recursive") ?? "",
  );
}

function readTasks(v2: ReadV2, v1: ReadV1): Pick<CgroupReading, "tasks" | "taskLimit"> {
  const unified = v2("pids.current");
  const read = unified === null ? (file: string) => v1("pids", file) : v2;
  return {
    tasks: parseAmount(unified ?? read("pids.current") ?? ""),
    taskLimit: parseAmount(read("pids.max") ?? ""),
  };
}

function readPressure(v2: ReadV2): CgroupReading["pressure"] {
  return Object.fromEntries(
    PRESSURE_RESOURCES.map((name) => [name, parsePressure(v2(`${name}.pressure`) ?? "")]),
  );
}

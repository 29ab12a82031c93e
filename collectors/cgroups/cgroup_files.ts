import { count, fields, lines, namedCounts } from "../proc_text.ts";

/** Bytes and operations, all devices together. */
export interface CgroupIo {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** Times in seconds. */
export interface CgroupCpu {
  readonly userS: number | null;
  readonly systemS: number | null;
  readonly periods: number | null;
  readonly throttledPeriods: number | null;
  readonly throttledS: number | null;
}

/** Parses v2's `cpu.stat`, which counts microseconds. */
export function parseCpuStatV2(text: string): CgroupCpu {
  const counts = namedCounts(text);
  const seconds = (name: string): number | null => scaled(counts.get(name), 1e6);
  return {
    userS: seconds("user_usec"),
    systemS: seconds("system_usec"),
    periods: counts.get("nr_periods") ?? null,
    throttledPeriods: counts.get("nr_throttled") ?? null,
    throttledS: seconds("throttled_usec"),
  };
}

/** Parses v1's `cpuacct.stat` (in clock ticks) and `cpu.stat` (in nanoseconds). */
export function parseCpuV1(
  cpuacctStat: string,
  cpuStat: string,
  clockTicksPerSecond: number,
): CgroupCpu {
  const used = namedCounts(cpuacctStat);
  const throttled = namedCounts(cpuStat);
  return {
    userS: scaled(used.get("user"), clockTicksPerSecond),
    systemS: scaled(used.get("system"), clockTicksPerSecond),
    periods: throttled.get("nr_periods") ?? null,
    throttledPeriods: throttled.get("nr_throttled") ?? null,
    throttledS: scaled(throttled.get("throttled_time"), 1e9),
  };
}

/** CPUs that v2's `cpu.max` (`quota period`) allows; null: any number. */
export function parseCpuMax(text: string): number | null {
  const [quota, period] = fields(text);
  return cpus(count(quota), count(period));
}

/** The same of v1's `cpu.cfs_quota_us` (-1: none) and `cpu.cfs_period_us`. */
export function parseCpuQuota(quota: string, period: string): number | null {
  return cpus(count(quota.trim()), count(period.trim()));
}

function cpus(quota: number | null, period: number | null): number | null {
  return quota === null || period === null || quota === 0 || period === 0 ? null : quota / period;
}

/** Parses v2's `io.stat`: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`, a line for each device. */
export function parseIoStat(text: string): CgroupIo | null {
  const sum = { rbytes: 0, wbytes: 0, rios: 0, wios: 0 };
  let found = false;
  for (const line of lines(text)) {
    for (const pair of fields(line).slice(1)) {
      const [name, value] = pair.split("=");
      const number = count(value);
      if (number === null || !isIoKey(name)) continue;
      sum[name] += number;
      found = true;
    }
  }
  return found
    ? { readBytes: sum.rbytes, writeBytes: sum.wbytes, reads: sum.rios, writes: sum.wios }
    : null;
}

function isIoKey(name: string | undefined): name is "rbytes" | "wbytes" | "rios" | "wios" {
  return name === "rbytes" || name === "wbytes" || name === "rios" || name === "wios";
}

/**
 * Parses v1's `blkio.throttle.io_service_bytes_recursive` and `…io_serviced_recursive`:
 * `8:0 Read 1`, a line for each device and kind, and a total that may be all there is.
 */
export function parseBlkio(bytes: string, operations: string): CgroupIo | null {
  const ofBytes = parseBlkioFile(bytes);
  const ofOperations = parseBlkioFile(operations);
  if (ofBytes === null || ofOperations === null) return null;
  return {
    readBytes: ofBytes.read,
    writeBytes: ofBytes.write,
    reads: ofOperations.read,
    writes: ofOperations.write,
  };
}

function parseBlkioFile(text: string): { read: number; write: number } | null {
  const sum = { read: 0, write: 0 };
  let found = false;
  for (const line of lines(text)) {
    const [device = "", kind, value] = fields(line);
    if (device === "Total") found = true;
    const number = count(value);
    if (number === null || !/^\d+:\d+$/.test(device)) continue;
    if (kind === "Read") sum.read += number;
    if (kind === "Write") sum.write += number;
    found = true;
  }
  return found ? sum : null;
}

/** A file that holds one number, or `max` for none. v1 writes a huge number for none. */
export function parseAmount(text: string): number | null {
  const value = count(text.trim());
  return value === null || value >= Number.MAX_SAFE_INTEGER ? null : value;
}

function scaled(value: number | undefined, by: number): number | null {
  return value === undefined ? null : value / by;
}

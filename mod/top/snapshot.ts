import { z } from "zod";

/** A process as `horizon top` shows it; null where Horizon could not read a value. */
export interface TopProcess {
  readonly pid: number;
  readonly name: string;
  readonly service: string | null;
  readonly user: string | null;
  readonly state: string;
  readonly commandLine: string | null;
  /** 1 is one core. */
  readonly cpuRatio: number | null;
  readonly rssBytes: number | null;
  readonly threads: number | null;
  readonly openFds: number | null;
  /** Read and written, bytes a second. */
  readonly ioBytesPerSecond: number | null;
}

/** The host in one line's worth of figures; null where there is no fresh sample. */
export interface TopHost {
  readonly cpuRatio: number | null;
  readonly cpus: number | null;
  readonly load: readonly (number | null)[];
  readonly memoryUsedBytes: number | null;
  readonly memoryBytes: number | null;
  readonly swapUsedBytes: number | null;
  readonly swapBytes: number | null;
  readonly uptimeSeconds: number | null;
}

export interface TopSnapshot {
  readonly tsMs: number;
  readonly hostName: string;
  readonly host: TopHost;
  readonly processes: readonly TopProcess[];
}

const Processes = z.object({
  ts: z.iso.datetime(),
  processes: z.array(z.object({
    pid: z.int(),
    name: z.string(),
    service: z.string().nullable(),
    user: z.string().nullable(),
    state: z.string(),
    command_line: z.string().nullable(),
    cpu_ratio: z.number().nullable(),
    rss_bytes: z.number().nullable(),
    threads: z.number().nullable(),
    open_fds: z.number().nullable(),
    read_bytes_per_second: z.number().nullable(),
    write_bytes_per_second: z.number().nullable(),
  })),
});

const HostRows = z.object({
  rows: z.array(z.tuple([z.string(), z.string(), z.number()])),
});

const Info = z.object({ hostname: z.string() });

/** Rows (metric, part, value) of the newest samples of the host as a whole. */
export const HOST_SQL = `
SELECT name, part, sum(value) FROM (
  SELECT any_value(name) AS name, arg_max(value, ts) AS value, any_value(coalesce(
    labels['cpu.mode'], labels['system.memory.state'], labels['system.paging.state'], '')) AS part
  FROM metrics
  WHERE ts > ago('1m') AND labels['cpu.logical_number'] IS NULL AND name IN (
    'system.cpu.utilization', 'system.cpu.logical.count', 'system.cpu.load_average.1m',
    'system.cpu.load_average.5m', 'system.cpu.load_average.15m', 'system.memory.usage',
    'system.memory.limit', 'system.paging.usage', 'system.uptime')
  GROUP BY series_id)
GROUP BY ALL`;

/** @throws z.ZodError when the answers are not a Horizon's */
export function readSnapshot(processes: unknown, host: unknown, info: unknown): TopSnapshot {
  const list = Processes.parse(processes);
  return {
    tsMs: Date.parse(list.ts),
    hostName: Info.parse(info).hostname,
    host: readHost(HostRows.parse(host).rows),
    processes: list.processes.map((one) => ({
      pid: one.pid,
      name: one.name,
      service: one.service,
      user: one.user,
      state: one.state,
      commandLine: one.command_line,
      cpuRatio: one.cpu_ratio,
      rssBytes: one.rss_bytes,
      threads: one.threads,
      openFds: one.open_fds,
      ioBytesPerSecond: sumOf([one.read_bytes_per_second, one.write_bytes_per_second]),
    })),
  };
}

type HostRow = z.infer<typeof HostRows>["rows"][number];

function readHost(rows: readonly HostRow[]): TopHost {
  const value = (metric: string, part = "") =>
    rows.find(([name, of]) => name === metric && of === part)?.[2] ?? null;
  const idle = value("system.cpu.utilization", "idle");
  const waiting = value("system.cpu.utilization", "iowait") ?? 0;
  const swap = rows.filter(([name]) => name === "system.paging.usage").map((row) => row[2]);
  return {
    // A CPU that waits for a device is free to do something else.
    cpuRatio: idle === null ? null : Math.max(0, 1 - idle - waiting),
    cpus: value("system.cpu.logical.count"),
    load: ["1m", "5m", "15m"].map((span) => value(`system.cpu.load_average.${span}`)),
    memoryUsedBytes: value("system.memory.usage", "used"),
    memoryBytes: value("system.memory.limit"),
    swapUsedBytes: value("system.paging.usage", "used"),
    swapBytes: swap.length === 0 ? null : sumOf(swap),
    uptimeSeconds: value("system.uptime"),
  };
}

/** The sum of what is known; null where nothing is. */
export function sumOf(values: Iterable<number | null>): number | null {
  let sum: number | null = null;
  for (const value of values) if (value !== null) sum = (sum ?? 0) + value;
  return sum;
}

/** A snapshot for scripts: names and units as in `/api/processes`. */
export function snapshotJson({ tsMs, hostName, host, processes }: TopSnapshot): object {
  return {
    ts: new Date(tsMs).toISOString(),
    host_name: hostName,
    host: {
      cpu_ratio: host.cpuRatio,
      cpus: host.cpus,
      load_average: host.load,
      memory_used_bytes: host.memoryUsedBytes,
      memory_bytes: host.memoryBytes,
      swap_used_bytes: host.swapUsedBytes,
      swap_bytes: host.swapBytes,
      uptime_seconds: host.uptimeSeconds,
    },
    processes: processes.map((one) => ({
      pid: one.pid,
      name: one.name,
      service: one.service,
      user: one.user,
      state: one.state,
      command_line: one.commandLine,
      cpu_ratio: one.cpuRatio,
      rss_bytes: one.rssBytes,
      threads: one.threads,
      open_fds: one.openFds,
      io_bytes_per_second: one.ioBytesPerSecond,
    })),
  };
}

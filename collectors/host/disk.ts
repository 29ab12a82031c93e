import type { HostFiles } from "../host_files.ts";
import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { count, counts, fields, lines } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";

/** What a disk did in one direction since boot. */
export interface DiskTransfers {
  readonly operations: number;
  /** Operations that were merged into others before they were issued. */
  readonly merged: number;
  readonly bytes: number;
  /** Time of all operations together, also of those that ran at the same time. */
  readonly timeS: number;
}

/** A line of `/proc/diskstats`. */
export interface DiskStat {
  readonly device: string;
  readonly read: DiskTransfers;
  readonly write: DiskTransfers;
  /** Time in which at least one operation was under way. */
  readonly busyS: number;
}

const TRANSFER = ["system.device", "disk.io.direction"] as const;

export const DISK_METRICS = {
  io: {
    name: "system.disk.io",
    kind: "counter",
    unit: "By",
    attributes: TRANSFER,
    description: "Bytes read and written, by whole disk.",
  },
  operations: {
    name: "system.disk.operations",
    kind: "counter",
    unit: "{operation}",
    attributes: TRANSFER,
    description: "Operations completed.",
  },
  merged: {
    name: "system.disk.merged",
    kind: "counter",
    unit: "{operation}",
    attributes: TRANSFER,
    description: "Operations merged into others.",
  },
  operationTime: {
    name: "system.disk.operation_time",
    kind: "counter",
    unit: "s",
    attributes: TRANSFER,
    description: "Time of all operations together; divided by operations it is their latency.",
  },
  ioTime: {
    name: "system.disk.io_time",
    kind: "counter",
    unit: "s",
    attributes: ["system.device"],
    description: "Time in which the disk was busy; its rate is the disk's utilization.",
  },
} as const satisfies Record<string, Metric>;

/** `/proc/diskstats` counts in sectors of this size whatever the disk's own. */
const SECTOR_BYTES = 512;
/** Not disks: loop devices, memory, floppy and optical drives. */
const NOT_DISKS = /^(?:loop|ram|zram|fd|sr)\d+$/;
/** Partitions by their names, for when `/sys/block` cannot be read. */
const PARTITION_NAMES = /^(?:(?:h|s|v|xv)d[a-z]+\d+|(?:nvme\d+n\d+|mmcblk\d+|md\d+)p\d+)$/;

export const diskPart: HostPart = {
  name: "disk",
  metrics: DISK_METRICS,
  create({ sink, proc, sys }) {
    const into = instruments(sink, DISK_METRICS);
    const disks = new WholeDisks(sys);
    return ({ tsUs }) => {
      const stats = parseDiskStats(proc.text("diskstats") ?? "");
      disks.update(stats);
      for (const { device, read, write, busyS } of stats) {
        if (!disks.has(device)) continue;
        for (const [direction, moved] of [["read", read], ["write", write]] as const) {
          into.io.record(tsUs, moved.bytes, device, direction);
          into.operations.record(tsUs, moved.operations, device, direction);
          into.merged.record(tsUs, moved.merged, device, direction);
          into.operationTime.record(tsUs, moved.timeS, device, direction);
        }
        into.ioTime.record(tsUs, busyS, device);
      }
    };
  },
};

/** Tells whole disks from partitions by `/sys/block`, which is listed only when disks change. */
class WholeDisks {
  readonly #sys: HostFiles;
  #seen = "";
  #listed: ReadonlySet<string> | null = null;

  constructor(sys: HostFiles) {
    this.#sys = sys;
  }

  update(stats: readonly DiskStat[]): void {
    const seen = stats.map(({ device }) => device).join(" ");
    if (seen === this.#seen) return;
    this.#seen = seen;
    // A slash in a name (cciss/c0d0) is written as "!" in /sys.
    const names = this.#sys.names("block")?.map((name) => name.replaceAll("!", "/"));
    this.#listed = names === undefined ? null : new Set(names);
  }

  has(device: string): boolean {
    if (NOT_DISKS.test(device)) return false;
    return this.#listed === null ? !PARTITION_NAMES.test(device) : this.#listed.has(device);
  }
}

/** Parses `/proc/diskstats`; lines with fewer fields than kernels since 2.6.25 write are left out. */
export function parseDiskStats(text: string): DiskStat[] {
  return lines(text).flatMap((line) => {
    const [, , device, ...texts] = fields(line);
    const read = transfers(texts.slice(0, 4));
    const write = transfers(texts.slice(4, 8));
    const busyMs = count(texts[9]);
    if (device === undefined || read === null || write === null || busyMs === null) return [];
    return [{ device, read, write, busyS: busyMs / 1000 }];
  });
}

function transfers(texts: readonly string[]): DiskTransfers | null {
  const numbers = counts(texts, ["operations", "merged", "sectors", "ms"]);
  if (numbers === null) return null;
  const { operations, merged, sectors, ms } = numbers;
  return { operations, merged, bytes: sectors * SECTOR_BYTES, timeS: ms / 1000 };
}

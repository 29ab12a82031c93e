import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { count, fields, lines, namedCounts } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";
import { unescapeOctal } from "./mounts.ts";

/** A swap file or partition, in bytes. */
export interface SwapArea {
  readonly device: string;
  readonly size: number;
  readonly used: number;
}

export const PAGING_METRICS = {
  usage: {
    name: "system.paging.usage",
    kind: "updown",
    unit: "By",
    attributes: ["system.device", "system.paging.state"],
    description: "Swap space `used` and `free`, by swap device. None on a host without swap.",
  },
  utilization: {
    name: "system.paging.utilization",
    kind: "gauge",
    unit: "1",
    attributes: ["system.device", "system.paging.state"],
    description: "The same as a share of the device.",
  },
  faults: {
    name: "system.paging.faults",
    kind: "counter",
    unit: "{fault}",
    attributes: ["system.paging.fault.type"],
    description: "Page faults: `major` ones had to wait for a device.",
  },
  operations: {
    name: "system.paging.operations",
    kind: "counter",
    unit: "{operation}",
    attributes: ["system.paging.direction", "system.paging.fault.type"],
    description: "Pages swapped `in` and `out`; all are `major`.",
  },
  oomKills: {
    name: "system.linux.oom_kills",
    kind: "counter",
    unit: "{process}",
    attributes: [],
    description: "Processes killed because memory had run out (kernel 4.13 or newer).",
  },
} as const satisfies Record<string, Metric>;

export const pagingPart: HostPart = {
  name: "paging",
  metrics: PAGING_METRICS,
  create({ sink, proc }) {
    const into = instruments(sink, PAGING_METRICS);
    return ({ tsUs }) => {
      for (const { device, size, used } of parseSwaps(proc.text("swaps") ?? "")) {
        into.usage.record(tsUs, used, device, "used");
        into.usage.record(tsUs, size - used, device, "free");
        into.utilization.record(tsUs, used / size, device, "used");
        into.utilization.record(tsUs, (size - used) / size, device, "free");
      }
      const vmstat = namedCounts(proc.text("vmstat") ?? "");
      const [all, major] = [vmstat.get("pgfault"), vmstat.get("pgmajfault")];
      if (all !== undefined && major !== undefined) {
        into.faults.record(tsUs, Math.max(0, all - major), "minor");
        into.faults.record(tsUs, major, "major");
      }
      into.operations.record(tsUs, vmstat.get("pswpin"), "in", "major");
      into.operations.record(tsUs, vmstat.get("pswpout"), "out", "major");
      into.oomKills.record(tsUs, vmstat.get("oom_kill"));
    };
  },
};

/** Parses `/proc/swaps`, proc_swaps(5), whose sizes are in KiB. Areas without size are left out. */
export function parseSwaps(text: string): SwapArea[] {
  return lines(text).slice(1).flatMap((line) => {
    const [device, , size, used] = fields(line);
    const [sizeKiB, usedKiB] = [count(size), count(used)];
    if (device === undefined || sizeKiB === null || sizeKiB === 0 || usedKiB === null) return [];
    return [{
      device: unescapeOctal(device),
      size: sizeKiB * 1024,
      used: Math.min(usedKiB, sizeKiB) * 1024,
    }];
  });
}

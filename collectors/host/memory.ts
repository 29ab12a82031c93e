import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { namedCounts } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";

/** States of `system.memory.state`; together they are all of the memory. */
export const MEMORY_STATES = ["used", "free", "cached", "buffers"] as const;
export type MemoryState = typeof MEMORY_STATES[number];

/** Memory of the host in bytes. */
export interface MemoryUsage {
  readonly total: number;
  readonly states: Readonly<Record<MemoryState, number>>;
  readonly available: number | null;
  readonly shared: number | null;
  readonly slabReclaimable: number | null;
  readonly slabUnreclaimable: number | null;
}

export const MEMORY_METRICS = {
  usage: {
    name: "system.memory.usage",
    kind: "updown",
    unit: "By",
    attributes: ["system.memory.state"],
    description:
      "Memory by state; the states sum up to the limit. `used` is what is not available to new programs.",
  },
  utilization: {
    name: "system.memory.utilization",
    kind: "gauge",
    unit: "1",
    attributes: ["system.memory.state"],
    description: "The same as a share of the limit.",
  },
  limit: {
    name: "system.memory.limit",
    kind: "updown",
    unit: "By",
    attributes: [],
    description: "Memory of the host.",
  },
  available: {
    name: "system.memory.linux.available",
    kind: "updown",
    unit: "By",
    attributes: [],
    description: "Memory that new programs can get without swapping, as the kernel estimates it.",
  },
  shared: {
    name: "system.memory.linux.shared",
    kind: "updown",
    unit: "By",
    attributes: [],
    description: "Shared memory, mostly tmpfs.",
  },
  slab: {
    name: "system.memory.linux.slab.usage",
    kind: "updown",
    unit: "By",
    attributes: ["system.memory.linux.slab.state"],
    description: "Memory of the kernel's own objects, `reclaimable` and `unreclaimable`.",
  },
} as const satisfies Record<string, Metric>;

export const memoryPart: HostPart = {
  name: "memory",
  metrics: MEMORY_METRICS,
  create({ sink, proc }) {
    const into = instruments(sink, MEMORY_METRICS);
    return ({ tsUs }) => {
      const text = proc.text("meminfo");
      const memory = text === null ? null : memoryUsage(namedCounts(text));
      if (memory === null) return;
      for (const state of MEMORY_STATES) {
        into.usage.record(tsUs, memory.states[state], state);
        into.utilization.record(tsUs, memory.states[state] / memory.total, state);
      }
      into.limit.record(tsUs, memory.total);
      into.available.record(tsUs, memory.available);
      into.shared.record(tsUs, memory.shared);
      into.slab.record(tsUs, memory.slabReclaimable, "reclaimable");
      into.slab.record(tsUs, memory.slabUnreclaimable, "unreclaimable");
    };
  },
};

/**
 * Memory states from `/proc/meminfo`; null without a total.
 *
 * `used` is `MemTotal - MemAvailable`, as the conventions say; `cached` is the rest of what is
 * available, that is the cache that can be given up, so that the states sum up to the total.
 * Kernels before 3.14 do not tell what is available: there all of the cache counts as cached.
 */
export function memoryUsage(meminfo: ReadonlyMap<string, number>): MemoryUsage | null {
  const total = meminfo.get("MemTotal");
  if (total === undefined || total === 0) return null;
  const free = Math.min(meminfo.get("MemFree") ?? 0, total);
  const buffers = Math.min(meminfo.get("Buffers") ?? 0, total - free);
  const available = meminfo.get("MemAvailable");
  const cache = available === undefined
    ? (meminfo.get("Cached") ?? 0) + (meminfo.get("SReclaimable") ?? 0)
    : available - free - buffers;
  const cached = Math.min(Math.max(0, cache), total - free - buffers);
  return {
    total,
    states: { used: total - free - buffers - cached, free, cached, buffers },
    available: available ?? null,
    shared: meminfo.get("Shmem") ?? null,
    slabReclaimable: meminfo.get("SReclaimable") ?? null,
    slabUnreclaimable: meminfo.get("SUnreclaim") ?? null,
  };
}

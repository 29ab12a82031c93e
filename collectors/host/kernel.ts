import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { count, counts, decimal, fields } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";

export const KERNEL_METRICS = {
  uptime: {
    name: "system.uptime",
    kind: "gauge",
    unit: "s",
    attributes: [],
    description: "Time since the host started.",
  },
  openFiles: {
    name: "system.linux.file_handle.count",
    kind: "updown",
    unit: "{file_handle}",
    attributes: [],
    description: "Open files of the whole host.",
  },
  openFilesLimit: {
    name: "system.linux.file_handle.limit",
    kind: "updown",
    unit: "{file_handle}",
    attributes: [],
    description: "How many may be open. Nothing is reported where there is practically no limit.",
  },
  processLimit: {
    name: "system.process.limit",
    kind: "updown",
    unit: "{thread}",
    attributes: [],
    description:
      "Threads that may exist: the smaller of the kernel's `pid_max` and `threads-max`; compare `system.linux.thread.count`.",
  },
} as const satisfies Record<string, Metric>;

export const kernelPart: HostPart = {
  name: "kernel",
  metrics: KERNEL_METRICS,
  create({ sink, proc }) {
    const into = instruments(sink, KERNEL_METRICS);
    return ({ tsUs }) => {
      into.uptime.record(tsUs, parseUptime(proc.text("uptime") ?? ""));
      const files = parseFileHandles(proc.text("sys/fs/file-nr") ?? "");
      into.openFiles.record(tsUs, files?.open);
      into.openFilesLimit.record(tsUs, files?.limit);
      const limits = ["pid_max", "threads-max"]
        .map((name) => count(proc.text(`sys/kernel/${name}`)?.trim()))
        .filter((limit) => limit !== null);
      if (limits.length > 0) into.processLimit.record(tsUs, Math.min(...limits));
    };
  },
};

/** Seconds since boot from `/proc/uptime`; null when it makes no sense. */
export function parseUptime(text: string): number | null {
  return decimal(fields(text)[0]);
}

/**
 * Parses `/proc/sys/fs/file-nr`: allocated, free (always 0 since 2.6), limit. Kernels since 5.x
 * set the limit to 2^63-1 by default, which is none.
 */
export function parseFileHandles(text: string): { open: number; limit: number | null } | null {
  const files = counts(fields(text), ["allocated", "free", "limit"]);
  if (files === null) return null;
  return {
    open: Math.max(0, files.allocated - files.free),
    limit: files.limit >= Number.MAX_SAFE_INTEGER ? null : files.limit,
  };
}

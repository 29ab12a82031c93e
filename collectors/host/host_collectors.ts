import type { Clock } from "../../mod/clock.ts";
import type { Collector } from "../collector.ts";
import { HostFiles } from "../host_files.ts";
import type { KernelConstants } from "../kernel_constants.ts";
import type { SampleSink } from "../sample_sink.ts";
import type { Timers } from "../scheduler.ts";
import { cpuPart } from "./cpu.ts";
import { diskPart } from "./disk.ts";
import { filesystemPart } from "./filesystem.ts";
import { hostCollector, type HostPart } from "./host_part.ts";
import { kernelPart } from "./kernel.ts";
import { loadPart } from "./load.ts";
import { memoryPart } from "./memory.ts";
import { networkPart } from "./network.ts";
import { pagingPart } from "./paging.ts";
import { pressurePart } from "./pressure.ts";

export interface HostCollectorsOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly procRoot: string;
  readonly sysRoot: string;
  /** Where the host's root is seen; "" for `/`. */
  readonly rootfs: string;
  /** Interfaces that are not reported, by name. */
  readonly excludeInterfaces: RegExp;
  readonly kernel: KernelConstants;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Makes the sink of one collector. */
  readonly sink: (name: string, intervalMs: number) => SampleSink;
}

/** Interfaces that container engines make, with random names. */
export const CONTAINER_INTERFACES = /^(?:veth|cali|lxc|cni-|azv)/;

/** What changes slowly is looked at less often, milliseconds. */
const SLOW_INTERVAL_MS = 10_000;

interface Placed {
  readonly part: HostPart;
  readonly slow: boolean;
}

/** Everything that is looked at on the host. */
export function hostParts(rootfs: string, excludeInterfaces: RegExp): Placed[] {
  return [
    { part: cpuPart, slow: false },
    { part: loadPart, slow: false },
    { part: memoryPart, slow: false },
    { part: pagingPart, slow: false },
    { part: pressurePart, slow: false },
    { part: diskPart, slow: false },
    { part: networkPart(excludeInterfaces), slow: false },
    { part: kernelPart, slow: true },
    { part: filesystemPart(rootfs), slow: true },
  ];
}

/**
 * One collector per subject of the host, so that each has its own state and a file system that
 * hangs holds up nothing else.
 */
export function hostCollectors(options: HostCollectorsOptions): Collector[] {
  const { rootfs, excludeInterfaces, clock, timers, timeoutMs, kernel } = options;
  return hostParts(rootfs, excludeInterfaces).map(({ part, slow }) => {
    const intervalMs = slow ? Math.max(SLOW_INTERVAL_MS, options.intervalMs) : options.intervalMs;
    const context = {
      sink: options.sink(part.name, intervalMs),
      proc: new HostFiles(options.procRoot),
      sys: new HostFiles(options.sysRoot),
      kernel,
      clock,
      timers,
      timeoutMs,
    };
    return hostCollector(part, context, intervalMs);
  });
}

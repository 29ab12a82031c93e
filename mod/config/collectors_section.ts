import { z } from "zod";
import { type ProcessesConfig, ProcessesSection } from "./processes_section.ts";
import { contradiction, whenRight } from "./contradiction.ts";
import { absolutePath, duration, flag } from "./scalars.ts";

/** `collectors.host`: the host's own metrics. */
export interface HostCollectorConfig {
  readonly enabled: boolean;
  readonly interval_ms: number;
  /** Of one turn; never longer than the interval. */
  readonly timeout_ms: number;
}

/** `collectors`: what Horizon looks at by itself. */
export interface CollectorsConfig {
  readonly host: HostCollectorConfig;
  readonly processes: ProcessesConfig;
  readonly proc_root: string;
  readonly sys_root: string;
  readonly cgroup_root: string;
}

/** As they are written in the file. A timeout is the interval where nothing else is said. */
export const COLLECTORS_DEFAULTS = {
  host: { enabled: true, interval: "1s" },
  proc_root: "/proc",
  sys_root: "/sys",
  cgroup_root: "/sys/fs/cgroup",
};

const Host = z
  .strictObject({
    enabled: flag().prefault(COLLECTORS_DEFAULTS.host.enabled).describe("Collect host metrics."),
    interval: duration("100ms", "1h").prefault(COLLECTORS_DEFAULTS.host.interval)
      .describe("Time between two looks at the host."),
    timeout: duration("10ms", "1h").optional()
      .describe("How long one look may take. Default: the interval."),
  })
  .superRefine(({ interval, timeout }, ctx) => {
    if (timeout !== undefined && timeout > interval) {
      contradiction(ctx, ["timeout"], "is longer than interval", "a duration up to interval");
    }
  }, whenRight("interval", "timeout"))
  .transform(({ enabled, interval, timeout }): HostCollectorConfig => ({
    enabled,
    interval_ms: interval,
    timeout_ms: timeout ?? interval,
  }));

export const CollectorsSection: z.ZodType<CollectorsConfig> = z
  .strictObject({
    host: Host.prefault({}).describe("CPU, memory, disks, network and so on of this host."),
    processes: ProcessesSection.prefault({}).describe("The processes of this host."),
    proc_root: absolutePath().prefault(COLLECTORS_DEFAULTS.proc_root)
      .describe("Where the host's /proc is mounted."),
    sys_root: absolutePath().prefault(COLLECTORS_DEFAULTS.sys_root)
      .describe("Where the host's /sys is mounted."),
    cgroup_root: absolutePath().prefault(COLLECTORS_DEFAULTS.cgroup_root)
      .describe("Where the host's cgroup hierarchy is mounted."),
  })
  .describe("What Horizon looks at by itself.");

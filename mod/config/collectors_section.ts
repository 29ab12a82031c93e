import { z } from "zod";
import { type ProcessesConfig, ProcessesSection } from "./processes_section.ts";
import { contradiction, whenRight } from "./contradiction.ts";
import { absolutePath, count, duration, flag } from "./scalars.ts";

/** `collectors.host`: the host's own metrics. */
export interface HostCollectorConfig {
  readonly enabled: boolean;
  readonly interval_ms: number;
  /** Of one turn; never longer than the interval. */
  readonly timeout_ms: number;
}

/** `collectors.cgroups`: the cgroups that processes are in. */
export interface CgroupsConfig {
  readonly enabled: boolean;
  readonly interval_ms: number;
  readonly max_cgroups: number;
}

/** `collectors`: what Horizon looks at by itself. */
export interface CollectorsConfig {
  readonly host: HostCollectorConfig;
  readonly processes: ProcessesConfig;
  readonly cgroups: CgroupsConfig;
  readonly proc_root: string;
  readonly sys_root: string;
  readonly cgroup_root: string;
}

/** As they are written in the file. A timeout is the interval where nothing else is said. */
export const COLLECTORS_DEFAULTS = {
  host: { enabled: true, interval: "1s" },
  cgroups: { enabled: true, interval: "5s", max_cgroups: 256 },
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

const Cgroups = z
  .strictObject({
    enabled: flag().prefault(COLLECTORS_DEFAULTS.cgroups.enabled)
      .describe("Collect metrics of cgroups. They are found by the processes in them."),
    interval: duration("100ms", "1h").prefault(COLLECTORS_DEFAULTS.cgroups.interval)
      .describe("Time between two looks at the cgroups."),
    max_cgroups: count(1, 10_000).prefault(COLLECTORS_DEFAULTS.cgroups.max_cgroups)
      .describe("Cgroups looked at; those of services first, more are left out and counted."),
  })
  .transform(({ interval, ...rest }): CgroupsConfig => ({ ...rest, interval_ms: interval }));

export const CollectorsSection: z.ZodType<CollectorsConfig> = z
  .strictObject({
    host: Host.prefault({}).describe("CPU, memory, disks, network and so on of this host."),
    processes: ProcessesSection.prefault({}).describe("The processes of this host."),
    cgroups: Cgroups.prefault({}).describe("The cgroups of this host."),
    proc_root: absolutePath().prefault(COLLECTORS_DEFAULTS.proc_root)
      .describe("Where the host's /proc is mounted."),
    sys_root: absolutePath().prefault(COLLECTORS_DEFAULTS.sys_root)
      .describe("Where the host's /sys is mounted."),
    cgroup_root: absolutePath().prefault(COLLECTORS_DEFAULTS.cgroup_root)
      .describe("Where the host's cgroup hierarchy is mounted."),
  })
  .describe("What Horizon looks at by itself.");

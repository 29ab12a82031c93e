import type { CollectorsConfig } from "../mod/config/collectors_section.ts";
import type { CollectorsOptions } from "./collectors.ts";
import { configuredGroups, watchedServices } from "./processes/configured_groups.ts";

/** What is collected and where from, as the configuration has it. */
export function configuredCollectors(
  { host, processes, cgroups, proc_root, sys_root, cgroup_root }: CollectorsConfig,
): Pick<
  CollectorsOptions,
  "host" | "processes" | "cgroups" | "procRoot" | "sysRoot" | "cgroupRoot"
> {
  return {
    host: host.enabled ? { intervalMs: host.interval_ms, timeoutMs: host.timeout_ms } : null,
    processes: processes.enabled
      ? {
        intervalMs: processes.interval_ms,
        timeoutMs: processes.timeout_ms,
        include: processes.include,
        maxProcesses: processes.max_processes,
        groups: configuredGroups(processes.groups),
        lifecycle: {
          history: processes.history,
          watched: watchedServices(processes.groups),
          restarts: {
            windowMs: processes.restart_window_ms,
            loopCount: processes.restart_loop_count,
            stableMs: processes.stable_after_ms,
          },
          stuckAfterMs: processes.stuck_after_ms,
        },
      }
      : null,
    cgroups: cgroups.enabled
      ? {
        intervalMs: cgroups.interval_ms,
        timeoutMs: cgroups.interval_ms,
        maxCgroups: cgroups.max_cgroups,
      }
      : null,
    procRoot: proc_root,
    sysRoot: sys_root,
    cgroupRoot: cgroup_root,
  };
}

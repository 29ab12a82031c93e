import type { CollectorsConfig } from "../mod/config/collectors_section.ts";
import type { CollectorsOptions } from "./collectors.ts";
import { configuredGroups } from "./processes/configured_groups.ts";

/** What is collected and where from, as the configuration has it. */
export function configuredCollectors(
  { host, processes, proc_root, sys_root }: CollectorsConfig,
): Pick<CollectorsOptions, "host" | "processes" | "procRoot" | "sysRoot"> {
  return {
    host: host.enabled ? { intervalMs: host.interval_ms, timeoutMs: host.timeout_ms } : null,
    processes: processes.enabled
      ? {
        intervalMs: processes.interval_ms,
        timeoutMs: processes.timeout_ms,
        include: processes.include,
        maxProcesses: processes.max_processes,
        groups: configuredGroups(processes.groups),
      }
      : null,
    procRoot: proc_root,
    sysRoot: sys_root,
  };
}

import type { Metric } from "../metric.ts";

/**
 * OpenTelemetry has names for containers and for the host, none for cgroups. These follow its names
 * for containers (`container.cpu.time`, …), since a cgroup is what a container is to the kernel.
 */
const CGROUP = ["cgroup.path", "service.name", "container.id"] as const;

const about = (
  name: string,
  kind: Metric["kind"],
  unit: string,
  description: string,
  extra: readonly string[] = [],
): Metric => ({ name, kind, unit, attributes: [...CGROUP, ...extra], description });

/** Metrics of each cgroup that a process of interest is in. */
export const CGROUP_METRICS = {
  cpuTime: about(
    "cgroup.cpu.time",
    "counter",
    "s",
    "CPU time used, by mode `user` and `system`.",
    ["cpu.mode"],
  ),
  cpuLimit: about("cgroup.cpu.limit", "updown", "{cpu}", "CPUs it may use, where it has a quota."),
  periods: about(
    "cgroup.cpu.periods",
    "counter",
    "{period}",
    "Periods in which its quota was enforced (`all`), and those of them in which it was `throttled`.",
    ["cgroup.cpu.period.state"],
  ),
  throttledTime: about(
    "cgroup.cpu.throttled.time",
    "counter",
    "s",
    "Time that it had work to do and was not let, for its quota.",
  ),
  memoryUsage: about("cgroup.memory.usage", "updown", "By", "Memory in use, file cache included."),
  workingSet: about(
    "cgroup.memory.working_set",
    "updown",
    "By",
    "Memory in use without file cache that could be given back at once.",
  ),
  memoryPeak: about(
    "cgroup.memory.peak",
    "updown",
    "By",
    "Most memory ever in use; Linux 5.19 for v2.",
  ),
  memoryLimit: about(
    "cgroup.memory.limit",
    "updown",
    "By",
    "Memory it may use, where it is limited.",
  ),
  memoryEvents: about(
    "cgroup.memory.events",
    "counter",
    "{event}",
    "How often it met a bound: `low`, `high`, `max`, `oom`, and `oom_kill` for processes killed. v1: `max`, `oom_kill`.",
    ["cgroup.memory.event"],
  ),
  io: about(
    "cgroup.disk.io",
    "counter",
    "By",
    "Bytes from (`read`) and to (`write`) block devices, all together." +
      " v1 of newer kernels (6.1, not 5.10) counts cgroups with a throttling rule alone, and says 0 of others.",
    ["disk.io.direction"],
  ),
  operations: about(
    "cgroup.disk.operations",
    "counter",
    "{operation}",
    "Operations on block devices, all together; v1 as `cgroup.disk.io`.",
    ["disk.io.direction"],
  ),
  tasks: about("cgroup.task.count", "updown", "{thread}", "Processes and threads."),
  taskLimit: about(
    "cgroup.task.limit",
    "updown",
    "{thread}",
    "Most processes and threads it may have.",
  ),
  pressure: about(
    "cgroup.psi.time",
    "counter",
    "s",
    "Time that tasks of it waited for `cpu`, `memory` or `io`: `some` of them, or `full`, all. v2 only.",
    ["cgroup.psi.resource", "cgroup.psi.stall_type"],
  ),
} as const satisfies Record<string, Metric>;

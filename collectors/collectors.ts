import type { Clock } from "../mod/clock.ts";
import type { HorizonEvent } from "../mod/events/event.ts";
import type { Intake } from "../mod/intake/intake.ts";
import type { SeriesRegistry } from "../mod/intern/series_registry.ts";
import type { LatestValues } from "../mod/latest/latest_values.ts";
import type { ProcessDeath } from "../mod/processes/process_death.ts";
import type { ReportedExits } from "../mod/processes/reported_exits.ts";
import type { SourceBook } from "../mod/sources/source_book.ts";
import type { SourceRegistry } from "../mod/sources/source_registry.ts";
import type { Collector, CollectorLog } from "./collector.ts";
import { CgroupCollector } from "./cgroups/cgroup_collector.ts";
import { HostFiles } from "./host_files.ts";
import { CONTAINER_INTERFACES, hostCollectors } from "./host/host_collectors.ts";
import { parseAuxiliaryVector, USUAL_KERNEL_CONSTANTS } from "./kernel_constants.ts";
import { KernelLog } from "./processes/kernel_log.ts";
import { OomCounts } from "./processes/oom_counts.ts";
import { type LifecycleOptions, ProcessLifecycle } from "./processes/process_lifecycle.ts";
import { PtracePermission } from "./processes/ptrace_permission.ts";
import { UnitJournal } from "./processes/unit_journal.ts";
import type { ProcessGroup } from "./processes/grouping.ts";
import {
  type CounterSource,
  PIPELINE_COUNTERS_INTERVAL_MS,
  PipelineCounters,
} from "./pipeline_counters.ts";
import {
  MOST_SLOW_TURNS,
  PROCESS_COLLECTOR_DEFAULTS,
  ProcessCollector,
} from "./processes/process_collector.ts";
import { IntakeSampleSink } from "./sample_sink.ts";
import type { CollectorProblem, Timers } from "./scheduler.ts";

export interface CollectorsOptions {
  /** Null: not collected. */
  readonly host: { readonly intervalMs: number; readonly timeoutMs: number } | null;
  readonly processes: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly include: "all" | "matched";
    readonly maxProcesses: number;
    readonly groups: readonly ProcessGroup[];
    /** Null: what happens to processes is not told. */
    readonly lifecycle: LifecyclePolicy | null;
  } | null;
  /** What the pipeline counts; null where it counts nothing. */
  readonly counters: CounterSource | null;
  /** Null: not collected. They are found by the processes in them. */
  readonly cgroups: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly maxCgroups: number;
  } | null;
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly cgroupRoot: string;
  /** Takes what happens to processes. */
  readonly events: { write(event: HorizonEvent): void };
  /** What those tell who wait for their children. */
  readonly reportedExits: ReportedExits;
  readonly onDeath: (death: ProcessDeath) => unknown;
  readonly intake: Pick<Intake, "admit" | "builders" | "commit">;
  readonly series: Pick<SeriesRegistry, "resolve" | "generation">;
  readonly latest: Pick<LatestValues, "record" | "forget">;
  readonly sources: Pick<SourceRegistry, "open">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: CollectorLog;
}

export interface Collectors {
  /** For the scheduler. */
  readonly collectors: readonly Collector[];
  /** The table of processes; null when they are not collected. */
  readonly processes: ProcessCollector | null;
  /** Notes in its books that a turn of this collector did not succeed. */
  noteProblem(collector: string, problem: CollectorProblem): void;
}

/** When what happens to a process is worth an event; see `LifecycleOptions`. */
export type LifecyclePolicy = Pick<
  LifecycleOptions,
  "history" | "watched" | "restarts" | "stuckAfterMs"
>;

/** A latest value is dropped after so many intervals without a newer one. */
const MISSED_TICKS = 3;

/** Everything that Horizon looks at by itself on this host. */
export function buildCollectors(options: CollectorsOptions): Collectors {
  const { intake, series, latest, clock, timers, log, procRoot, sysRoot } = options;
  const books = new Map<string, SourceBook>();
  const sink = (collector: string, intervalMs: number, turns = 1) => {
    const staleAfterMs = intervalMs * (MISSED_TICKS + turns - 1);
    const book = options.sources.open("collector", collector, ["metrics"]);
    books.set(collector, book);
    return new IntakeSampleSink({ intake, series, latest, staleAfterMs, book, log });
  };
  const auxv = new HostFiles(procRoot).bytes("self/auxv");
  const kernel = auxv === null ? USUAL_KERNEL_CONSTANTS : parseAuxiliaryVector(auxv);
  const collectors: Collector[] = [];
  if (options.host !== null) {
    collectors.push(...hostCollectors({
      ...options.host,
      procRoot,
      sysRoot,
      rootfs: "",
      excludeInterfaces: CONTAINER_INTERFACES,
      kernel,
      clock,
      timers,
      sink,
    }));
  }
  let processes: ProcessCollector | null = null;
  if (options.processes !== null) {
    const { lifecycle } = options.processes;
    processes = new ProcessCollector({
      ...PROCESS_COLLECTOR_DEFAULTS,
      ...options.processes,
      lifecycle: lifecycle === null ? null : processLifecycle(lifecycle, options),
      procRoot,
      kernel,
      clock,
      // Some values of a process come only on its slow turns; when it ends, all go at once.
      sink: sink("processes", options.processes.intervalMs, MOST_SLOW_TURNS),
    });
    collectors.push(processes);
    if (options.cgroups !== null) {
      collectors.push(
        new CgroupCollector({
          ...options.cgroups,
          procRoot,
          cgroupRoot: options.cgroupRoot,
          occupied: () => processes?.occupiedCgroups() ?? [],
          kernel,
          sink: sink("cgroups", options.cgroups.intervalMs),
        }),
      );
    }
  }
  if (options.counters !== null) {
    collectors.push(
      new PipelineCounters(options.counters, sink("pipeline", PIPELINE_COUNTERS_INTERVAL_MS)),
    );
  }
  return {
    collectors,
    processes,
    noteProblem: (collector, { reason, message }) => books.get(collector)?.refused(reason, message),
  };
}

/** Tells what happens to processes, with every source of evidence that this host has. */
function processLifecycle(
  policy: LifecyclePolicy,
  { procRoot, cgroupRoot, clock, events, reportedExits, onDeath }: CollectorsOptions,
): ProcessLifecycle {
  const proc = new HostFiles(procRoot);
  const permission = new PtracePermission(proc.quietText("self/status") ?? "");
  return new ProcessLifecycle({
    sinceMs: clock.nowMs(),
    ...policy,
    write: (event) => events.write(event),
    kernelLog: new KernelLog(),
    journal: new UnitJournal(),
    oomCounts: new OomCounts(cgroupRoot),
    reported: reportedExits,
    onDeath,
    waitsIn: (pid) => proc.quietText(`${pid}/wchan`)?.replace(/^0$/, "") || null,
    seesStatusOf: (uid) => permission.allows(uid),
  });
}

import { containerIdOf } from "../../mod/processes/container_id.ts";
import type { Collector, Tick } from "../collector.ts";
import { HostFiles } from "../host_files.ts";
import { type Instrument, instruments } from "../instrument.ts";
import type { KernelConstants } from "../kernel_constants.ts";
import type { SampleSink } from "../sample_sink.ts";
import { CGROUP_METRICS } from "./cgroup_metrics.ts";
import { type CgroupPlaces, parseCgroupPlaces } from "./cgroup_places.ts";
import { type CgroupReading, readCgroup } from "./cgroup_reading.ts";

/** A cgroup that somebody is in. */
export interface OccupiedCgroup {
  readonly path: string;
  /** One of those in it, by which its folders in all hierarchies are found. */
  readonly pid: number;
  /** The service of all in it that have one; null when they have none, or several. */
  readonly service: string | null;
}

export interface CgroupCollectorOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly procRoot: string;
  readonly cgroupRoot: string;
  /** Cgroups looked at; those of services first. */
  readonly maxCgroups: number;
  /** What processes are in; the root is not among them. */
  readonly occupied: () => readonly OccupiedCgroup[];
  readonly kernel: KernelConstants;
  readonly sink: SampleSink;
}

/** Looks at the cgroups that processes are in, v1 and v2, also on hosts that have both. */
export class CgroupCollector implements Collector {
  readonly name = "cgroups";
  readonly #options: CgroupCollectorOptions;
  readonly #proc: HostFiles;
  readonly #files: HostFiles;
  readonly #into: Record<keyof typeof CGROUP_METRICS, Instrument>;
  /** Folders of the cgroups of the last turn. */
  #places = new Map<string, CgroupPlaces>();
  #leftOut = 0;

  constructor(options: CgroupCollectorOptions) {
    this.#options = options;
    this.#proc = new HostFiles(options.procRoot);
    this.#files = new HostFiles(options.cgroupRoot);
    this.#into = instruments(options.sink, CGROUP_METRICS);
  }

  get intervalMs(): number {
    return this.#options.intervalMs;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  get unavailable(): readonly string[] {
    const { maxCgroups } = this.#options;
    return this.#leftOut === 0 ? [] : [`${this.#leftOut} cgroups: at most ${maxCgroups} are read`];
  }

  collect({ tsUs }: Tick): void {
    const { occupied, maxCgroups, sink, kernel } = this.#options;
    const all = [...occupied()].sort((a, b) =>
      Number(a.service === null) - Number(b.service === null)
    );
    this.#leftOut = Math.max(0, all.length - maxCgroups);
    const places = new Map<string, CgroupPlaces>();
    try {
      for (const cgroup of all.slice(0, maxCgroups)) {
        const place = this.#places.get(cgroup.path) ?? this.#placesOf(cgroup.pid);
        if (place === null) continue;
        places.set(cgroup.path, place);
        const reading = readCgroup(this.#files, place, kernel.clockTicksPerSecond);
        this.#record(tsUs, cgroup, reading);
      }
      sink.commit(tsUs);
    } finally {
      this.#places = places;
      sink.discard();
    }
  }

  close(): void {}

  /** Null when the process has ended meanwhile. */
  #placesOf(pid: number): CgroupPlaces | null {
    const text = this.#proc.quietText(`${pid}/cgroup`);
    return text === null ? null : parseCgroupPlaces(text);
  }

  #record(tsUs: number, { path, service }: OccupiedCgroup, reading: CgroupReading): void {
    const into = this.#into;
    const who = [path, service ?? "", containerIdOf(path) ?? ""] as const;
    const { cpu, memory, io } = reading;
    into.cpuTime.record(tsUs, cpu?.userS, ...who, "user");
    into.cpuTime.record(tsUs, cpu?.systemS, ...who, "system");
    into.cpuLimit.record(tsUs, reading.cpuLimit, ...who);
    into.periods.record(tsUs, cpu?.periods, ...who, "all");
    into.periods.record(tsUs, cpu?.throttledPeriods, ...who, "throttled");
    into.throttledTime.record(tsUs, cpu?.throttledS, ...who);
    into.memoryUsage.record(tsUs, memory.usageBytes, ...who);
    into.workingSet.record(tsUs, memory.workingSetBytes, ...who);
    into.memoryPeak.record(tsUs, memory.peakBytes, ...who);
    into.memoryLimit.record(tsUs, memory.limitBytes, ...who);
    for (const [name, times] of Object.entries(memory.events)) {
      into.memoryEvents.record(tsUs, times, ...who, name);
    }
    into.io.record(tsUs, io?.readBytes, ...who, "read");
    into.io.record(tsUs, io?.writeBytes, ...who, "write");
    into.operations.record(tsUs, io?.reads, ...who, "read");
    into.operations.record(tsUs, io?.writes, ...who, "write");
    into.tasks.record(tsUs, reading.tasks, ...who);
    into.taskLimit.record(tsUs, reading.taskLimit, ...who);
    for (const [resource, stalls] of Object.entries(reading.pressure)) {
      for (const { stall, totalUs } of stalls) {
        into.pressure.record(tsUs, totalUs / 1e6, ...who, resource, stall);
      }
    }
  }
}

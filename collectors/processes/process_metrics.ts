import { SERIES_REFUSED } from "../../mod/intern/series_registry.ts";
import type { Metric } from "../metric.ts";
import type { SampleSink } from "../sample_sink.ts";

/** Labels that say which process; `service.name` only for those of a service group. */
const PROCESS = ["process.pid", "process.executable.name", "service.name"] as const;

/** Metrics of each process on every tick. */
export const FAST_PROCESS_METRICS = {
  userTime: {
    name: "process.cpu.time",
    kind: "counter",
    unit: "s",
    attributes: [...PROCESS, "cpu.mode"],
    description: "CPU time used, by mode `user` and `system`.",
  },
  systemTime: {
    name: "process.cpu.time",
    kind: "counter",
    unit: "s",
    attributes: [...PROCESS, "cpu.mode"],
    description: "CPU time used, by mode `user` and `system`.",
  },
  utilization: {
    name: "process.cpu.utilization",
    kind: "gauge",
    unit: "1",
    attributes: PROCESS,
    description:
      "CPU time used since the tick before, divided by the time passed and by the number of logical CPUs: 1 is all of the host.",
  },
  resident: {
    name: "process.memory.usage",
    kind: "updown",
    unit: "By",
    attributes: PROCESS,
    description: "Physical memory in use (resident set size).",
  },
} as const satisfies Record<string, Metric>;

/** Metrics of each process on its slow ticks. */
export const SLOW_PROCESS_METRICS = {
  virtual: {
    name: "process.memory.virtual",
    kind: "updown",
    unit: "By",
    attributes: PROCESS,
    description: "Virtual memory.",
  },
  pss: {
    name: "process.memory.pss",
    kind: "updown",
    unit: "By",
    attributes: PROCESS,
    description:
      "Proportional memory: what is shared counts divided by its sharers. By default of grouped processes only, and seldom.",
  },
  threads: {
    name: "process.thread.count",
    kind: "updown",
    unit: "{thread}",
    attributes: PROCESS,
    description: "Threads.",
  },
  openFds: {
    name: "process.unix.file_descriptor.count",
    kind: "updown",
    unit: "{file_descriptor}",
    attributes: PROCESS,
    description: "Open file descriptors.",
  },
  fdLimit: {
    name: "process.unix.file_descriptor.limit",
    kind: "updown",
    unit: "{file_descriptor}",
    attributes: PROCESS,
    description: "Soft limit of open file descriptors.",
  },
  readBytes: {
    name: "process.disk.io",
    kind: "counter",
    unit: "By",
    attributes: [...PROCESS, "disk.io.direction"],
    description: "Bytes fetched from (`read`) and sent to (`write`) storage.",
  },
  writeBytes: {
    name: "process.disk.io",
    kind: "counter",
    unit: "By",
    attributes: [...PROCESS, "disk.io.direction"],
    description: "Bytes fetched from (`read`) and sent to (`write`) storage.",
  },
  voluntarySwitches: {
    name: "process.context_switches",
    kind: "counter",
    unit: "{context_switch}",
    attributes: [...PROCESS, "process.context_switch.type"],
    description: "Context switches of its first thread, `voluntary` and `involuntary`.",
  },
  involuntarySwitches: {
    name: "process.context_switches",
    kind: "counter",
    unit: "{context_switch}",
    attributes: [...PROCESS, "process.context_switch.type"],
    description: "Context switches of its first thread, `voluntary` and `involuntary`.",
  },
  minorFaults: {
    name: "process.paging.faults",
    kind: "counter",
    unit: "{fault}",
    attributes: [...PROCESS, "system.paging.fault.type"],
    description: "Page faults, `minor` and `major`.",
  },
  majorFaults: {
    name: "process.paging.faults",
    kind: "counter",
    unit: "{fault}",
    attributes: [...PROCESS, "system.paging.fault.type"],
    description: "Page faults, `minor` and `major`.",
  },
  uptime: {
    name: "process.uptime",
    kind: "gauge",
    unit: "s",
    attributes: PROCESS,
    description: "Time since it started.",
  },
} as const satisfies Record<string, Metric>;

/** Metrics of each process of a group on its slow ticks, about limits that it has. */
export const LIMIT_METRICS = {
  openFilesShare: {
    name: "process.limit.utilization",
    kind: "gauge",
    unit: "1",
    attributes: [...PROCESS, "process.limit.resource"],
    description:
      "Share of a soft limit in use, of grouped processes that have one: `open_files`, `processes` (threads of all processes of its user), `address_space`. 1 is all of it.",
  },
  processesShare: {
    name: "process.limit.utilization",
    kind: "gauge",
    unit: "1",
    attributes: [...PROCESS, "process.limit.resource"],
    description:
      "Share of a soft limit in use, of grouped processes that have one: `open_files`, `processes` (threads of all processes of its user), `address_space`. 1 is all of it.",
  },
  addressSpaceShare: {
    name: "process.limit.utilization",
    kind: "gauge",
    unit: "1",
    attributes: [...PROCESS, "process.limit.resource"],
    description:
      "Share of a soft limit in use, of grouped processes that have one: `open_files`, `processes` (threads of all processes of its user), `address_space`. 1 is all of it.",
  },
  processesLimit: {
    name: "process.limit.processes",
    kind: "updown",
    unit: "{process}",
    attributes: PROCESS,
    description: "Soft limit of processes and threads of its user; of grouped processes.",
  },
  addressSpaceLimit: {
    name: "process.limit.address_space",
    kind: "updown",
    unit: "By",
    attributes: PROCESS,
    description: "Soft limit of virtual memory; of grouped processes.",
  },
} as const satisfies Record<string, Metric>;

/** Metrics of all processes together, on every tick. */
export const PROCESS_COUNT_METRICS = {
  count: {
    name: "system.process.count",
    kind: "updown",
    unit: "{process}",
    attributes: ["process.state"],
    description:
      "Processes by state, kernel threads included: `running`, `sleeping`, `blocked` (waiting for a device), `stopped`, `defunct` (zombies), `idle` (kernel threads) and `unknown`.",
  },
  unseen: {
    name: "system.process.unseen",
    kind: "counter",
    unit: "{process}",
    attributes: [],
    description:
      "Processes and threads that began and ended between two looks, so that none saw them: at most so many, since Horizon started.",
  },
} as const satisfies Record<string, Metric>;

const PROCESS_METRICS = { ...FAST_PROCESS_METRICS, ...SLOW_PROCESS_METRICS, ...LIMIT_METRICS };
type ProcessMetricKey = keyof typeof PROCESS_METRICS;

/** The value of the attribute that only some metrics have. */
const EXTRA_ATTRIBUTE: Readonly<Partial<Record<ProcessMetricKey, string>>> = {
  userTime: "user",
  systemTime: "system",
  readBytes: "read",
  writeBytes: "write",
  voluntarySwitches: "voluntary",
  involuntarySwitches: "involuntary",
  minorFaults: "minor",
  majorFaults: "major",
  openFilesShare: "open_files",
  processesShare: "processes",
  addressSpaceShare: "address_space",
};

/**
 * The series of one process. A handle is asked for when its first value comes, so that what
 * cannot be read of a process makes no series.
 */
export class ProcessSeries {
  readonly #sink: SampleSink;
  readonly #labels: readonly (readonly [key: string, value: string])[];
  readonly #service: string;
  readonly #handles = new Map<ProcessMetricKey, number>();

  constructor(sink: SampleSink, pid: number, executableName: string, service: string | null) {
    this.#sink = sink;
    this.#service = service ?? "";
    this.#labels = [
      ["process.pid", String(pid)],
      ["process.executable.name", executableName],
      ...(service === null ? [] : [["service.name", service] as const]),
    ];
  }

  /** Pushes a sample; a value that is null was not there, and is skipped. */
  record(key: ProcessMetricKey, tsUs: number, value: number | null): void {
    if (value === null) return;
    let handle = this.#handles.get(key);
    if (handle === undefined) {
      handle = this.#resolve(key);
      this.#handles.set(key, handle);
    }
    this.#sink.push(handle, tsUs, value);
  }

  /** Asks again, at the next sample, for series that a limit refused. */
  retryRefused(): void {
    for (const [key, handle] of this.#handles) {
      if (handle === SERIES_REFUSED) this.#handles.delete(key);
    }
  }

  /** Takes the process out of the latest values. */
  end(): void {
    this.#sink.forget(this.#handles.values());
  }

  #resolve(key: ProcessMetricKey): number {
    const { name, kind, unit, attributes } = PROCESS_METRICS[key];
    const extra = EXTRA_ATTRIBUTE[key];
    const last = attributes.at(-1);
    const labels = extra === undefined || last === undefined
      ? this.#labels
      : [...this.#labels, [last, extra] as const];
    return this.#sink.resolve(name, kind, unit, labels, this.#service);
  }
}

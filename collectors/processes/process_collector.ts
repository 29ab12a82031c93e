import type { Clock } from "../../mod/clock.ts";
import type { ProcessDetail } from "../../mod/processes/process_detail.ts";
import { START_TIME_TOLERANCE_MS } from "../../mod/processes/process_identity.ts";
import type { ProcessRow, ProcessState } from "../../mod/processes/process_row.ts";
import type { OccupiedCgroup } from "../cgroups/cgroup_collector.ts";
import type { Collector, Tick } from "../collector.ts";
import { parseKernelStat } from "../host/cpu.ts";
import { HostFiles } from "../host_files.ts";
import { type Instrument, instruments } from "../instrument.ts";
import type { KernelConstants } from "../kernel_constants.ts";
import type { SampleSink } from "../sample_sink.ts";
import type { ProcessGroup } from "./grouping.ts";
import { PidFiles } from "./pid_files.ts";
import { parseOpenFilesLimit } from "./process_files.ts";
import { ProcessInspector } from "./process_inspector.ts";
import { CreatedCount } from "./created_count.ts";
import { type ProcessLifecycle, shownOpenFiles } from "./process_lifecycle.ts";
import { PROCESS_COUNT_METRICS, ProcessSeries } from "./process_metrics.ts";
import { maxKeptFiles, ProcessReader, type StatFile } from "./process_reader.ts";
import { emptyProcessStat, parseRareFields } from "./process_stat.ts";
import { ProcessTable, type ProcessTableStats } from "./process_table.ts";
import { recordFast, recordSlow } from "./record_process.ts";
import {
  beginProcess,
  executableName,
  processRow,
  type ProcessUnits,
  type TrackedProcess,
  updateProcess,
} from "./tracked_process.ts";
import { UserNames } from "./user_names.ts";

export interface ProcessCollectorOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly procRoot: string;
  /** Where `passwd` is. */
  readonly etcRoot: string;
  readonly groups: readonly ProcessGroup[];
  /** Which processes get metrics: `all`, or those that belong to a group. All are in the table. */
  readonly include: "all" | "matched";
  /** Whether threads of the kernel get rows and metrics; they are counted either way. */
  readonly kernelThreads: boolean;
  /** Processes looked at; those past it are left out, and counted. */
  readonly maxProcesses: number;
  /** Rows of ended processes that are kept. */
  readonly maxExited: number;
  /** A process that belongs to no group gets metrics when it was seen this often. */
  readonly minSights: number;
  /** The costlier files of a process are read every so many turns; less often if they are many. */
  readonly slowTurns: number;
  /** Whose proportional memory is measured; it is costly for large processes. */
  readonly pss: "off" | "matched" | "all";
  /** Is told what happens to processes; null where nobody wants to know. */
  readonly lifecycle: ProcessLifecycle | null;
  readonly kernel: KernelConstants;
  readonly clock: Clock;
  readonly sink: SampleSink;
}

/** What an operator gets who says nothing. */
export const PROCESS_COLLECTOR_DEFAULTS = {
  etcRoot: "/etc",
  include: "all",
  kernelThreads: false,
  maxProcesses: 4096,
  maxExited: 1024,
  minSights: 2,
  slowTurns: 5,
  pss: "matched",
  lifecycle: null,
} as const;

export interface ProcessCollectorStats extends ProcessTableStats {
  /** Files of `/proc` that are held open. */
  readonly keptFiles: number;
  /** Looks at a process that failed, though it had not ended. */
  readonly unreadable: number;
  /** The costlier files of each process are read every so many turns at present. */
  readonly slowTurns: number;
  /** Processes and threads that no look saw, at most; see `CreatedCount`. */
  readonly unseen: number;
}

/** Slow looks a turn that we aim at: with more processes each has its turn less often. */
const SLOW_LOOKS_PER_TURN = 50;
/** Yet no less often than this. */
export const MOST_SLOW_TURNS = 60;

const MAX_ANCESTORS = 64;

const STATES: readonly ProcessState[] = [
  "running",
  "sleeping",
  "blocked",
  "stopped",
  "defunct",
  "idle",
  "unknown",
];

/**
 * Looks at every process of the host. `stat` is read of each on every turn; what costs more
 * (`status`, `io`, descriptors) on its slow turns, which are spread evenly over the turns.
 *
 * Identity is (pid, start time). The labels of its series are pid, program and service, so a pid
 * that is given again to the same program goes on in the same series, where the reset of its
 * counters shows the change.
 */
export class ProcessCollector implements Collector {
  readonly name = "processes";
  readonly #options: ProcessCollectorOptions;
  readonly #host: HostFiles;
  readonly #reader: ProcessReader;
  readonly #inspector: ProcessInspector;
  readonly #table: ProcessTable;
  readonly #pidFiles: PidFiles;
  readonly #counts: Record<"count" | "unseen", Instrument>;
  readonly #created = new CreatedCount();
  /** Threads by user, counted when first asked for in a turn. */
  #userThreads: ReadonlyMap<number, number> | null = null;
  readonly #stat = emptyProcessStat();
  readonly #decoder = new TextDecoder();
  readonly #stateCounts = new Map<ProcessState, number>();
  #units: ProcessUnits;
  #bootTimeKnown = false;
  #logicalCpus = 1;
  #slowTurns: number;
  /** The same for processes of services. */
  #groupedSlowTurns: number;
  /** Processes of services that this turn has recorded so far. */
  #grouped = 0;
  #turn = 0;
  #lastTickMs = 0;
  #unreadable = 0;
  /** Something happened that may change who belongs to which service. */
  #regroup = false;

  constructor(options: ProcessCollectorOptions) {
    const { procRoot, etcRoot, groups, pss, clock, kernel, sink } = options;
    const monotonicMs = () => clock.monotonicMs();
    this.#options = options;
    this.#host = new HostFiles(procRoot);
    const ownLimit = parseOpenFilesLimit(this.#host.text("self/limits") ?? "");
    this.#reader = new ProcessReader(procRoot, maxKeptFiles(ownLimit));
    const users = new UserNames(etcRoot, monotonicMs);
    this.#inspector = new ProcessInspector({
      reader: this.#reader,
      users,
      groups,
      pss,
      monotonicMs,
      threadsOf: (uid) => this.#threadsOf(uid),
    });
    this.#table = new ProcessTable(options.maxProcesses, options.maxExited);
    this.#pidFiles = new PidFiles(groups);
    this.#counts = instruments(sink, PROCESS_COUNT_METRICS);
    this.#units = { ...kernel, bootTimeMs: 0 };
    this.#slowTurns = this.#groupedSlowTurns = options.slowTurns;
  }

  get intervalMs(): number {
    return this.#options.intervalMs;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  get unavailable(): readonly string[] {
    const { leftOut, maxProcesses } = this.#table.stats;
    const notes = [...this.#host.unavailable];
    if (leftOut > 0) notes.push(`${leftOut} processes: the table is full at ${maxProcesses}`);
    return [...notes, ...this.#options.lifecycle?.unavailable ?? []];
  }

  get stats(): ProcessCollectorStats {
    return {
      ...this.#table.stats,
      keptFiles: this.#reader.keptFiles,
      unreadable: this.#unreadable,
      slowTurns: this.#slowTurns,
      unseen: this.#created.unseen,
    };
  }

  /** What runs now, as last looked at. */
  processList(): { readonly tsMs: number; readonly processes: readonly ProcessRow[] } {
    return { tsMs: this.#lastTickMs, processes: this.#table.rows(this.#options.kernelThreads) };
  }

  /** What runs now, and before it the last that have ended. */
  processRows(): ProcessRow[] {
    return [...this.#table.exitedRows(), ...this.#table.rows(this.#options.kernelThreads)];
  }

  /**
   * The cgroups that processes run in, without the root and those of kernel threads. Zombies do not
   * count: the old hierarchies have moved them to their root, so they cannot tell where its files are.
   */
  occupiedCgroups(): OccupiedCgroup[] {
    const cgroups = new Map<string, OccupiedCgroup>();
    for (const { pid, cgroup: path, service, kernelThread, state } of this.#table.running()) {
      if (kernelThread || state === "defunct" || path === null || path === "/") continue;
      const known = cgroups.get(path);
      const shared = known === undefined || known.service === null || service === null ||
        known.service === service;
      const both = shared ? known?.service ?? service : null;
      cgroups.set(path, { path, pid: known?.pid ?? pid, service: both });
    }
    return [...cgroups.values()];
  }

  /** All that is known of a process that runs; null when it does not. */
  detail(pid: number, startTimeMs: number): ProcessDetail | null {
    const process = this.#table.get(pid);
    if (process === undefined) return null;
    const apartMs = Math.abs(process.startTimeMs - startTimeMs);
    if (apartMs > START_TIME_TOLERANCE_MS) return null;
    const { limits, limitShares, lastSight } = process;
    return {
      row: processRow(process, null),
      ancestors: this.#ancestors(process),
      limits,
      limitShares,
      openFiles: lastSight === null ? {} : shownOpenFiles(lastSight),
      moreOpenFiles: lastSight?.moreOpenFiles ?? false,
    };
  }

  /** Whether it was there at the last look, and not as a zombie. */
  isRunning(pid: number, startTimeMs: number): boolean {
    const row = this.detail(pid, startTimeMs)?.row;
    return row !== undefined && row.state !== "defunct";
  }

  /** Its parent first; to the end of the chain, or where it is longer than makes sense. */
  #ancestors({ ppid }: TrackedProcess): ProcessRow[] {
    const rows: ProcessRow[] = [];
    for (let next = this.#table.get(ppid); next !== undefined; next = this.#table.get(next.ppid)) {
      rows.push(processRow(next, null));
      if (rows.length >= MAX_ANCESTORS || next.ppid === next.pid) break;
    }
    return rows;
  }

  /** Waits for what is still being found out about processes that ended. */
  async settled(): Promise<void> {
    await this.#options.lifecycle?.settled();
  }

  /** @throws Deno.errors.* when `/proc` cannot be listed */
  collect(tick: Tick): void {
    const { lifecycle } = this.#options;
    this.#beginTurn(tick);
    try {
      for (const pid of this.#reader.pids()) this.#look(pid, tick);
      for (const process of this.#table.running()) {
        if (process.turn !== this.#turn) this.#exit(process, tick.tsMs);
        else lifecycle?.seen(process, tick.tsMs);
      }
      if (this.#regroup) this.#assignServices(tick.tsMs);
      lifecycle?.settleDeaths(tick.tsMs);
      for (const process of this.#table.running()) this.#record(process, tick);
      if (this.#looksAtHost) {
        this.#created.look(parseKernelStat(this.#host.text("stat") ?? "").forks);
      }
      this.#counts.unseen.record(tick.tsUs, this.#created.unseen);
      for (const state of STATES) {
        this.#counts.count.record(tick.tsUs, this.#stateCounts.get(state) ?? 0, state);
      }
      this.#options.sink.commit(tick.tsUs);
    } finally {
      this.#options.sink.discard();
    }
  }

  /** Closes the files that were kept open. */
  close(): void {
    for (const process of this.#table.running()) this.#reader.release(process.statFile);
    this.#options.lifecycle?.close();
  }

  #beginTurn({ tsMs }: Tick): void {
    const { slowTurns } = this.#options;
    this.#turn++;
    this.#lastTickMs = tsMs;
    this.#inspector.beginTurn();
    this.#stateCounts.clear();
    this.#table.leftOut = 0;
    this.#userThreads = null;
    this.#options.lifecycle?.beginTurn(tsMs, this.#table);
    const wanted = Math.ceil(this.#table.size / SLOW_LOOKS_PER_TURN);
    this.#slowTurns = Math.max(slowTurns, Math.min(wanted, MOST_SLOW_TURNS));
    // Those of services are what it is all about: they do not have to wait for the others.
    const fewGrouped = this.#grouped <= SLOW_LOOKS_PER_TURN * slowTurns;
    this.#groupedSlowTurns = fewGrouped ? slowTurns : this.#slowTurns;
    this.#grouped = 0;
    if (this.#looksAtHost) this.#lookAtHost();
  }

  get #looksAtHost(): boolean {
    return (this.#turn - 1) % this.#slowTurns === 0;
  }

  #lookAtHost(): void {
    const stat = parseKernelStat(this.#host.text("stat") ?? "");
    this.#logicalCpus = Math.max(1, stat.cores.size);
    // The first boot time is kept: it moves with the wall clock, and would change identities.
    if (stat.bootTimeS !== null && !this.#bootTimeKnown) {
      this.#bootTimeKnown = true;
      this.#units = { ...this.#units, bootTimeMs: stat.bootTimeS * 1000 };
    }
    if (this.#pidFiles.reread()) this.#regroup = true;
  }

  #look(pid: number, { tsMs }: Tick): void {
    let process = this.#table.get(pid);
    if (process !== undefined && this.#restsThisTurn(process)) {
      this.#seen(process, tsMs);
      return;
    }
    if (process === undefined && this.#table.full) {
      this.#table.leftOut++;
      return;
    }
    const statFile = process?.statFile ?? { pid, kept: null };
    let outcome = this.#reader.stat(statFile, this.#stat);
    const replaced = outcome === "read" && process?.startTicks !== this.#stat.startTicks;
    if (process !== undefined && (outcome === "gone" || replaced)) {
      this.#exit(process, tsMs);
      process = undefined;
      // The pid is listed, so another process has it by now.
      outcome = this.#reader.stat(statFile, this.#stat);
    }
    if (outcome === "unreadable") this.#unreadable++;
    if (outcome === "read") process = this.#take(process, statFile, tsMs);
    if (process !== undefined) this.#seen(process, tsMs);
    else this.#reader.release(statFile);
  }

  /** Threads of the kernel hardly change: between their slow turns they only count. */
  #restsThisTurn(process: TrackedProcess): boolean {
    return process.kernelThread && !this.#options.kernelThreads && !this.#isSlowTurn(process);
  }

  #take(known: TrackedProcess | undefined, statFile: StatFile, tsMs: number): TrackedProcess {
    const stat = this.#stat;
    const nowMs = this.#options.clock.monotonicMs();
    if (known === undefined) {
      const name = this.#nameInBuffer();
      const early = this.#turn === 1;
      const process = beginProcess(stat, name, statFile, this.#units, tsMs, nowMs, early);
      // What nobody gets to see needs no names.
      process.identified = process.kernelThread && !this.#options.kernelThreads;
      this.#takeRare(process);
      this.#created.saw(stat.threads);
      this.#table.add(process);
      this.#regroup = true;
      return process;
    }
    this.#created.saw(stat.threads - known.threads);
    updateProcess(known, stat, this.#units, nowMs);
    if (stat.ppid !== known.ppid) {
      known.ppid = stat.ppid;
      this.#regroup = true;
    }
    if (known.state === "defunct" && known.waitStatus === null) this.#takeRare(known);
    if (stat.nameHash !== known.nameHash && !known.kernelThread) {
      // It runs another program now, or has given itself a name.
      known.nameHash = stat.nameHash;
      known.name = this.#nameInBuffer();
      known.identified = false;
      known.recheck = true;
      this.#regroup = true;
    }
    return known;
  }

  #seen(process: TrackedProcess, tsMs: number): void {
    process.turn = this.#turn;
    process.sights++;
    process.lastSeenMs = tsMs;
    this.#stateCounts.set(process.state, (this.#stateCounts.get(process.state) ?? 0) + 1);
  }

  /** Takes over the fields of `stat` that are wanted only now and then. */
  #takeRare(process: TrackedProcess): void {
    const { startStack, waitStatus } = parseRareFields(
      this.#reader.buffer,
      this.#reader.length,
      this.#stat,
    );
    process.startStack = startStack ?? 0;
    if (process.state === "defunct") process.waitStatus = waitStatus;
  }

  #exit(process: TrackedProcess, tsMs: number): void {
    this.#options.lifecycle?.gone(process, tsMs);
    this.#reader.release(process.statFile);
    endSeries(process);
    this.#table.exit(process, tsMs);
    this.#regroup = true;
  }

  #assignServices(tsMs: number): void {
    this.#regroup = false;
    for (const process of this.#table.running()) {
      if (process.identified) continue;
      // Those for whom there is no room have theirs in the next turn.
      if (!this.#identify(process, tsMs)) this.#regroup = true;
    }
    const { groups } = this.#options;
    for (const process of this.#table.regroup(groups, this.#pidFiles.pids)) endSeries(process);
  }

  #identify(process: TrackedProcess, tsMs: number): boolean {
    // Of one that ends the files are empty: what it was is known from before, or not at all.
    if (process.exiting && process.sights > 1) return process.identified = true;
    const before = executableName(process);
    const rowBefore = process.announced ? processRow(process, null) : null;
    const stackBefore = process.startStack;
    const done = this.#inspector.identify(process);
    if (executableName(process) !== before) endSeries(process);
    if (done && rowBefore !== null && this.#hasExeced(process, rowBefore, stackBefore)) {
      this.#options.lifecycle?.execed(process, rowBefore, tsMs);
    }
    return done;
  }

  /** A program may give itself another name and other arguments: that alone is no exec. */
  #hasExeced(process: TrackedProcess, before: ProcessRow, stackBefore: number): boolean {
    if (process.executable !== before.executable && process.executable !== null) return true;
    if (this.#reader.stat(process.statFile, this.#stat) !== "read") return false;
    this.#takeRare(process);
    // Small numbers stand for "not shown".
    return stackBefore > 1 && process.startStack > 1 && process.startStack !== stackBefore;
  }

  #threadsOf(uid: number | null): number | null {
    if (uid === null) return null;
    if (this.#userThreads === null) {
      const threads = new Map<number, number>();
      for (const one of this.#table.running()) {
        if (one.uid !== null) threads.set(one.uid, (threads.get(one.uid) ?? 0) + one.threads);
      }
      this.#userThreads = threads;
    }
    return this.#userThreads.get(uid) ?? null;
  }

  #record(process: TrackedProcess, { tsMs, tsUs }: Tick): void {
    if (process.kernelThread && !this.#options.kernelThreads) return;
    const slow = this.#isSlowTurn(process);
    if (process.service !== null) this.#grouped++;
    if (slow && process.identified && this.#mayBeAnother(process)) {
      process.recheck = !this.#identify(process, tsMs);
      this.#regroup = true;
    }
    if (!process.announced && process.identified) {
      this.#options.lifecycle?.appeared(process);
    }
    const measured = this.#isMeasured(process);
    const starts = measured && process.series === null;
    if (slow || starts) this.#inspector.lookSlowly(process, this.#turn, this.#slowTurns, tsMs);
    if (!measured) return;
    const { kernel, sink } = this.#options;
    const { pid, service } = process;
    process.series ??= new ProcessSeries(sink, pid, executableName(process), service);
    if (slow) process.series.retryRefused();
    recordFast(process, process.series, tsUs, kernel.clockTicksPerSecond, this.#logicalCpus);
    if (slow || starts) recordSlow(process, process.series, tsUs);
  }

  /** Once after it became what it is, and whenever its program is another one than before. */
  #mayBeAnother(process: TrackedProcess): boolean {
    if (process.exiting) return false;
    if (process.recheck) return true;
    const executable = this.#reader.executable(process.pid);
    // None where there was one: it has begun to end since `stat` was read.
    return executable !== null && executable !== process.executable;
  }

  #isMeasured(process: TrackedProcess): boolean {
    if (!process.identified) return false;
    if (process.service !== null) return true;
    return this.#options.include === "all" && process.sights >= this.#options.minSights;
  }

  #isSlowTurn({ pid, service }: TrackedProcess): boolean {
    const turns = service === null ? this.#slowTurns : this.#groupedSlowTurns;
    return (this.#turn + pid) % turns === 0;
  }

  #nameInBuffer(): string {
    const { nameStart, nameEnd } = this.#stat;
    return this.#decoder.decode(this.#reader.buffer.subarray(nameStart, nameEnd));
  }
}

/** Its series end here: under other labels it will have new ones. */
function endSeries(process: TrackedProcess): void {
  process.series?.end();
  process.series = null;
}

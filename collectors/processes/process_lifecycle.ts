import type { HorizonEvent } from "../../mod/events/event.ts";
import {
  type Death,
  type DeathEvidence,
  type ExitSource,
  explainDeath,
  isCrash,
  NO_EVIDENCE,
} from "../../mod/processes/death.ts";
import type { LastSight } from "../../mod/processes/last_sight.ts";
import type { ProcessDeath } from "../../mod/processes/process_death.ts";
import {
  execEvent,
  exitEvent,
  foundEvent,
  loopEndEvent,
  restartEvents,
  startEvent,
  stuckEvent,
  unstuckEvent,
  zombieEvent,
} from "../../mod/processes/process_events.ts";
import { START_TIME_TOLERANCE_MS } from "../../mod/processes/process_identity.ts";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import type { ReportedExits, UnclaimedExit } from "../../mod/processes/reported_exits.ts";
import { type RestartPolicy, RestartTracker } from "../../mod/processes/restart_tracker.ts";
import { type ExitStatus, parseWaitStatus } from "../../mod/processes/wait_status.ts";
import type { KernelLog } from "./kernel_log.ts";
import type { OomCounts } from "./oom_counts.ts";
import { redactArguments } from "./redact_arguments.ts";
import { programName } from "./process_files.ts";
import { processRow, type TrackedProcess } from "./tracked_process.ts";
import { type UnitJournal, unitOf } from "./unit_journal.ts";

/** Whose starts and ends are kept: of all processes, of those of groups, of none. */
export type HistorySelection = "all" | "matched" | "none";

export interface LifecycleOptions {
  readonly write: (event: HorizonEvent) => void;
  readonly history: HistorySelection;
  /** When Horizon began, milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** Services whose processes are watched: one that is gone without a word has crashed. */
  readonly watched: ReadonlySet<string>;
  readonly restarts: RestartPolicy;
  /** What waits in the kernel for so long is stuck, milliseconds. */
  readonly stuckAfterMs: number;
  readonly kernelLog: KernelLog;
  readonly journal: UnitJournal;
  readonly oomCounts: OomCounts;
  /** What those who wait for their children tell. */
  readonly reported: ReportedExits;
  readonly onDeath: (death: ProcessDeath) => unknown;
  /** What a process waits in, `/proc/<pid>/wchan`; null when it may not be read. */
  readonly waitsIn: (pid: number) => string | null;
  /** Whether exit statuses of this user's processes are shown to us. */
  readonly seesStatusOf: (uid: number | null) => boolean;
}

/** Events of one turn about processes that belong to no group; more are left out, and counted. */
const MAX_UNGROUPED_A_TURN = 512;
/** As many as exits are remembered. */
const MAX_TOLD_STARTS = 1_024;
/** As the kernel has them: `comm`. */
const MAX_NAME_CHARACTERS = 15;
/** How long a zombie is a matter of time, milliseconds. */
const ZOMBIE_AFTER_MS = 10_000;
/** The journal is asked for what was written so long before a process was missed, milliseconds. */
const JOURNAL_MARGIN_MS = 10_000;

/** Processes that are there, by pid. */
export interface RunningProcesses {
  get(pid: number): TrackedProcess | undefined;
}

/** Notices what happens to processes, and tells it as events. Deaths are told with their cause. */
export class ProcessLifecycle {
  readonly #options: LifecycleOptions;
  readonly #restarts: RestartTracker;
  /** Of programs that were restarted: the last process of each, for the end of its loop. */
  readonly #restarted = new Map<string, ProcessRow>();
  /**
   * Processes that looked like their living parent at first, with the pid of that parent. Most are on their way
   * from fork to exec; those that stay so are workers. Bounded by the table of processes, as is the next.
   */
  readonly #copies = new Map<TrackedProcess, number>();
  /** Copies that were not looked at again: whether their start is a restart is still open. */
  readonly #fresh = new Set<TrackedProcess>();
  #running: RunningProcesses = new Map();
  readonly #asking = new Set<Promise<void>>();
  /** Bounded by the table of processes. */
  readonly #dying: TrackedProcess[] = [];
  /**
   * Deaths of which nothing says anything: they wait for one turn, in case they were missed before
   * their parent could tell. Bounded by the table of processes.
   */
  readonly #unexplained: {
    readonly process: TrackedProcess;
    readonly evidence: DeathEvidence;
    readonly finish: (found: DeathEvidence) => void;
  }[] = [];
  #lastTurnMs = -Infinity;
  /** Start times of processes whose end was told, by pid; of the last ones. */
  readonly #toldStarts = new Map<number, number>();
  #ungrouped = 0;
  #leftOut = 0;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#restarts = new RestartTracker(options.restarts);
  }

  /** Events about processes of no group that were left out because there were too many in a turn. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Sources of evidence that cannot be used, and why; and what was left out so far. */
  get unavailable(): readonly string[] {
    const { kernelLog, journal } = this.#options;
    const notes = [kernelLog.problem, journal.problem].filter((problem) => problem !== null);
    if (this.#leftOut > 0) {
      notes.push(
        `${this.#leftOut} events about processes of no group: at most ${MAX_UNGROUPED_A_TURN} a look`,
      );
    }
    if (kernelLog.lostRecords > 0) {
      notes.push(`kernel log: overwritten ${kernelLog.lostRecords} times before it was read`);
    }
    if (journal.leftOut > 0) {
      notes.push(`journal: not asked about ${journal.leftOut} ends, too many were at once`);
    }
    return notes;
  }

  beginTurn(tsMs: number, running: RunningProcesses): void {
    this.#running = running;
    this.#ungrouped = 0;
    this.#options.kernelLog.poll();
    for (const key of this.#restarts.recovered(tsMs)) {
      const row = this.#restarted.get(key);
      this.#restarted.delete(key);
      if (row !== undefined) this.#write(loopEndEvent(row, tsMs));
    }
  }

  /** A process that is told of for the first time. */
  appeared(process: TrackedProcess): void {
    process.announced = true;
    this.#options.oomCounts.watch(process.cgroup);
    const row = processRow(process, null);
    const copied = this.#looksLikeItsParent(process, row);
    if (process.early) {
      // A zombie from before: its end was told then, or will be as one that was missed.
      if (isDead(process)) process.diedAtMs = process.firstSeenMs;
      else if (process.service !== null) this.#write(foundEvent(row));
      if (copied && process.diedAtMs === null) this.#copies.set(process, process.ppid);
      return;
    }
    this.#write(startEvent(row));
    if (copied) {
      this.#copies.set(process, process.ppid);
      this.#fresh.add(process);
    } else this.#started(process, process.firstSeenMs);
  }

  /** It runs another program under the same identity: that one is what has started. */
  execed(process: TrackedProcess, before: ProcessRow, tsMs: number): void {
    if (!process.announced) return;
    const row = processRow(process, null);
    this.#write(execEvent(row, before, tsMs));
    this.#copies.delete(process);
    this.#fresh.delete(process);
    if (restartKey(row) !== restartKey(before)) this.#started(process, tsMs);
  }

  /** To be called each turn for a process that is there. */
  seen(process: TrackedProcess, tsMs: number): void {
    if (process.early && !process.announced) return;
    // Looked at again it is what it was: a worker, unless its parent has left it behind, as daemons are.
    if (!process.recheck && this.#fresh.delete(process) && this.#isCopy(process)) {
      this.#started(process, tsMs);
    }
    if (process.state === "defunct") this.#seenDefunct(process, tsMs);
    const blocked = process.state === "blocked";
    if (!blocked && process.blockedSinceMs === null) return;
    process.blockedSinceMs ??= tsMs;
    const forMs = tsMs - process.blockedSinceMs;
    if (blocked && !process.stuck && forMs >= this.#options.stuckAfterMs) {
      process.stuck = true;
      const waitsIn = this.#options.waitsIn(process.pid);
      this.#write(stuckEvent(processRow(process, null), tsMs, forMs, waitsIn));
    }
    if (blocked) return;
    if (process.stuck) this.#write(unstuckEvent(processRow(process, null), tsMs, forMs));
    process.blockedSinceMs = null;
    process.stuck = false;
  }

  /** It is not there any more. */
  gone(process: TrackedProcess, tsMs: number): void {
    if (process.kernelThread || process.diedAtMs !== null) return;
    this.#die(process, tsMs);
  }

  /**
   * Finds out about those that have died since the last call. Together, so that what is known for
   * certain about one is not taken for what happened to another.
   */
  settleDeaths(tsMs: number): void {
    this.#settleUnexplained();
    const dead = this.#dying.splice(0).map((process) => ({
      process,
      oomLine: this.#options.kernelLog.take(process.pid, "oom"),
    }));
    for (const { process, oomLine } of dead) {
      if (oomLine !== null) this.#options.oomCounts.account(process.cgroup);
    }
    for (const { process, oomLine } of dead) this.#died(process, oomLine, tsMs);
    // What ended before the last look and was not missed by it, or by this one, was never seen.
    for (const exit of this.#options.reported.takeUnclaimed(this.#lastTurnMs)) {
      if (!this.#mayHaveBeenSeen(exit)) this.#cameAndWent(exit);
    }
    this.#lastTurnMs = tsMs;
  }

  /** It began before Horizon did, or its end was told when it was a zombie, before its parent could. */
  #mayHaveBeenSeen({ pid, process: { startTimeMs } }: UnclaimedExit): boolean {
    if (startTimeMs < this.#options.sinceMs) return true;
    const told = this.#toldStarts.get(pid);
    return told !== undefined && Math.abs(told - startTimeMs) <= START_TIME_TOLERANCE_MS;
  }

  #noteTold({ pid, startTimeMs }: TrackedProcess): void {
    this.#toldStarts.delete(pid);
    this.#toldStarts.set(pid, startTimeMs);
    if (this.#toldStarts.size <= MAX_TOLD_STARTS) return;
    const oldest = this.#toldStarts.keys().next();
    if (!oldest.done) this.#toldStarts.delete(oldest.value);
  }

  /** A process that was over between two looks: all that is known of it is what its parent tells. */
  #cameAndWent(exit: UnclaimedExit): void {
    const { kernelLog, onDeath } = this.#options;
    const row = reportedRow(exit);
    const death = explainDeath({
      ...NO_EVIDENCE,
      exit: { status: exit.status, source: "reported" },
      oomLine: kernelLog.take(exit.pid, "oom"),
      faultLine: kernelLog.take(exit.pid, "fault"),
    });
    this.#write(startEvent(row));
    this.#startedAs(restartKey(row), row, row.startTimeMs);
    this.#write(exitEvent(row, death, exit.atMs));
    if (isCrash(death, false)) {
      this.#restarts.exited(restartKey(row), exit.atMs, exit.atMs - row.startTimeMs);
    }
    onDeath({ process: row, death, watched: false, expected: false, lastSight: null });
  }

  /** Waits for what is still being asked about those that died; what nothing explains yet is told. */
  async settled(): Promise<void> {
    this.#settleUnexplained();
    await Promise.all(this.#asking);
  }

  close(): void {
    this.#options.kernelLog.close();
  }

  /** A parent that tells how its child ended, or a line of the kernel, may have come since. */
  #settleUnexplained(): void {
    const { kernelLog, reported } = this.#options;
    for (const { process, evidence, finish } of this.#unexplained.splice(0)) {
      const { pid, startTimeMs } = process;
      const status = reported.take(pid, startTimeMs)?.status ?? null;
      finish({
        ...evidence,
        exit: status === null ? null : { status, source: "reported" },
        oomLine: kernelLog.take(pid, "oom"),
        faultLine: kernelLog.take(pid, "fault"),
      });
    }
  }

  #seenDefunct(process: TrackedProcess, tsMs: number): void {
    if (!isDead(process)) return;
    if (process.diedAtMs === null) {
      this.#die(process, tsMs);
      return;
    }
    if (process.zombieTold || tsMs - process.diedAtMs < ZOMBIE_AFTER_MS) return;
    process.zombieTold = true;
    this.#write(zombieEvent(processRow(process, null), tsMs));
  }

  #die(process: TrackedProcess, tsMs: number): void {
    process.diedAtMs = tsMs;
    this.#dying.push(process);
  }

  #died(process: TrackedProcess, oomLine: string | null, tsMs: number): void {
    if (!process.announced) this.appeared(process);
    this.#noteTold(process);
    const { oomCounts, watched, journal } = this.#options;
    const evidence = this.#evidenceOf(process, oomLine);
    if (oomLine === null && explainDeath(evidence).cause === "oom_killed") {
      oomCounts.account(process.cgroup);
    }
    const row = processRow(process, tsMs);
    const lastSight = shownSight(process.lastSight);
    const expected = isNamedByGroup(process);
    const isWatched = process.service !== null && watched.has(process.service);
    const finish = (found: DeathEvidence): void => {
      const death = explainDeath(found);
      this.#write(exitEvent(row, death, tsMs));
      this.#options.onDeath({ process: row, death, watched: isWatched, expected, lastSight });
    };
    this.#ended(process, explainDeath(evidence), tsMs);
    const unit = unitOf(process.cgroup);
    const wanted = evidence.exit === null && evidence.oomLine === null;
    if (unit === null && saysNothing(evidence)) {
      this.#unexplained.push({ process, evidence, finish });
      return;
    }
    if (unit === null || !wanted) return finish(evidence);
    const asking = journal.ask(unit, process.lastSeenMs - JOURNAL_MARGIN_MS).then((end) => {
      if (end === null) return finish(evidence);
      const { status, result } = end;
      const exit = status === null ? null : { status, source: "journal" } as const;
      finish({ ...evidence, exit, unit, unitResult: result });
    }).finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
  }

  /** Its start is a restart if the same has ended shortly before. */
  #started(process: TrackedProcess, tsMs: number): void {
    const row = processRow(process, null);
    this.#startedAs(this.#isCopy(process) ? workerKey(row) : restartKey(row), row, tsMs);
  }

  #startedAs(key: string, row: ProcessRow, tsMs: number): void {
    const restart = this.#restarts.started(key, tsMs);
    if (restart === null) return;
    if (restart.inARow >= this.#options.restarts.loopCount) this.#restarted.set(key, row);
    for (const event of restartEvents(row, restart, tsMs)) this.#write(event);
  }

  /** Its end may be followed by a restart. */
  #ended(process: TrackedProcess, death: Death, tsMs: number): void {
    if (this.#isExpectedBack(process, death)) {
      const row = processRow(process, tsMs);
      const key = this.#isCopy(process) ? workerKey(row) : restartKey(row);
      if (this.#fresh.has(process)) this.#started(process, process.firstSeenMs);
      this.#restarts.exited(key, tsMs, tsMs - process.startTimeMs);
    }
    this.#copies.delete(process);
    this.#fresh.delete(process);
  }

  /**
   * What a group names is expected to run, so any end of it may be followed by a restart. Others (their
   * children, workers, and what belongs to no group) come and go: of these only those that died. A copy that
   * fails before it was looked at again may be a part of its parent, or a program that could not be run.
   */
  #isExpectedBack(process: TrackedProcess, death: Death): boolean {
    if (this.#fresh.has(process)) return isFault(death);
    if (!this.#isCopy(process) && isNamedByGroup(process)) return true;
    return isCrash(death, false);
  }

  #looksLikeItsParent(process: TrackedProcess, row: ProcessRow): boolean {
    const parent = this.#running.get(process.ppid);
    if (parent === undefined || parent === process || !parent.identified) return false;
    return parent.diedAtMs === null && restartKey(processRow(parent, null)) === restartKey(row);
  }

  /** No more once its parent has gone: what it leaves behind is the program itself. */
  #isCopy(process: TrackedProcess): boolean {
    return this.#copies.get(process) === process.ppid;
  }

  #evidenceOf(process: TrackedProcess, oomLine: string | null): DeathEvidence {
    const { kernelLog, oomCounts, reported } = this.#options;
    const { pid, cgroup } = process;
    return {
      exit: this.#exitOf(process, reported.take(pid, process.startTimeMs)?.status ?? null),
      oomLine,
      faultLine: kernelLog.take(pid, "fault"),
      cgroupOomKills: oomCounts.kills(cgroup),
      cgroup,
      unit: null,
      unitResult: null,
      limits: process.lastSight?.limitShares ?? {},
    };
  }

  #exitOf(
    process: TrackedProcess,
    reported: ExitStatus | null,
  ): { status: ExitStatus; source: ExitSource } | null {
    if (reported !== null) return { status: reported, source: "reported" };
    const { waitStatus } = process;
    if (waitStatus === null) return null;
    // Where it may not be seen the kernel writes 0.
    if (waitStatus === 0 && !this.#options.seesStatusOf(process.uid)) return null;
    const status = parseWaitStatus(waitStatus);
    return status === null ? null : { status, source: "zombie" };
  }

  #write(event: HorizonEvent): void {
    const { history, write } = this.#options;
    if (event.service === null) {
      if (history !== "all") return;
      if (++this.#ungrouped > MAX_UNGROUPED_A_TURN) {
        this.#leftOut++;
        return;
      }
    }
    if (history !== "none") write(event);
  }
}

function saysNothing({ exit, oomLine, faultLine, cgroupOomKills }: DeathEvidence): boolean {
  return exit === null && oomLine === null && faultLine === null && cgroupOomKills === 0;
}

function reportedRow({ pid, atMs, process }: UnclaimedExit): ProcessRow {
  const { ppid, startTimeMs, args, service } = process;
  const program = args[0] ?? "";
  return {
    pid,
    ppid,
    startTimeMs,
    name: programName(program).slice(0, MAX_NAME_CHARACTERS),
    executable: program.startsWith("/") ? program : null,
    commandLine: redactArguments(args),
    user: null,
    state: "unknown",
    service,
    cgroup: null,
    containerId: null,
    cpuRatio: null,
    rssBytes: null,
    virtualBytes: null,
    pssBytes: null,
    threads: null,
    openFds: null,
    fdLimit: null,
    readBytesPerSecond: null,
    writeBytesPerSecond: null,
    firstSeenMs: startTimeMs,
    lastSeenMs: atMs,
    exitedAtMs: atMs,
  };
}

/** What comes back under the same name, and with the same words, is the same program. */
function restartKey({ service, executable, name, commandLine }: ProcessRow): string {
  const program = executable === null ? name : programName(executable);
  return [service ?? "", program, commandLine ?? ""].join("\0");
}

/** Of the workers of a program, which look like it and are started by it: they are restarted on their own. */
function workerKey(row: ProcessRow): string {
  return `${restartKey(row)}\0worker`;
}

/** No program means to end so. */
function isFault({ cause }: Death): boolean {
  return cause === "crashed" || cause === "oom_killed" || cause === "limit_exceeded";
}

function isNamedByGroup({ assignment }: TrackedProcess): boolean {
  return assignment !== null && !assignment.adopted;
}

function shownSight(sight: LastSight | null): LastSight | null {
  return sight === null ? null : { ...sight, openFiles: shownOpenFiles(sight) };
}

/** What may be shown of them: names of files may hold secrets as arguments do. */
export function shownOpenFiles({ openFiles }: LastSight): Record<string, string> {
  const shown = Object.entries(openFiles)
    .map(([number, file]) => [number, redactArguments([file])] as const);
  return Object.fromEntries(shown);
}

/** Its first thread may end before the others: then it shows as a zombie and is none. */
function isDead({ state, threads }: TrackedProcess): boolean {
  return state === "defunct" && threads <= 1;
}

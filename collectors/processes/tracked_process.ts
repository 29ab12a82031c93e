import { containerIdOf } from "../../mod/processes/container_id.ts";
import type { LastSight, ResourceLimit } from "../../mod/processes/last_sight.ts";
import type { ProcessRow, ProcessState } from "../../mod/processes/process_row.ts";
import type { GroupAssignment } from "./grouping.ts";
import { type ProcessIo, programName } from "./process_files.ts";
import type { ProcessSeries } from "./process_metrics.ts";
import type { StatFile } from "./process_reader.ts";
import { isExiting, isKernelThread, type ProcessStat, processState } from "./process_stat.ts";

/** What is known of a process that runs. Its identity never changes; all else may. */
export interface TrackedProcess {
  readonly pid: number;
  readonly startTicks: number;
  readonly startTimeMs: number;
  readonly kernelThread: boolean;
  readonly statFile: StatFile;
  readonly firstSeenMs: number;
  lastSeenMs: number;
  /** Number of the turn that saw it last. */
  turn: number;
  /** Turns that saw it. */
  sights: number;

  ppid: number;
  state: ProcessState;
  /** What its files say from now on is what is left of it. */
  exiting: boolean;
  nameHash: number;
  name: string;
  /** Whether the files below were read since it became what it is. */
  identified: boolean;
  /** It may still be about to give itself another title: look once more. */
  recheck: boolean;
  executable: string | null;
  commandLine: string | null;
  user: string | null;
  cgroup: string | null;
  /** Number of the effective user. */
  uid: number | null;

  /** It ran already at the first look of all. */
  readonly early: boolean;
  /** Whether its start was told. */
  announced: boolean;
  /** When it was found to have ended, also while its parent has not asked for its status. */
  diedAtMs: number | null;
  /** As its parent will be told; null while it lives. 0 where we may not see it. */
  waitStatus: number | null;
  zombieTold: boolean;
  /** Since when it has been waiting in the kernel at every look. */
  blockedSinceMs: number | null;
  /** Whether it was told that it waits. */
  stuck: boolean;
  /** Where the kernel put its stack, which changes when it runs another program. 0: not shown. */
  startStack: number;

  /** Groups whose conditions on the process alone hold. */
  possible: readonly number[];
  assignment: GroupAssignment | null;
  service: string | null;
  series: ProcessSeries | null;

  userTicks: number;
  systemTicks: number;
  /** Monotonic milliseconds of the look that found these ticks. */
  ticksAtMs: number;
  cpuRatio: number | null;
  rssBytes: number;
  virtualBytes: number;
  threads: number;
  minorFaults: number;
  majorFaults: number;

  openFds: number | null;
  fdLimit: number | null;
  limits: Readonly<Record<string, ResourceLimit>>;
  limitShares: Readonly<Record<string, number>>;
  /** Of processes of groups only. */
  lastSight: LastSight | null;
  io: ProcessIo | null;
  ioAtMs: number;
  readBytesPerSecond: number | null;
  writeBytesPerSecond: number | null;
  pssBytes: number | null;
  /** The turn before which proportional memory is not looked at again. */
  nextPssTurn: number;
  voluntarySwitches: number | null;
  involuntarySwitches: number | null;
}

/** What turns the kernel's counts into times and bytes. */
export interface ProcessUnits {
  readonly clockTicksPerSecond: number;
  readonly pageSizeBytes: number;
  /** Milliseconds since the Unix epoch. */
  readonly bootTimeMs: number;
}

/** A process at its first sight; `nowMs` is monotonic. */
export function beginProcess(
  stat: ProcessStat,
  name: string,
  statFile: StatFile,
  units: ProcessUnits,
  tsMs: number,
  nowMs: number,
  early = false,
): TrackedProcess {
  const { clockTicksPerSecond, pageSizeBytes, bootTimeMs } = units;
  return {
    pid: statFile.pid,
    startTicks: stat.startTicks,
    startTimeMs: Math.round(bootTimeMs + stat.startTicks / clockTicksPerSecond * 1000),
    kernelThread: isKernelThread(stat),
    statFile,
    firstSeenMs: tsMs,
    lastSeenMs: tsMs,
    turn: 0,
    sights: 0,
    ppid: stat.ppid,
    state: processState(stat.stateCode),
    exiting: isExiting(stat),
    nameHash: stat.nameHash,
    name,
    identified: false,
    recheck: true,
    executable: null,
    commandLine: null,
    user: null,
    cgroup: null,
    uid: null,
    early,
    announced: false,
    diedAtMs: null,
    waitStatus: null,
    zombieTold: false,
    blockedSinceMs: null,
    stuck: false,
    startStack: 0,
    possible: [],
    assignment: null,
    service: null,
    series: null,
    userTicks: stat.userTicks,
    systemTicks: stat.systemTicks,
    ticksAtMs: nowMs,
    cpuRatio: null,
    rssBytes: stat.residentPages * pageSizeBytes,
    virtualBytes: stat.virtualBytes,
    threads: stat.threads,
    minorFaults: stat.minorFaults,
    majorFaults: stat.majorFaults,
    openFds: null,
    fdLimit: null,
    limits: {},
    limitShares: {},
    lastSight: null,
    io: null,
    ioAtMs: 0,
    readBytesPerSecond: null,
    writeBytesPerSecond: null,
    pssBytes: null,
    nextPssTurn: 0,
    voluntarySwitches: null,
    involuntarySwitches: null,
  };
}

/** Takes over what a later look found; `nowMs` is monotonic. */
export function updateProcess(
  process: TrackedProcess,
  stat: ProcessStat,
  units: ProcessUnits,
  nowMs: number,
): void {
  const ticks = stat.userTicks + stat.systemTicks - process.userTicks - process.systemTicks;
  const passedMs = nowMs - process.ticksAtMs;
  if (passedMs > 0) {
    process.cpuRatio = Math.max(0, ticks) / units.clockTicksPerSecond / passedMs * 1000;
  }
  process.userTicks = stat.userTicks;
  process.systemTicks = stat.systemTicks;
  process.ticksAtMs = nowMs;
  process.state = processState(stat.stateCode);
  process.exiting = isExiting(stat);
  process.rssBytes = stat.residentPages * units.pageSizeBytes;
  process.virtualBytes = stat.virtualBytes;
  process.threads = stat.threads;
  process.minorFaults = stat.minorFaults;
  process.majorFaults = stat.majorFaults;
}

/** The name that the labels of its series bear: of its program, else the kernel's. */
export function executableName({ executable, name }: TrackedProcess): string {
  return executable === null ? name : programName(executable);
}

/** A process as others see it. */
export function processRow(process: TrackedProcess, exitedAtMs: number | null): ProcessRow {
  const { kernelThread } = process;
  return {
    pid: process.pid,
    ppid: process.ppid,
    startTimeMs: process.startTimeMs,
    name: process.name,
    executable: process.executable,
    commandLine: process.commandLine,
    user: process.user,
    state: process.state,
    service: process.service,
    cgroup: process.cgroup,
    containerId: containerIdOf(process.cgroup),
    cpuRatio: process.cpuRatio,
    rssBytes: kernelThread ? null : process.rssBytes,
    virtualBytes: kernelThread ? null : process.virtualBytes,
    pssBytes: process.pssBytes,
    threads: process.threads,
    openFds: process.openFds,
    fdLimit: process.fdLimit,
    readBytesPerSecond: process.readBytesPerSecond,
    writeBytesPerSecond: process.writeBytesPerSecond,
    firstSeenMs: process.firstSeenMs,
    lastSeenMs: process.lastSeenMs,
    exitedAtMs,
  };
}

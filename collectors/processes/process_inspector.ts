import { possibleGroups, type ProcessGroup } from "./grouping.ts";
import { parseArguments, parseCgroup, parseIo, parsePss, parseStatus } from "./process_files.ts";
import type { ProcessReader } from "./process_reader.ts";
import { limitShares, parseLimits } from "./resource_limits.ts";
import { MAX_COMMAND_LINE_CHARS, redactArguments } from "./redact_arguments.ts";
import type { TrackedProcess } from "./tracked_process.ts";
import type { UserNames } from "./user_names.ts";

export interface ProcessInspectorOptions {
  readonly reader: ProcessReader;
  readonly users: UserNames;
  readonly groups: readonly ProcessGroup[];
  /** Whose proportional memory is measured. */
  readonly pss: "off" | "matched" | "all";
  readonly monotonicMs: () => number;
  /** Threads of all processes of a user. */
  readonly threadsOf: (uid: number | null) => number | null;
}

/** New processes whose files are read in one turn; the others have theirs read in the next ones. */
const MAX_IDENTIFIED_PER_TURN = 256;
/** Proportional memory is measured every so many slow looks. */
const PSS_SLOW_LOOKS = 6;
/** Time a turn may spend on proportional memory, milliseconds. */
const PSS_BUDGET_MS = 10;
/** A process that takes longer is asked proportionally less often. */
const PSS_CHEAP_MS = 2;

/** Time a turn may spend on what the descriptors of grouped processes are, milliseconds. */
const OPEN_FILES_BUDGET_MS = 5;
/** Descriptors that are named of one process. */
const MAX_OPEN_FILES = 64;

/** Reads the files of processes that cost more than `stat`, within the bounds of a turn. */
export class ProcessInspector {
  readonly #options: ProcessInspectorOptions;
  #identified = 0;
  #pssSpentMs = 0;
  #openFilesSpentMs = 0;

  constructor(options: ProcessInspectorOptions) {
    this.#options = options;
  }

  beginTurn(): void {
    this.#identified = 0;
    this.#pssSpentMs = 0;
    this.#openFilesSpentMs = 0;
  }

  /** Reads what says what the process is. False when this turn has no room for it any more. */
  identify(process: TrackedProcess): boolean {
    if (this.#identified >= MAX_IDENTIFIED_PER_TURN) return false;
    this.#identified++;
    const { reader, groups } = this.#options;
    const { pid } = process;
    process.identified = true;
    process.executable = process.kernelThread ? null : reader.executable(pid);
    process.cgroup = parseCgroup(reader.text(pid, "cgroup") ?? "");
    this.#lookAtLimits(process);
    this.#lookAtStatus(process);
    const args = this.#arguments(process);
    if (args !== null) process.commandLine = redactArguments(args);
    process.possible = possibleGroups(groups, {
      name: process.name,
      executable: process.executable,
      commandLine: (args ?? []).join(" ").slice(0, MAX_COMMAND_LINE_CHARS),
      cgroup: process.cgroup,
    });
    return true;
  }

  /** Reads what changes while it runs. */
  lookSlowly(process: TrackedProcess, turn: number, slowTurns: number, tsMs: number): void {
    // Of one that ends there is nothing to read any more: what was seen last stays.
    if (process.exiting || process.diedAtMs !== null) return;
    this.#lookAtStatus(process);
    process.openFds = this.#options.reader.openFds(process.pid);
    this.#lookAtIo(process);
    if (process.service !== null) this.#rememberSight(process, tsMs);
    if (this.#wantsPss(process, turn)) this.#lookAtPss(process, turn, slowTurns);
  }

  #arguments(process: TrackedProcess): string[] | null {
    // Reading arguments waits for a lock that a process stuck in the kernel may hold.
    if (process.kernelThread || process.state === "blocked") return null;
    const args = parseArguments(this.#options.reader.text(process.pid, "cmdline") ?? "");
    return args.length === 0 ? null : args;
  }

  #lookAtStatus(process: TrackedProcess): void {
    const { reader, users } = this.#options;
    const status = parseStatus(reader.text(process.pid, "status") ?? "");
    if (status.uid !== null) {
      process.uid = status.uid;
      process.user = users.nameOf(status.uid);
    }
    process.voluntarySwitches = status.voluntarySwitches;
    process.involuntarySwitches = status.involuntarySwitches;
  }

  #lookAtLimits(process: TrackedProcess): void {
    process.limits = parseLimits(this.#options.reader.text(process.pid, "limits") ?? "");
    process.fdLimit = process.limits["open_files"]?.soft ?? null;
  }

  #rememberSight(process: TrackedProcess, tsMs: number): void {
    const { reader, threadsOf, monotonicMs } = this.#options;
    let openFiles = process.lastSight?.openFiles ?? {};
    if (this.#openFilesSpentMs < OPEN_FILES_BUDGET_MS) {
      const startMs = monotonicMs();
      const found = reader.openFiles(process.pid, MAX_OPEN_FILES);
      this.#openFilesSpentMs += monotonicMs() - startMs;
      // No files where there were some: it has begun to end since `stat` was read.
      if (isEmpty(found) && !isEmpty(openFiles)) return;
      openFiles = found;
    }
    this.#lookAtLimits(process);
    process.limitShares = limitShares(process.limits, {
      openFds: process.openFds,
      virtualBytes: process.virtualBytes,
      userThreads: threadsOf(process.uid),
    });
    process.lastSight = {
      tsMs,
      limits: process.limits,
      limitShares: process.limitShares,
      openFiles,
      moreOpenFiles: (process.openFds ?? 0) > Object.keys(openFiles).length,
    };
  }

  #lookAtIo(process: TrackedProcess): void {
    const { reader, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    const io = parseIo(reader.text(process.pid, "io") ?? "");
    const passedS = (nowMs - process.ioAtMs) / 1000;
    if (io === null || process.io === null || passedS <= 0) {
      process.readBytesPerSecond = process.writeBytesPerSecond = null;
    } else {
      const { readBytes, writeBytes } = process.io;
      process.readBytesPerSecond = Math.max(0, io.readBytes - readBytes) / passedS;
      process.writeBytesPerSecond = Math.max(0, io.writeBytes - writeBytes) / passedS;
    }
    process.io = io;
    process.ioAtMs = nowMs;
  }

  #wantsPss(process: TrackedProcess, turn: number): boolean {
    const { pss } = this.#options;
    if (pss === "off" || (pss === "matched" && process.service === null)) return false;
    // It waits for the same lock as the arguments do.
    return process.state !== "blocked" && !process.kernelThread &&
      turn >= process.nextPssTurn && this.#pssSpentMs < PSS_BUDGET_MS;
  }

  #lookAtPss(process: TrackedProcess, turn: number, slowTurns: number): void {
    const { reader, monotonicMs } = this.#options;
    const startMs = monotonicMs();
    process.pssBytes = parsePss(reader.text(process.pid, "smaps_rollup") ?? "");
    const tookMs = monotonicMs() - startMs;
    this.#pssSpentMs += tookMs;
    const dearness = Math.max(1, Math.ceil(tookMs / PSS_CHEAP_MS));
    process.nextPssTurn = turn + slowTurns * PSS_SLOW_LOOKS * dearness;
  }
}

function isEmpty(files: Record<string, string>): boolean {
  return Object.keys(files).length === 0;
}

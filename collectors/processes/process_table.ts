import type { ProcessRow } from "../../mod/processes/process_row.ts";
import { assignGroups, type ProcessGroup } from "./grouping.ts";
import { processRow, type TrackedProcess } from "./tracked_process.ts";

export interface ProcessTableStats {
  readonly processes: number;
  readonly maxProcesses: number;
  /** Processes that the last turn left out because the table was full. */
  readonly leftOut: number;
  /** Ended processes of which the row was dropped to make room for newer ones. */
  readonly forgottenExits: number;
}

/** The processes that run, and the last that ended. Bounded both ways. */
export class ProcessTable {
  readonly #maxProcesses: number;
  readonly #maxExited: number;
  readonly #running = new Map<number, TrackedProcess>();
  /** Oldest first. */
  #exited: ProcessRow[] = [];
  #forgottenExits = 0;
  /** Processes that the current turn left out because the table is full. */
  leftOut = 0;

  constructor(maxProcesses: number, maxExited: number) {
    this.#maxProcesses = maxProcesses;
    this.#maxExited = maxExited;
  }

  get stats(): ProcessTableStats {
    return {
      processes: this.#running.size,
      maxProcesses: this.#maxProcesses,
      leftOut: this.leftOut,
      forgottenExits: this.#forgottenExits,
    };
  }

  get full(): boolean {
    return this.#running.size >= this.#maxProcesses;
  }

  get size(): number {
    return this.#running.size;
  }

  get(pid: number): TrackedProcess | undefined {
    return this.#running.get(pid);
  }

  running(): Iterable<TrackedProcess> {
    return this.#running.values();
  }

  add(process: TrackedProcess): void {
    this.#running.set(process.pid, process);
  }

  /** Notes that a process has ended; it stays among the rows until others take its place. */
  exit(process: TrackedProcess, atMs: number): void {
    this.#running.delete(process.pid);
    if (process.kernelThread) return;
    this.#exited.push(processRow(process, atMs));
    // Dropped in portions, since the front of a list is not free to take from.
    if (this.#exited.length < this.#maxExited * 1.25) return;
    const excess = this.#exited.length - this.#maxExited;
    this.#exited = this.#exited.slice(excess);
    this.#forgottenExits += excess;
  }

  /** Rows of what runs. */
  rows(kernelThreads: boolean): ProcessRow[] {
    const rows: ProcessRow[] = [];
    for (const process of this.#running.values()) {
      if (kernelThreads || !process.kernelThread) rows.push(processRow(process, null));
    }
    return rows;
  }

  /** Rows of what has ended, oldest first. */
  exitedRows(): ProcessRow[] {
    return [...this.#exited];
  }

  /** Gives every process its service; tells which now belong to another one than before. */
  regroup(
    groups: readonly ProcessGroup[],
    pidOfFile: ReadonlyMap<string, number>,
  ): TrackedProcess[] {
    const changed: TrackedProcess[] = [];
    for (const [pid, assignment] of assignGroups(groups, this.#running, pidOfFile)) {
      const process = this.#running.get(pid);
      if (process === undefined) continue;
      process.assignment = assignment;
      const service = assignment === null ? null : groups[assignment.group]?.service ?? null;
      if (service === process.service) continue;
      process.service = service;
      changed.push(process);
    }
    return changed;
  }
}

import type { ExitStatus } from "./wait_status.ts";

/** Exits that are remembered until the process is missed; past it the oldest are forgotten. */
const MAX_REMEMBERED = 1_024;

/** What a parent knows of its child. */
export interface ReportedProcess {
  readonly ppid: number;
  /** Milliseconds since the Unix epoch. */
  readonly startTimeMs: number;
  readonly args: readonly string[];
  readonly service: string | null;
}

/** An exit that its parent saw. */
export interface ReportedExit {
  readonly pid: number;
  readonly status: ExitStatus;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** What it was; null where the parent does not tell. */
  readonly process: ReportedProcess | null;
}

/** One that nobody has taken, with what the process was. */
export type UnclaimedExit = ReportedExit & { readonly process: ReportedProcess };

/** What parents of processes report here is the best evidence there is of how they ended. */
export class ReportedExits {
  readonly #byPid = new Map<number, ReportedExit>();

  report(exit: ReportedExit): void {
    this.#byPid.delete(exit.pid);
    this.#byPid.set(exit.pid, exit);
    if (this.#byPid.size <= MAX_REMEMBERED) return;
    const oldest = this.#byPid.keys().next();
    if (!oldest.done) this.#byPid.delete(oldest.value);
  }

  /** The exit of a process that started at `startTimeMs`; it is handed out once. */
  take(pid: number, startTimeMs: number): ReportedExit | null {
    const exit = this.#byPid.get(pid);
    if (exit === undefined) return null;
    this.#byPid.delete(pid);
    // Of one that had the pid before: the clock of the start is coarse.
    return exit.atMs < startTimeMs - 2_000 ? null : exit;
  }

  /** Exits before `untilMs` that nobody has taken and of which is told what the process was; each once. */
  takeUnclaimed(untilMs: number): UnclaimedExit[] {
    const unclaimed: UnclaimedExit[] = [];
    for (const exit of this.#byPid.values()) {
      const { process } = exit;
      if (exit.atMs < untilMs && process !== null) unclaimed.push({ ...exit, process });
    }
    for (const { pid } of unclaimed) this.#byPid.delete(pid);
    return unclaimed;
  }
}

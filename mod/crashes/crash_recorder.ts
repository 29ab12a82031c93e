import type { Clock } from "../clock.ts";
import { toHorizonError } from "../errors.ts";
import type { HorizonEvent } from "../events/event.ts";
import type { Logger } from "../log/logger.ts";
import type { QueryFn } from "../ports.ts";
import { isCrash } from "../processes/death.ts";
import type { ProcessDeath } from "../processes/process_death.ts";
import { describeDeath, describeProcess } from "../processes/process_events.ts";
import { processId } from "../processes/process_identity.ts";
import type { ProcessRow } from "../processes/process_row.ts";
import {
  CRASH_TABLES,
  type CrashArchive,
  type CrashBundle,
  type CrashSummary,
  type CrashTable,
  type FrozenTable,
} from "./crash.ts";
import { crashQuery, type CrashScope } from "./crash_queries.ts";
import { gzip } from "./gzip.ts";

export interface CrashRecorderOptions {
  readonly query: QueryFn;
  readonly archive: CrashArchive;
  readonly write: (event: HorizonEvent) => void;
  /** How much of what was before the end is kept, milliseconds. */
  readonly beforeMs: number;
  /** Of one program no further crash is kept for so long, milliseconds. */
  readonly pauseMs: number;
  readonly clock: Clock;
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  readonly log: Logger;
}

export interface CrashRecorderStats {
  readonly recorded: number;
  /** Crashes of a program of which there was one shortly before. */
  readonly skipped: number;
  /** Crashes that came while too many waited. */
  readonly dropped: number;
}

/** The last words of a process may come in after it is missed; milliseconds. */
const SETTLE_MS = 3_000;
/** Crashes that have become too old are looked for so often, milliseconds. */
const EXPIRE_EVERY_MS = 3_600_000;
/** Crashes that wait to be recorded. */
const MAX_WAITING = 64;
/** Programs whose last crash is remembered. */
const MAX_PROGRAMS = 1_024;

/**
 * The flight recorder: freezes what is known of the last minutes of a process that crashed. One
 * crash at a time, a few queries each, so that a host on which everything crashes stays usable.
 */
export class CrashRecorder {
  readonly #options: CrashRecorderOptions;
  readonly #waiting: ProcessDeath[] = [];
  /** Monotonic milliseconds of the last crash of a program. */
  readonly #lastOf = new Map<string, number>();
  #running: Promise<void> | null = null;
  #hurry: () => void = () => {};
  #cancelExpiry: () => void = () => {};
  #stopped = false;
  #recorded = 0;
  #skipped = 0;
  #dropped = 0;

  constructor(options: CrashRecorderOptions) {
    this.#options = options;
    this.#expire();
  }

  get stats(): CrashRecorderStats {
    return { recorded: this.#recorded, skipped: this.#skipped, dropped: this.#dropped };
  }

  /** Takes every death; keeps those that are crashes. */
  take(death: ProcessDeath): void {
    if (this.#stopped || !isWorthKeeping(death)) return;
    if (this.#hadOneLately(death.process)) {
      this.#skipped++;
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(death);
    this.#running ??= this.#run();
  }

  /** Records what still waits, at once; what takes longer than `deadlineMs` is given up. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.#cancelExpiry();
    this.#hurry();
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(deadlineMs, late.resolve);
    await Promise.race([this.#running, late.promise]);
    cancel();
  }

  /** Also while nothing crashes, and when crashes are not recorded any more: what was kept has an age. */
  #expire(): void {
    const { archive, clock, timers } = this.#options;
    archive.expire(clock.nowMs());
    this.#cancelExpiry = timers.after(EXPIRE_EVERY_MS, () => this.#expire());
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await this.#settle();
      try {
        await this.#record(next);
        this.#recorded++;
      } catch (error) {
        this.#dropped++;
        this.#options.log.error("crash_not_recorded", { error: toHorizonError(error).message });
      }
      this.#waiting.shift();
    }
    this.#running = null;
  }

  #settle(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(SETTLE_MS, resolve);
      this.#hurry = () => {
        cancel();
        resolve();
      };
    });
  }

  async #record(dead: ProcessDeath): Promise<void> {
    const { archive, clock, write, beforeMs } = this.#options;
    const summary = summaryOf(dead);
    const scope: CrashScope = {
      pid: summary.pid,
      service: summary.service,
      fromMs: summary.tsMs - beforeMs,
      toMs: clock.nowMs(),
    };
    const frozen: Partial<Record<CrashTable, FrozenTable>> = {};
    for (const table of CRASH_TABLES) frozen[table] = await this.#freeze(table, scope);
    const bundle: CrashBundle = {
      summary,
      process: factsOf(dead.process),
      limits: dead.lastSight?.limits ?? {},
      limitShares: dead.lastSight?.limitShares ?? {},
      openFiles: dead.lastSight?.openFiles ?? {},
      moreOpenFiles: dead.lastSight?.moreOpenFiles ?? false,
      lastSightMs: dead.lastSight?.tsMs ?? null,
      tables: frozen as Record<CrashTable, FrozenTable>,
    };
    const text = new TextEncoder().encode(JSON.stringify(bundle));
    archive.put(summary, await gzip(text));
    write({
      tsMs: summary.tsMs,
      stream: "crash",
      name: "recorded",
      subject: summary.processId,
      service: summary.service,
      pid: summary.pid,
      severity: "error",
      message: summary.message,
      value: null,
      attributes: { crash_id: summary.id, cause: summary.cause },
    });
  }

  /** A table that cannot be read does not cost the others. */
  async #freeze(table: CrashTable, scope: CrashScope): Promise<FrozenTable> {
    try {
      const result = await this.#options.query(crashQuery(table, scope));
      return {
        columns: result.columns.map(({ name }) => name),
        rows: [...result.rows()],
        truncated: result.truncated,
        problem: null,
      };
    } catch (error) {
      const problem = toHorizonError(error).message;
      return { columns: [], rows: [], truncated: false, problem };
    }
  }

  #hadOneLately(process: ProcessRow): boolean {
    const key = `${process.service ?? ""}\0${process.executable ?? process.name}`;
    const nowMs = this.#options.clock.monotonicMs();
    const last = this.#lastOf.get(key);
    if (last !== undefined && nowMs - last < this.#options.pauseMs) return true;
    this.#lastOf.delete(key);
    this.#lastOf.set(key, nowMs);
    if (this.#lastOf.size > MAX_PROGRAMS) {
      const oldest = this.#lastOf.keys().next();
      if (!oldest.done) this.#lastOf.delete(oldest.value);
    }
    return false;
  }
}

/**
 * Of processes that a group names every crash is kept. Of others, which end with all sorts of codes
 * in the course of their work, those that no program means.
 */
function isWorthKeeping({ death, expected, watched }: ProcessDeath): boolean {
  if (expected) return isCrash(death, watched);
  return death.cause === "crashed" || death.cause === "oom_killed" ||
    death.cause === "limit_exceeded";
}

function summaryOf({ process, death }: ProcessDeath): CrashSummary {
  const tsMs = Math.round(process.exitedAtMs ?? process.lastSeenMs);
  return {
    id: `${tsMs}-${process.pid}`,
    tsMs,
    processId: processId(process.pid, process.startTimeMs),
    pid: process.pid,
    name: process.name,
    service: process.service,
    cause: death.cause,
    exitCode: death.exitCode,
    signal: death.signal,
    message: `${describeProcess(process)} ${describeDeath(death)}`,
    evidence: death.evidence,
  };
}

function factsOf(row: ProcessRow): CrashBundle["process"] {
  return {
    pid: row.pid,
    ppid: row.ppid,
    start_time: new Date(row.startTimeMs).toISOString(),
    name: row.name,
    executable: row.executable,
    command_line: row.commandLine,
    user: row.user,
    state: row.state,
    service: row.service,
    cgroup: row.cgroup,
    container_id: row.containerId,
    cpu_ratio: row.cpuRatio,
    rss_bytes: row.rssBytes,
    virtual_bytes: row.virtualBytes,
    pss_bytes: row.pssBytes,
    threads: row.threads,
    open_fds: row.openFds,
    fd_limit: row.fdLimit,
  };
}

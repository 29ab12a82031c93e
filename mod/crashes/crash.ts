import type { DeathCause } from "../processes/death.ts";
import type { SqlValue } from "../ports.ts";

/** A crash in a list. */
export interface CrashSummary {
  /** `<time of the end, ms since the Unix epoch>-<pid>`. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly tsMs: number;
  /** `<pid>-<start>` of the process. */
  readonly processId: string;
  readonly pid: number;
  readonly name: string;
  readonly service: string | null;
  readonly cause: DeathCause;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** One sentence. */
  readonly message: string;
  readonly evidence: readonly string[];
}

/** Rows that were frozen, as a query answered them. */
export interface FrozenTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** True when there were more. */
  readonly truncated: boolean;
  /** Why there are none; null when they could be read. */
  readonly problem: string | null;
}

/** Names of the tables of a crash. */
export const CRASH_TABLES = ["metrics", "logs", "spans", "events", "host"] as const;
export type CrashTable = typeof CRASH_TABLES[number];

/** All that is kept of a crash. Plain data: it is stored as JSON. */
export interface CrashBundle {
  readonly summary: CrashSummary;
  /** What the process was: executable, arguments, user, memory, …, as last seen. */
  readonly process: Readonly<Record<string, string | number | null>>;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly limitShares: Readonly<Record<string, number>>;
  readonly openFiles: Readonly<Record<string, string>>;
  readonly moreOpenFiles: boolean;
  /** When limits and open files were seen; null when never. */
  readonly lastSightMs: number | null;
  readonly tables: Readonly<Record<CrashTable, FrozenTable>>;
}

const ID = /^\d{1,15}-[1-9]\d{0,9}$/;

/** Whether a text can be the id of a crash; ids become names of files. */
export function isCrashId(text: string): boolean {
  return ID.test(text);
}

/** Where crashes are kept, by limits of their own. */
export interface CrashArchive {
  /** Keeps a crash, and drops the oldest past the limits. */
  put(summary: CrashSummary, content: Uint8Array<ArrayBuffer>): void;
  /** Newest first. */
  list(): readonly CrashSummary[];
  /** What `put` was given; null when it is not there, or not any more. */
  get(id: string): Uint8Array<ArrayBuffer> | null;
  /** Drops what is too old. */
  expire(nowMs: number): void;
  readonly stats: CrashArchiveStats;
}

export interface CrashArchiveStats {
  readonly count: number;
  readonly bytes: number;
  /** Crashes dropped so far because of a limit. */
  readonly dropped: number;
  /** Why the last one could not be written, so that it is in memory alone; null when it could. */
  readonly problem: string | null;
}

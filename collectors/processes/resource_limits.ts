import type { ResourceLimit } from "../../mod/processes/last_sight.ts";
import { count, fields, lines } from "../proc_text.ts";

/** Lines of `/proc/<pid>/limits` that are read, and what they are called here. */
const NAMES: readonly (readonly [line: string, name: string])[] = [
  ["Max cpu time", "cpu_time"],
  ["Max file size", "file_size"],
  ["Max data size", "data"],
  ["Max stack size", "stack"],
  ["Max core file size", "core_file_size"],
  ["Max resident set", "resident_set"],
  ["Max processes", "processes"],
  ["Max open files", "open_files"],
  ["Max locked memory", "locked_memory"],
  ["Max address space", "address_space"],
  ["Max file locks", "file_locks"],
  ["Max pending signals", "pending_signals"],
  ["Max msgqueue size", "message_queue"],
];

/** Parses `/proc/<pid>/limits`, proc_pid_limits(5). A line that is damaged is left out. */
export function parseLimits(text: string): Record<string, ResourceLimit> {
  const limits: Record<string, ResourceLimit> = {};
  for (const line of lines(text)) {
    const found = NAMES.find(([start]) => line.startsWith(`${start} `));
    if (found === undefined) continue;
    const [soft = "", hard = "", unit = ""] = fields(line.slice(found[0].length));
    const [softValue, hardValue] = [limitValue(soft), limitValue(hard)];
    if (softValue === undefined || hardValue === undefined) continue;
    limits[found[1]] = { soft: softValue, hard: hardValue, unit };
  }
  return limits;
}

/** Null: unlimited. Undefined: damaged. */
function limitValue(text: string): number | null | undefined {
  return text === "unlimited" ? null : count(text) ?? undefined;
}

/** What a process uses of what is limited. */
export interface LimitedUsage {
  readonly openFds: number | null;
  readonly virtualBytes: number | null;
  /** Threads of all processes of its user, which is what the limit of processes counts. */
  readonly userThreads: number | null;
}

/** The share of each soft limit that is in use, for limits there are: 1 is all of it. */
export function limitShares(
  limits: Readonly<Record<string, ResourceLimit>>,
  usage: LimitedUsage,
): Record<string, number> {
  const shares: Record<string, number> = {};
  const used = {
    open_files: usage.openFds,
    address_space: usage.virtualBytes,
    processes: usage.userThreads,
  };
  for (const [name, value] of Object.entries(used)) {
    const soft = limits[name]?.soft ?? null;
    if (value !== null && soft !== null && soft > 0) shares[name] = value / soft;
  }
  return shares;
}

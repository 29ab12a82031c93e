import { count, fields, lines, namedCounts } from "../proc_text.ts";

/** What is read of `/proc/<pid>/status`; null where it is not there. */
export interface ProcessStatus {
  /** The effective user. */
  readonly uid: number | null;
  readonly voluntarySwitches: number | null;
  readonly involuntarySwitches: number | null;
}

/** Parses `/proc/<pid>/status`, proc_pid_status(5). */
export function parseStatus(text: string): ProcessStatus {
  let uid: number | null = null;
  let voluntarySwitches: number | null = null;
  let involuntarySwitches: number | null = null;
  for (const line of lines(text)) {
    // The name comes first and may hold anything but a line end, which the kernel escapes.
    if (line.startsWith("Uid:")) uid = count(fields(line)[2]);
    else if (line.startsWith("voluntary_ctxt_switches:")) voluntarySwitches = lastCount(line);
    else if (line.startsWith("nonvoluntary_ctxt_switches:")) involuntarySwitches = lastCount(line);
  }
  return { uid, voluntarySwitches, involuntarySwitches };
}

function lastCount(line: string): number | null {
  return count(fields(line)[1]);
}

/** Bytes that a process had fetched from and sent to storage since it started. */
export interface ProcessIo {
  readonly readBytes: number;
  readonly writeBytes: number;
}

/** Parses `/proc/<pid>/io`; null when a count is missing. */
export function parseIo(text: string): ProcessIo | null {
  const counts = namedCounts(text);
  const [readBytes, writeBytes] = [counts.get("read_bytes"), counts.get("write_bytes")];
  return readBytes === undefined || writeBytes === undefined ? null : { readBytes, writeBytes };
}

/** The soft limit of open files from `/proc/<pid>/limits`; null when unlimited or not there. */
export function parseOpenFilesLimit(text: string): number | null {
  const line = lines(text).find((one) => one.startsWith("Max open files"));
  return count(fields(line?.slice("Max open files".length) ?? "")[0]);
}

/** Proportional memory in bytes from `/proc/<pid>/smaps_rollup`; null when it is not there. */
export function parsePss(text: string): number | null {
  return namedCounts(text).get("Pss") ?? null;
}

/** The arguments in `/proc/<pid>/cmdline`, which end with NUL each. None for kernel threads. */
export function parseArguments(text: string): string[] {
  const args = text.split("\0");
  // A program that writes its own title may leave padding behind.
  while (args.length > 0 && args.at(-1) === "") args.pop();
  return args;
}

/**
 * The path of a process in `/proc/<pid>/cgroup`: of the unified hierarchy, or where that is not
 * used, of systemd's own, or of the memory controller.
 */
export function parseCgroup(text: string): string | null {
  let best: string | null = null;
  let bestRank = 0;
  for (const line of lines(text)) {
    const [id, controllers = "", ...rest] = line.split(":");
    if (rest.length === 0) continue;
    const path = rest.join(":");
    let rank = 1;
    if (id === "0" && controllers === "") rank = path === "/" ? 2 : 5;
    else if (controllers === "name=systemd") rank = path === "/" ? 2 : 4;
    else if (controllers.split(",").includes("memory")) rank = path === "/" ? 2 : 3;
    if (rank > bestRank) [best, bestRank] = [path, rank];
  }
  return best;
}

/** User names by number from `/etc/passwd`, passwd(5). The first entry of a number counts. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of lines(text)) {
    const [name = "", , id] = line.split(":");
    const uid = count(id);
    if (name !== "" && uid !== null && !names.has(uid)) names.set(uid, name);
  }
  return names;
}

/** The last part of a path of a program. */
export function programName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

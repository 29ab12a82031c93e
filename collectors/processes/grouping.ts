import { programName } from "./process_files.ts";

/** What a process must be like; every condition given must hold, and one must be given. */
export interface ProcessMatch {
  /** The kernel's name of it. A longer one is cut at 15 bytes, as the kernel does. */
  readonly name?: string | undefined;
  /** Path of its program, or only the last part of it. */
  readonly executable?: string | undefined;
  /** Found anywhere in its arguments, joined by spaces; no more than 4,096 characters of them. */
  readonly commandLine?: RegExp | undefined;
  /** A file that holds its pid. */
  readonly pidFile?: string | undefined;
  /** The service that its parent belongs to. */
  readonly parent?: string | undefined;
  /** A cgroup it is in, at any depth: a path from the root, or one part such as `nginx.service`. */
  readonly cgroup?: string | undefined;
}

/** Processes that together are one service. */
export interface ProcessGroup {
  readonly service: string;
  readonly match: ProcessMatch;
  /** Takes in all descendants that match no group themselves, and keeps those that get away. */
  readonly children: boolean;
}

/** What a process is, as far as it can be told without looking at others. */
export interface ProcessFacts {
  readonly name: string;
  readonly executable: string | null;
  /** Not redacted: it is only looked at. */
  readonly commandLine: string;
  readonly cgroup: string | null;
}

/** A process as `assignGroups` sees it. */
export interface GroupedProcess {
  readonly pid: number;
  readonly ppid: number;
  /** The answer of `possibleGroups` for it. */
  readonly possible: readonly number[];
  /** What `assignGroups` said of it before. */
  readonly assignment: GroupAssignment | null;
}

export interface GroupAssignment {
  /** Index in the list of groups. */
  readonly group: number;
  /** It belongs there because of an ancestor. */
  readonly adopted: boolean;
}

/** The kernel keeps this many bytes of a name. */
const NAME_BYTES = 15;

/** Indexes of the groups whose conditions on the process alone hold. */
export function possibleGroups(groups: readonly ProcessGroup[], facts: ProcessFacts): number[] {
  return groups.flatMap(({ match }, i) => matchesAlone(match, facts) ? [i] : []);
}

/**
 * Says which group each process belongs to, null for none. The first group of the list that
 * matches wins; a process that matches none goes with its parent if that one's group takes in
 * children. One that was taken in stays even when its parent has died.
 *
 * `pidOfFile` holds what the pid files say.
 */
export function assignGroups(
  groups: readonly ProcessGroup[],
  processes: ReadonlyMap<number, GroupedProcess>,
  pidOfFile: ReadonlyMap<string, number>,
): Map<number, GroupAssignment | null> {
  const assigned = new Map<number, GroupAssignment | null>();
  for (const pid of processes.keys()) assign(pid);
  return assigned;

  // Parents first, without recursion: chains of processes can be as long as a user likes.
  function assign(pid: number): void {
    const chain: number[] = [];
    const onChain = new Set<number>();
    let next = pid;
    while (!assigned.has(next) && processes.has(next) && !onChain.has(next)) {
      chain.push(next);
      onChain.add(next);
      next = processes.get(next)!.ppid;
    }
    for (const one of chain.reverse()) assigned.set(one, decide(processes.get(one)!));
  }

  function decide(process: GroupedProcess): GroupAssignment | null {
    const parent = assigned.get(process.ppid) ?? null;
    const parentService = parent === null ? undefined : groups[parent.group]?.service;
    for (const i of process.possible) {
      const { pidFile, parent: wanted } = groups[i]!.match;
      if (pidFile !== undefined && pidOfFile.get(pidFile) !== process.pid) continue;
      if (wanted !== undefined && wanted !== parentService) continue;
      return { group: i, adopted: false };
    }
    if (parent !== null && groups[parent.group]!.children) {
      return { group: parent.group, adopted: true };
    }
    return process.assignment?.adopted === true ? process.assignment : null;
  }
}

function matchesAlone(match: ProcessMatch, facts: ProcessFacts): boolean {
  const { name, executable, commandLine, cgroup, pidFile, parent } = match;
  const conditions = [name, executable, commandLine, cgroup, pidFile, parent];
  if (conditions.every((condition) => condition === undefined)) return false;
  return (name === undefined || cutName(name) === facts.name) &&
    (executable === undefined || isProgram(executable, facts.executable)) &&
    (commandLine === undefined || isIn(commandLine, facts.commandLine)) &&
    (cgroup === undefined || isInCgroup(cgroup, facts.cgroup));
}

function cutName(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return bytes.length <= NAME_BYTES ? name : new TextDecoder().decode(bytes.slice(0, NAME_BYTES));
}

function isProgram(wanted: string, path: string | null): boolean {
  if (path === null) return false;
  return wanted.includes("/") ? wanted === path : wanted === programName(path);
}

function isIn(pattern: RegExp, text: string): boolean {
  // A pattern with the g or y flag would go on from where it stopped the last time.
  pattern.lastIndex = 0;
  return pattern.test(text);
}

function isInCgroup(wanted: string, path: string | null): boolean {
  if (path === null) return false;
  if (!wanted.startsWith("/")) return path.split("/").includes(wanted);
  const place = wanted.endsWith("/") ? wanted.slice(0, -1) : wanted;
  return path === place || path.startsWith(`${place}/`);
}

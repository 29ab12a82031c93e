import { join } from "node:path/posix";
import { parseProcessStat, type ProcessStat } from "./process_stat.ts";

/** Files of a process are small; what is longer (thousands of arguments) is cut. */
const BUFFER_BYTES = 16 << 10;

/** `/proc/<pid>/stat` of one process, kept open while there is room for that. */
export interface StatFile {
  readonly pid: number;
  /** Null when too many are open already: then it is opened for each look. */
  kept: Deno.FsFile | null;
}

export type StatOutcome =
  | "read"
  /** The process has ended. */
  | "gone"
  /** It may be there: reading failed otherwise, or found what the kernel does not write. */
  | "unreadable";

/**
 * Reads the files of processes. A process may end between any two reads, and files of others'
 * processes may be closed to us: both are normal and answered with null.
 *
 * `stat` is read for every process on every tick, so its file is kept open: reading it again costs
 * 4 µs where opening, reading and closing costs 11 µs, and a file that was kept can never
 * be that of another process which was given the same pid.
 */
export class ProcessReader {
  readonly #root: string;
  readonly #maxKept: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #decoder = new TextDecoder();
  /** Linux 6.2 and newer tell the number of descriptors as the size of their folder. */
  readonly #fdFolderSizeCounts: boolean;
  #kept = 0;
  #length = 0;

  /** `maxKeptFiles` bounds the descriptors that are held. */
  constructor(procRoot: string, maxKeptFiles: number) {
    this.#root = procRoot;
    this.#maxKept = maxKeptFiles;
    this.#fdFolderSizeCounts = folderSizeCounts(join(procRoot, "self", "fd"));
  }

  /** The bytes that `stat` read last, where names are to be found. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** How many bytes `stat` read last. */
  get length(): number {
    return this.#length;
  }

  get keptFiles(): number {
    return this.#kept;
  }

  /**
   * The pids of all processes.
   * @throws Deno.errors.* when `/proc` cannot be listed: then nothing can be said at all
   */
  pids(): number[] {
    const pids: number[] = [];
    for (const { name } of Deno.readDirSync(this.#root)) {
      const first = name.charCodeAt(0);
      if (first < 0x31 || first > 0x39) continue;
      const pid = Number(name);
      if (Number.isSafeInteger(pid)) pids.push(pid);
    }
    return pids;
  }

  /** Reads `stat` into `into`. The file stays open while there is room. */
  stat(file: StatFile, into: ProcessStat): StatOutcome {
    try {
      const length = file.kept === null ? this.#openStat(file) : this.#readKept(file.kept);
      this.#length = length;
      return parseProcessStat(this.#buffer, length, into) ? "read" : "unreadable";
    } catch (error) {
      return isGone(error) ? "gone" : "unreadable";
    }
  }

  /** Closes what `stat` kept open. */
  release(file: StatFile): void {
    if (file.kept === null) return;
    file.kept.close();
    file.kept = null;
    this.#kept--;
  }

  /** The text of a file of a process; null when it is gone or may not be read. */
  text(pid: number, name: string): string | null {
    const file = this.#open(pid, name);
    if (file === null) return null;
    try {
      const length = this.#readAll(file);
      return length === null ? null : this.#decoder.decode(this.#buffer.subarray(0, length));
    } finally {
      file.close();
    }
  }

  /** The path of its program; null for threads of the kernel and where it may not be known. */
  executable(pid: number): string | null {
    try {
      // The kernel marks a program whose file has been replaced, as updates do.
      return Deno.readLinkSync(this.#path(pid, "exe")).replace(/ \(deleted\)$/, "");
    } catch {
      return null;
    }
  }

  /** Open file descriptors; null when they may not be counted. */
  openFds(pid: number): number | null {
    const path = this.#path(pid, "fd");
    try {
      return this.#fdFolderSizeCounts ? Deno.statSync(path).size : countEntries(path);
    } catch {
      return null;
    }
  }

  /** What the first `max` descriptors of a process are, by number; none where it may not be known. */
  openFiles(pid: number, max: number): Record<string, string> {
    const folder = this.#path(pid, "fd");
    const files: Record<string, string> = {};
    let seen = 0;
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        if (seen++ >= max) break;
        files[name] = Deno.readLinkSync(join(folder, name));
      }
    } catch {
      // It ended, or closed one, in between: what was found stands.
    }
    return files;
  }

  #openStat(file: StatFile): number {
    const opened = Deno.openSync(this.#path(file.pid, "stat"));
    let keep = false;
    try {
      const length = opened.readSync(this.#buffer) ?? 0;
      keep = this.#kept < this.#maxKept;
      return length;
    } finally {
      if (keep) {
        file.kept = opened;
        this.#kept++;
      } else opened.close();
    }
  }

  // The file comes whole in one read.
  #readKept(file: Deno.FsFile): number {
    file.seekSync(0, Deno.SeekMode.Start);
    return file.readSync(this.#buffer) ?? 0;
  }

  #open(pid: number, name: string): Deno.FsFile | null {
    try {
      return Deno.openSync(this.#path(pid, name));
    } catch {
      return null;
    }
  }

  #readAll(file: Deno.FsFile): number | null {
    let used = 0;
    try {
      while (used < this.#buffer.length) {
        const read = file.readSync(this.#buffer.subarray(used));
        if (read === null || read === 0) break;
        used += read;
      }
    } catch {
      return null;
    }
    return used;
  }

  #path(pid: number, name: string): string {
    return join(this.#root, String(pid), name);
  }
}

/** Anything else, such as too many open files, says nothing about the process. */
function isGone(error: unknown): boolean {
  // Reading an open file of a process that has ended gives ESRCH, which has no class of its own.
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && error.message.includes("os error 3)"));
}

/** Whether the size of a folder is the number of its entries, which counting it adds one to. */
function folderSizeCounts(path: string): boolean {
  try {
    const { size } = Deno.statSync(path);
    return size > 0 && Math.abs(countEntries(path) - size) <= 1;
  } catch {
    return false;
  }
}

function countEntries(path: string): number {
  let entries = 0;
  for (const _ of Deno.readDirSync(path)) entries++;
  return entries;
}

/** The share of our own descriptors that may be kept open for `/proc`. */
const KEPT_SHARE = 0.25;
const MOST_KEPT = 4096;

/** How many files may be kept open, by our own limit of open files (null: unlimited). */
export function maxKeptFiles(openFilesLimit: number | null): number {
  return Math.min(MOST_KEPT, Math.floor((openFilesLimit ?? MOST_KEPT) * KEPT_SHARE));
}

import { statfs } from "node:fs/promises";
import { fileProblem } from "../host_files.ts";
import { type Instrument, instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import type { Timers } from "../scheduler.ts";
import type { HostPart } from "./host_part.ts";
import { type Mount, parseMounts, realMounts } from "./mounts.ts";

/** The numbers of statfs(2). */
export interface FilesystemStat {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  /** Blocks that ordinary users may still take. */
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

/** Asks a file system for its space. May hang for as long as a network file system does. */
export type StatFilesystem = (path: string) => Promise<FilesystemStat>;

/** Space by state, in bytes or inodes; the states sum up to the limit. */
export interface Space {
  readonly limit: number;
  readonly states: { readonly used: number; readonly free: number; readonly reserved: number };
}

const MOUNT = [
  "system.device",
  "system.filesystem.mountpoint",
  "system.filesystem.type",
  "system.filesystem.mode",
] as const;

export const FILESYSTEM_METRICS = {
  usage: {
    name: "system.filesystem.usage",
    kind: "updown",
    unit: "By",
    attributes: [...MOUNT, "system.filesystem.state"],
    description: "Space `used`, `free` for users, and `reserved` for root.",
  },
  utilization: {
    name: "system.filesystem.utilization",
    kind: "gauge",
    unit: "1",
    attributes: [...MOUNT, "system.filesystem.state"],
    description: "The same as a share of the limit.",
  },
  limit: {
    name: "system.filesystem.limit",
    kind: "updown",
    unit: "By",
    attributes: MOUNT,
    description: "Size of the file system.",
  },
  inodes: {
    name: "system.filesystem.inodes.usage",
    kind: "updown",
    unit: "{inode}",
    attributes: [...MOUNT, "system.filesystem.state"],
    description: "Inodes `used` and `free`. None for file systems that make them as needed.",
  },
} as const satisfies Record<string, Metric>;

/** File systems asked in one tick; what is past it is noted. */
const MAX_FILESYSTEMS = 256;
/** A file system must answer within this share of the collector's time. */
const ANSWER_SHARE = 0.5;

/** Asks `statfs(path)` of every real mount below `rootfs`, the host's root as Horizon sees it. */
export function filesystemPart(
  rootfs: string,
  statFilesystem: StatFilesystem = (path) => statfs(path),
): HostPart {
  return {
    name: "filesystem",
    metrics: FILESYSTEM_METRICS,
    create({ sink, proc, timers, timeoutMs }, notes) {
      const into = instruments(sink, FILESYSTEM_METRICS);
      const asked = new PatientCalls(timers, timeoutMs * ANSWER_SHARE);
      return async (tick) => {
        const mounts = realMounts(parseMounts(proc.text("self/mounts") ?? ""));
        notes.clear();
        if (mounts.length > MAX_FILESYSTEMS) {
          notes.add(`only ${MAX_FILESYSTEMS} of ${mounts.length} file systems are looked at`);
        }
        await Promise.all(
          mounts.slice(0, MAX_FILESYSTEMS).map(async (mount) => {
            const { mountpoint } = mount;
            const answer = await asked.call(mountpoint, () => statFilesystem(rootfs + mountpoint));
            if (answer.kind === "failed") notes.add(`${mountpoint}: ${fileProblem(answer.error)}`);
            else if (answer.kind === "hangs") notes.add(`${mountpoint}: does not answer`);
            else if (!tick.signal.aborted) recordFilesystem(into, tick.tsUs, mount, answer.stat);
          }),
        );
      };
    },
  };
}

type Answer =
  | { readonly kind: "answered"; readonly stat: FilesystemStat }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "hangs" };

/**
 * Calls that may never come back: each is waited for only so long, and not made again while
 * the one before hangs, so that a dead network file system holds one thread and not all.
 */
class PatientCalls {
  readonly #timers: Timers;
  readonly #patienceMs: number;
  readonly #hanging = new Set<string>();

  constructor(timers: Timers, patienceMs: number) {
    this.#timers = timers;
    this.#patienceMs = patienceMs;
  }

  async call(key: string, ask: () => Promise<FilesystemStat>): Promise<Answer> {
    if (this.#hanging.has(key)) return { kind: "hangs" };
    this.#hanging.add(key);
    const late = Promise.withResolvers<Answer>();
    const cancel = this.#timers.after(this.#patienceMs, () => late.resolve({ kind: "hangs" }));
    const answered = ask().then(
      (stat): Answer => ({ kind: "answered", stat }),
      (error: unknown): Answer => ({ kind: "failed", error }),
    ).finally(() => this.#hanging.delete(key));
    const answer = await Promise.race([answered, late.promise]);
    cancel();
    return answer;
  }
}

function recordFilesystem(
  into: Record<keyof typeof FILESYSTEM_METRICS, Instrument>,
  tsUs: number,
  { device, mountpoint, type, mode }: Mount,
  stat: FilesystemStat,
): void {
  const labels = [device, mountpoint, type, mode] as const;
  const space = spaceOf(stat);
  // A file system of no size is a pseudo one that the list does not know.
  if (space.limit <= 0) return;
  for (const state of ["used", "free", "reserved"] as const) {
    into.usage.record(tsUs, space.states[state], ...labels, state);
    into.utilization.record(tsUs, space.states[state] / space.limit, ...labels, state);
  }
  into.limit.record(tsUs, space.limit, ...labels);
  if (stat.files <= 0) return;
  const freeInodes = Math.min(stat.ffree, stat.files);
  into.inodes.record(tsUs, stat.files - freeInodes, ...labels, "used");
  into.inodes.record(tsUs, freeInodes, ...labels, "free");
}

/** Space in bytes. A file system that claims more free than it has counts as empty. */
export function spaceOf({ bsize, blocks, bfree, bavail }: FilesystemStat): Space {
  const free = Math.min(bfree, blocks);
  const available = Math.min(bavail, free);
  return {
    limit: blocks * bsize,
    states: {
      used: (blocks - free) * bsize,
      free: available * bsize,
      reserved: (free - available) * bsize,
    },
  };
}

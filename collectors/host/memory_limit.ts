import { dirname, join } from "node:path/posix";
import { HostFiles } from "../host_files.ts";
import { count, lines, namedCounts } from "../proc_text.ts";

/** How much memory this process can have, and who says so. */
export interface MemoryLimit {
  /** The smaller of the two below. */
  readonly bytes: number;
  readonly source: "host" | "cgroup_v2" | "cgroup_v1";
  readonly hostBytes: number;
  /** The smallest limit of all cgroups that it is in; null where there is none. */
  readonly cgroupLimitBytes: number | null;
}

/** Where a process stands in the cgroup hierarchies, proc_pid_cgroup(5); null: not in one. */
export interface CgroupPaths {
  readonly v2: string | null;
  readonly v1Memory: string | null;
}

/** Hierarchies are not deeper in practice; a damaged path ends here. */
const MAX_DEPTH = 64;

/**
 * The memory that this process can have: that of the host, or the smallest limit of the cgroups
 * it is in. Null when not even the host's can be read.
 */
export function readMemoryLimit(
  procRoot = "/proc",
  cgroupRoot = "/sys/fs/cgroup",
): MemoryLimit | null {
  const proc = new HostFiles(procRoot);
  const hostBytes = namedCounts(proc.text("meminfo") ?? "").get("MemTotal");
  if (hostBytes === undefined) return null;
  const paths = parseCgroupPaths(proc.text("self/cgroup") ?? "");
  const v2 = Math.min(...cgroupLimits(cgroupRoot, paths.v2, "memory.max"));
  const v1 = Math.min(
    ...cgroupLimits(join(cgroupRoot, "memory"), paths.v1Memory, "memory.limit_in_bytes"),
  );
  const cgroup = Math.min(v1, v2);
  const source = cgroup >= hostBytes ? "host" : v2 <= v1 ? "cgroup_v2" : "cgroup_v1";
  return {
    bytes: Math.min(hostBytes, cgroup),
    source,
    hostBytes,
    cgroupLimitBytes: Number.isFinite(cgroup) ? cgroup : null,
  };
}

/** Parses `/proc/self/cgroup`: `0::/path` is v2, `4:memory:/path` a v1 hierarchy. */
export function parseCgroupPaths(text: string): CgroupPaths {
  let v2: string | null = null;
  let v1Memory: string | null = null;
  for (const line of lines(text)) {
    const [id, controllers, ...path] = line.split(":");
    if (path.length === 0) continue;
    if (id === "0" && controllers === "") v2 = path.join(":");
    else if (controllers?.split(",").includes("memory")) v1Memory = path.join(":");
  }
  return { v2, v1Memory };
}

/** A limit in bytes; null for `max` and for the numbers by which v1 says "none". */
export function parseCgroupLimit(text: string): number | null {
  const bytes = count(text.trim());
  return bytes === null || bytes === 0 || bytes >= Number.MAX_SAFE_INTEGER ? null : bytes;
}

/** Every limit from the process's own cgroup up to the root, for each holds. */
function cgroupLimits(root: string, path: string | null, file: string): number[] {
  if (path === null) return [];
  const files = new HostFiles(root);
  const found: number[] = [];
  // In a container the path is the host's, which is not there; its own limits are at the root.
  let place = join("/", path);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const limit = parseCgroupLimit(files.text(join(place, file)) ?? "");
    if (limit !== null) found.push(limit);
    if (place === "/") break;
    place = dirname(place);
  }
  return found;
}

import { join } from "node:path/posix";
import { lines } from "../proc_text.ts";

/** Controllers of the old hierarchies that are read. */
export const V1_CONTROLLERS = ["cpu", "cpuacct", "memory", "blkio", "pids"] as const;
export type V1Controller = typeof V1_CONTROLLERS[number];

/** Folders of a cgroup, relative to where the hierarchies are mounted; null: it has none there. */
export interface CgroupPlaces {
  /** In the unified hierarchy: candidates, since a hybrid host has it one folder deeper. */
  readonly v2: readonly string[];
  readonly v1: Readonly<Record<V1Controller, readonly string[]>>;
}

/**
 * Where the files of a process's cgroup are, by its `/proc/<pid>/cgroup`, cgroups(7). The root of a
 * hierarchy is left out: it stands for the host, not for a cgroup of the process.
 */
export function parseCgroupPlaces(text: string): CgroupPlaces {
  let v2: readonly string[] = [];
  const v1: Record<V1Controller, readonly string[]> = {
    cpu: [],
    cpuacct: [],
    memory: [],
    blkio: [],
    pids: [],
  };
  for (const line of lines(text)) {
    const [id, controllers = "", ...rest] = line.split(":");
    if (rest.length === 0) continue;
    const path = join("/", rest.join(":"));
    if (path === "/") continue;
    if (id === "0" && controllers === "") {
      v2 = [path, join("/unified", path)];
      continue;
    }
    for (const controller of V1_CONTROLLERS) {
      if (!controllers.split(",").includes(controller)) continue;
      // A folder of one controller is a link to that of all that are mounted together.
      v1[controller] = [...new Set([join("/", controller, path), join("/", controllers, path)])];
    }
  }
  return { v2, v1 };
}

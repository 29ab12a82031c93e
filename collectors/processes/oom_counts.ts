import { join } from "node:path/posix";
import { HostFiles } from "../host_files.ts";
import { namedCounts } from "../proc_text.ts";

/** Cgroups whose count is remembered; past it the one added longest ago is forgotten. */
const MAX_REMEMBERED = 4_096;

/**
 * OOM kills so far in a cgroup: `oom_kill` of v2's `memory.events`, or of v1's `memory.oom_control`
 * (Linux 4.13). Null where there is none, as in the root.
 */
export function parseOomKills(text: string): number | null {
  return namedCounts(text).get("oom_kill") ?? null;
}

/** Tells how many OOM kills there were in a cgroup since it was asked before. */
export class OomCounts {
  readonly #files: HostFiles;
  readonly #counts = new Map<string, number>();

  constructor(cgroupRoot: string) {
    this.#files = new HostFiles(cgroupRoot);
  }

  /** Remembers the present count of a cgroup that is not known yet. */
  watch(cgroup: string | null): void {
    if (cgroup === null || cgroup === "/" || this.#counts.has(cgroup)) return;
    const kills = this.#read(cgroup);
    if (kills === null) return;
    this.#counts.set(cgroup, kills);
    if (this.#counts.size <= MAX_REMEMBERED) return;
    const oldest = this.#counts.keys().next();
    if (!oldest.done) this.#counts.delete(oldest.value);
  }

  /** OOM kills since `watch` that `account` was not told of; 0 when they cannot be told, as when the cgroup is gone by now. */
  kills(cgroup: string | null): number {
    if (cgroup === null) return 0;
    const before = this.#counts.get(cgroup);
    if (before === undefined) return 0;
    const now = this.#read(cgroup);
    return now === null ? 0 : Math.max(0, now - before);
  }

  /** One of the kills is known to have been of a certain process. */
  account(cgroup: string | null): void {
    const before = cgroup === null ? undefined : this.#counts.get(cgroup);
    if (cgroup !== null && before !== undefined) this.#counts.set(cgroup, before + 1);
  }

  #read(cgroup: string): number | null {
    const places = [
      join(cgroup, "memory.events"),
      join("unified", cgroup, "memory.events"),
      join("memory", cgroup, "memory.oom_control"),
    ];
    for (const place of places) {
      const text = this.#files.quietText(place);
      const kills = text === null ? null : parseOomKills(text);
      if (kills !== null) return kills;
    }
    return null;
  }
}

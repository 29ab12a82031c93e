import { readdir, readFile, readlink } from "node:fs/promises";
import type { ProcessRow } from "../../mod/processes/process_row.ts";

/** What tells whose a process is. */
export type OwnedProcess = Pick<ProcessRow, "pid" | "service" | "exitedAtMs">;

/** Who writes a file: the pid is null where several processes of the service do. */
export interface FileOwner {
  readonly service: string;
  readonly pid: number | null;
}

/** Processes looked at, and descriptors of each. */
const MAX_PROCESSES = 256;
const MAX_DESCRIPTORS = 1_024;
/** Paths held; what is more has no owner. */
const MAX_PATHS = 4_096;
/** The access mode among the flags of an open file: 1 is write only, 2 read and write. */
const ACCESS_MODE = 3;

/** Finds which service writes which file, by what the processes have open. */
export class FileOwners {
  readonly #procRoot: string;

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
  }

  /** By path; a file that several services write has no owner. */
  async find(processes: readonly OwnedProcess[]): Promise<ReadonlyMap<string, FileOwner>> {
    const owners = new Map<string, FileOwner>();
    const contested = new Set<string>();
    const running = processes.flatMap(({ pid, service, exitedAtMs }) =>
      service === null || exitedAtMs !== null ? [] : [{ pid, service }]
    );
    for (const { pid, service } of running.slice(0, MAX_PROCESSES)) {
      for (const path of await this.#written(pid)) {
        const known = owners.get(path);
        if (known === undefined) {
          if (!contested.has(path) && owners.size < MAX_PATHS) owners.set(path, { service, pid });
        } else if (known.service !== service) {
          owners.delete(path);
          contested.add(path);
        } else if (known.pid !== pid) owners.set(path, { service, pid: null });
      }
    }
    return owners;
  }

  /** Paths of files that a process has open for writing; none when it is gone, or not ours to see. */
  async #written(pid: number): Promise<readonly string[]> {
    const folder = `${this.#procRoot}/${pid}`;
    const paths: string[] = [];
    try {
      for (const fd of (await readdir(`${folder}/fd`)).slice(0, MAX_DESCRIPTORS)) {
        const path = await readlink(`${folder}/fd/${fd}`).catch(() => "");
        if (!path.startsWith("/") || path.startsWith("/dev/")) continue;
        const info = await readFile(`${folder}/fdinfo/${fd}`, "utf8").catch(() => "");
        const flags = parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? "0", 8);
        if ((flags & ACCESS_MODE) !== 0) paths.push(path);
      }
    } catch {
      // Gone, or of a user whose descriptors may not be seen: nothing is known of it.
    }
    return paths;
  }
}

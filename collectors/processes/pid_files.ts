import { HostFiles } from "../host_files.ts";
import { count } from "../proc_text.ts";
import type { ProcessGroup } from "./grouping.ts";

/** What the pid files of the groups say. A file that is missing or holds no pid says nothing. */
export class PidFiles {
  readonly #paths: readonly string[];
  readonly #files = new HostFiles("/");
  #pids: ReadonlyMap<string, number> = new Map();

  constructor(groups: readonly ProcessGroup[]) {
    this.#paths = groups.flatMap(({ match: { pidFile } }) =>
      pidFile === undefined ? [] : [pidFile]
    );
  }

  get pids(): ReadonlyMap<string, number> {
    return this.#pids;
  }

  /** Reads them all again; true when one says something else than before. */
  reread(): boolean {
    const pids = new Map<string, number>();
    for (const path of this.#paths) {
      const pid = count(this.#files.text(path)?.trim().split(/\s/)[0]);
      if (pid !== null && pid > 0) pids.set(path, pid);
    }
    const changed = this.#paths.some((path) => pids.get(path) !== this.#pids.get(path));
    this.#pids = pids;
    return changed;
  }
}

import { HostFiles } from "../host_files.ts";
import { parsePasswd } from "./process_files.ts";

/** The list is read again for a user it does not have, but no more often than this. */
const REREAD_AFTER_MS = 60_000;

/** Names of users by number, from `/etc/passwd`; users of directories keep their numbers. */
export class UserNames {
  readonly #files: HostFiles;
  readonly #monotonicMs: () => number;
  #names: ReadonlyMap<number, string> = new Map();
  #readAtMs: number | null = null;

  constructor(etcRoot: string, monotonicMs: () => number) {
    this.#files = new HostFiles(etcRoot);
    this.#monotonicMs = monotonicMs;
  }

  nameOf(uid: number): string {
    const known = this.#names.get(uid);
    if (known !== undefined) return known;
    const nowMs = this.#monotonicMs();
    if (this.#readAtMs === null || nowMs - this.#readAtMs >= REREAD_AFTER_MS) {
      this.#readAtMs = nowMs;
      this.#names = parsePasswd(this.#files.text("passwd") ?? "");
    }
    return this.#names.get(uid) ?? String(uid);
  }
}

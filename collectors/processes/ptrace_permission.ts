import { count, fields, lines } from "../proc_text.ts";

/** `CAP_SYS_PTRACE`, capabilities(7). */
const CAP_SYS_PTRACE = 19n;

/**
 * Whether the kernel tells us what it tells only those who could trace a process: by our own
 * `/proc/self/status` and the user of the process. Where it does not, it writes 0 instead.
 */
export class PtracePermission {
  readonly #uid: number | null;
  readonly #mayTraceAll: boolean;

  constructor(ownStatus: string) {
    let uid: number | null = null;
    let mayTraceAll = false;
    for (const line of lines(ownStatus)) {
      if (line.startsWith("Uid:")) uid = count(fields(line)[2]);
      const mask = /^CapEff:\s*([0-9a-f]{1,16})$/.exec(line)?.[1];
      if (mask !== undefined) mayTraceAll = (BigInt(`0x${mask}`) >> CAP_SYS_PTRACE & 1n) === 1n;
    }
    this.#uid = uid;
    this.#mayTraceAll = mayTraceAll;
  }

  /** `uid`: of the process; null when it is not known. */
  allows(uid: number | null): boolean {
    return this.#mayTraceAll || uid !== null && uid === this.#uid;
  }
}

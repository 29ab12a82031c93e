import fs from "node:fs";
import { fileProblem } from "../host_files.ts";
import { count } from "../proc_text.ts";

/** What the kernel wrote about one process. */
export interface KernelNotice {
  readonly pid: number;
  readonly kind: "oom" | "fault";
  /** Its words. */
  readonly line: string;
}

/** The kernel writes no longer records. */
const RECORD_BYTES = 8_192;
/** Records read in one turn; the rest is read in the next ones. */
const MAX_RECORDS_A_TURN = 2_000;
/** Notices held until their process is missed; past it the oldest go. */
const MAX_HELD = 512;
/** Characters kept of a line. */
const MAX_LINE = 512;

/** `Killed process 7 (name)`, of the whole host (`Out of memory`) or of a cgroup. */
const OOM = /(?:Out of memory|out of memory|oom-kill)[^]*?Killed process (\d{1,10}) /;
/** `name[7]: segfault at …`, `traps: name[7] general protection fault …`, `traps: name[7] trap …`. */
const FAULT =
  /^(?:traps: )?.{1,64}\[(\d{1,10})\]:? (?:segfault at|general protection|trap |unhandled .{0,80}(?:fault|exception)|bad frame|error:)/;

/** The notice in a line of the kernel log; null for what is about no process that ends. */
export function parseKernelLine(line: string): KernelNotice | null {
  const text = line.slice(0, MAX_LINE);
  const oom = count(OOM.exec(text)?.[1]);
  if (oom !== null) return { pid: oom, kind: "oom", line: text };
  const fault = count(FAULT.exec(text)?.[1]);
  return fault === null ? null : { pid: fault, kind: "fault", line: text };
}

/** The text of a record of `/dev/kmsg`: `priority,sequence,time,flags;text`, then lines of facts. */
export function parseKernelRecord(record: string): string | null {
  const start = record.indexOf(";");
  if (start < 0 || !/^\d+,\d+,\d+,/.test(record)) return null;
  const end = record.indexOf("\n", start);
  return record.slice(start + 1, end < 0 ? undefined : end);
}

/**
 * Follows the kernel log for what it says about processes that it ended or that ended by a fault.
 * Only from its own start on; what was written before is about processes that nobody saw.
 */
export class KernelLog {
  #fd: number | null = null;
  readonly #buffer = new Uint8Array(RECORD_BYTES);
  readonly #decoder = new TextDecoder();
  readonly #held = new Map<string, KernelNotice>();
  #problem: string | null = null;
  #lostRecords = 0;

  constructor(path = "/dev/kmsg") {
    try {
      // Without it a read waits for the kernel's next line, for hours and with the whole thread.
      const flags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK;
      this.#fd = fs.openSync(path, flags);
      while (this.#read() !== null);
      this.#held.clear();
      this.#lostRecords = 0;
    } catch (error) {
      this.#problem = `${path}: ${describe(error)}`;
    }
  }

  /** Why it cannot be read; null when it can. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Times that the kernel had overwritten records before they were read. */
  get lostRecords(): number {
    return this.#lostRecords;
  }

  /** Reads what is new. */
  poll(): void {
    for (let i = 0; i < MAX_RECORDS_A_TURN; i++) {
      const record = this.#read();
      if (record === null) return;
      const text = parseKernelRecord(record);
      const notice = text === null ? null : parseKernelLine(text);
      if (notice === null) continue;
      this.#held.set(`${notice.pid} ${notice.kind}`, notice);
      if (this.#held.size <= MAX_HELD) continue;
      const oldest = this.#held.keys().next();
      if (!oldest.done) this.#held.delete(oldest.value);
    }
  }

  /** What was written about a process, once. */
  take(pid: number, kind: KernelNotice["kind"]): string | null {
    const key = `${pid} ${kind}`;
    const notice = this.#held.get(key);
    this.#held.delete(key);
    return notice?.line ?? null;
  }

  close(): void {
    if (this.#fd !== null) fs.closeSync(this.#fd);
    this.#fd = null;
  }

  /** The next record; null when there is none yet. */
  #read(): string | null {
    for (;;) {
      if (this.#fd === null) return null;
      try {
        const bytes = fs.readSync(this.#fd, this.#buffer, 0, RECORD_BYTES, null);
        return bytes === 0 ? null : this.#decoder.decode(this.#buffer.subarray(0, bytes));
      } catch (error) {
        const code = codeOf(error);
        if (code === "EAGAIN") return null;
        if (code === "EPIPE") {
          // It was overwritten before it was read; the next read goes on behind the gap.
          this.#lostRecords++;
          continue;
        }
        this.#problem = describe(error);
        this.close();
        return null;
      }
    }
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : null;
}

function describe(error: unknown): string {
  switch (codeOf(error)) {
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "ENOENT":
      return "not there";
    default:
      return fileProblem(error);
  }
}

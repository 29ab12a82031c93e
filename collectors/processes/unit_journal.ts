import type { ExitStatus } from "../../mod/processes/wait_status.ts";
import { signalName } from "../../mod/processes/wait_status.ts";
import { lines } from "../proc_text.ts";

/** What the journal says about a unit whose process ended. */
export interface UnitEnd {
  readonly unit: string;
  /** Of the unit's main process; null when the journal does not say. */
  readonly status: ExitStatus | null;
  /** `Result` of the unit: `oom-kill`, `timeout`, `signal`, …; null when it did not fail. */
  readonly result: string | null;
}

/** Entries of systemd about units, by the id of their message; see `sd-messages.h`. */
const UNIT_PROCESS_EXIT = "98e322203f7a4ed290d09fe03c09fe15";
const UNIT_FAILED = "d9b373ed55a64feb8242e02dbe79a49c";
/** A journal that is slow, on a slow disk, is not waited for; milliseconds. */
const TIMEOUT_MS = 3_000;
/** Asked at the same time; a death past it goes without. */
const MAX_RUNNING = 4;
/** What is asked for: the last entries of the unit. */
const MAX_ENTRIES = 20;
const MAX_OUTPUT_BYTES = 256 * 1024;

/** The service of systemd that a cgroup belongs to; null for those of none. */
export function unitOf(cgroup: string | null): string | null {
  const parts = (cgroup ?? "").split("/");
  return parts.findLast((part) => /^[\w:.\\@-]{1,250}\.service$/.test(part)) ?? null;
}

/** Reads what `journalctl --output=json` wrote about a unit: the newest end, which comes last. */
export function parseUnitEnd(unit: string, output: string): UnitEnd | null {
  let status: ExitStatus | null = null;
  let result: string | null = null;
  for (const line of lines(output)) {
    const entry = parseEntry(line);
    if (entry === null) continue;
    if (entry["MESSAGE_ID"] === UNIT_PROCESS_EXIT) {
      status = statusOf(entry["EXIT_CODE"], entry["EXIT_STATUS"]);
      result = null;
    }
    if (entry["MESSAGE_ID"] === UNIT_FAILED) result = entry["UNIT_RESULT"] ?? null;
  }
  return status === null && result === null ? null : { unit, status, result };
}

function statusOf(code: string | undefined, status: string | undefined): ExitStatus | null {
  const number = /^\d{1,3}$/.test(status ?? "") ? Number(status) : null;
  if (code === "exited") return number === null ? null : { kind: "exited", code: number };
  if (code !== "killed" && code !== "dumped") return null;
  // Written as a number or as a name without `SIG`, by the version of systemd.
  const name = number === null ? (status ?? "").replace(/^(?:SIG)?/, "SIG") : signalName(number);
  return /^SIG[A-Z0-9+-]{1,12}$/.test(name)
    ? { kind: "signalled", signal: name, coreDumped: code === "dumped" }
    : null;
}

function parseEntry(line: string): Readonly<Record<string, string>> | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const fields = Object.entries(value).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(fields);
}

/** Asks the journal how processes of units ended. */
export class UnitJournal {
  readonly #program: string;
  #running = 0;
  #leftOut = 0;
  #problem: string | null = null;

  constructor(program = "journalctl") {
    this.#program = program;
  }

  get problem(): string | null {
    return this.#problem;
  }

  /** Deaths that were not asked about, because too many were at once. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** What was written about `unit` since `sinceMs`; null when that is nothing, or cannot be told. */
  async ask(unit: string, sinceMs: number): Promise<UnitEnd | null> {
    if (this.#running >= MAX_RUNNING) {
      this.#leftOut++;
      return null;
    }
    this.#running++;
    try {
      const output = await this.#run([
        ...["--quiet", "--no-pager", "--output=json", `--lines=${MAX_ENTRIES}`],
        `--since=@${Math.floor(sinceMs / 1000)}`,
        ...["_PID=1", `UNIT=${unit}`],
      ]);
      return output === null ? null : parseUnitEnd(unit, output);
    } finally {
      this.#running--;
    }
  }

  async #run(args: readonly string[]): Promise<string | null> {
    try {
      const child = new Deno.Command(this.#program, {
        args: [...args],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }).spawn();
      const [text, { success, code }] = await Promise.all([
        limitedText(child.stdout),
        child.status,
      ]);
      this.#problem = success ? null : `${this.#program}: exit code ${code}`;
      return success ? text : null;
    } catch (error) {
      const missing = error instanceof Deno.errors.NotFound;
      this.#problem = `${this.#program}: ${missing ? "not there" : String(error)}`;
      return null;
    }
  }
}

/** The first bytes of a stream as text; the rest is read and dropped, so that its writer can end. */
async function limitedText(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of stream) {
    if (bytes < MAX_OUTPUT_BYTES) text += decoder.decode(chunk, { stream: true });
    bytes += chunk.length;
  }
  return text + decoder.decode();
}

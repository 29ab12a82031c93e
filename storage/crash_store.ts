import {
  type CrashArchive,
  type CrashArchiveStats,
  type CrashSummary,
  isCrashId,
} from "../mod/crashes/crash.ts";
import { DEATH_CAUSES } from "../mod/processes/death.ts";

export interface CrashLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Without a folder crashes are in memory, where they may take no more than this. */
const MAX_MEMORY_BYTES = 32 * 1024 * 1024;
const FILE = /^(\d{1,15}-[1-9]\d{0,9})\.crash$/;
/** Summaries are small; a file whose first line is longer is damaged. */
const MAX_SUMMARY_BYTES = 64 * 1024;
const LINE_END = 0x0a;

interface Kept {
  readonly summary: CrashSummary;
  readonly bytes: number;
  /** Null: in a file. */
  readonly content: Uint8Array<ArrayBuffer> | null;
}

/**
 * Crashes by limits of their own: ordinary retention does not touch them. In a folder each is one
 * file, `<id>.crash`: a line of JSON that sums it up, then its content. A file that is damaged is
 * left where it is and not listed.
 */
export class CrashStore implements CrashArchive {
  readonly #folder: string | null;
  readonly #limits: CrashLimits;
  /** Newest first. */
  #kept: Kept[] = [];
  #dropped = 0;
  #problem: string | null = null;

  /** `dataDir` null: memory only. */
  constructor(dataDir: string | null, limits: CrashLimits) {
    this.#folder = dataDir === null ? null : `${dataDir}/crashes`;
    this.#limits = dataDir === null
      ? { ...limits, maxBytes: Math.min(limits.maxBytes, MAX_MEMORY_BYTES) }
      : limits;
    if (this.#folder !== null) this.#kept = this.#readFolder(this.#folder);
    // They may be tighter than when those were kept.
    this.#makeRoom();
  }

  get stats(): CrashArchiveStats {
    return {
      count: this.#kept.length,
      bytes: this.#bytes(),
      dropped: this.#dropped,
      problem: this.#problem,
    };
  }

  put(summary: CrashSummary, content: Uint8Array<ArrayBuffer>): void {
    this.#kept = this.#kept.filter((one) => one.summary.id !== summary.id);
    const head = new TextEncoder().encode(`${JSON.stringify(summary)}\n`);
    const written = this.#folder !== null && this.#write(this.#folder, summary.id, head, content);
    const bytes = head.length + content.length;
    this.#kept.unshift({ summary, bytes, content: written ? null : content });
    this.#kept.sort((a, b) => b.summary.tsMs - a.summary.tsMs);
    this.#makeRoom();
  }

  list(): readonly CrashSummary[] {
    return this.#kept.map(({ summary }) => summary);
  }

  get(id: string): Uint8Array<ArrayBuffer> | null {
    const kept = this.#kept.find(({ summary }) => summary.id === id);
    if (kept === undefined || kept.content !== null) return kept?.content ?? null;
    const bytes = readIfThere(`${this.#folder}/${id}.crash`);
    const end = bytes?.indexOf(LINE_END) ?? -1;
    return bytes === null || end < 0 ? null : bytes.slice(end + 1);
  }

  expire(nowMs: number): void {
    const oldest = nowMs - this.#limits.maxAgeMs;
    for (const kept of this.#kept.filter(({ summary }) => summary.tsMs < oldest)) this.#drop(kept);
  }

  /** The newest stays, however large it is. */
  #makeRoom(): void {
    const { maxCount, maxBytes } = this.#limits;
    while (this.#kept.length > 1 && (this.#kept.length > maxCount || this.#bytes() > maxBytes)) {
      this.#drop(this.#kept.at(-1)!);
    }
  }

  #drop(kept: Kept): void {
    this.#kept = this.#kept.filter((one) => one !== kept);
    this.#dropped++;
    if (kept.content === null) {
      try {
        Deno.removeSync(`${this.#folder}/${kept.summary.id}.crash`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) this.#problem = String(error);
      }
    }
  }

  #bytes(): number {
    return this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** False when it cannot be written: it stays in memory then. */
  #write(folder: string, id: string, head: Uint8Array, content: Uint8Array): boolean {
    const path = `${folder}/${id}.crash`;
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      const whole = new Uint8Array(head.length + content.length);
      whole.set(head);
      whole.set(content, head.length);
      // Renamed into place, so that there is never half of one.
      Deno.writeFileSync(`${path}.new`, whole, { mode: 0o600 });
      Deno.renameSync(`${path}.new`, path);
      this.#problem = null;
      return true;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      return false;
    }
  }

  #readFolder(folder: string): Kept[] {
    const kept: Kept[] = [];
    let names: string[];
    try {
      names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#problem = String(error);
      return [];
    }
    for (const name of names) {
      const id = FILE.exec(name)?.[1];
      const summary = id === undefined ? null : readSummary(`${folder}/${name}`);
      if (summary === null || summary.id !== id) continue;
      kept.push({ summary, bytes: Deno.statSync(`${folder}/${name}`).size, content: null });
    }
    return kept.sort((a, b) => b.summary.tsMs - a.summary.tsMs);
  }
}

function readIfThere(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The first line of a file as a summary; null when it is none. */
function readSummary(path: string): CrashSummary | null {
  const buffer = new Uint8Array(MAX_SUMMARY_BYTES);
  let read = 0;
  try {
    using file = Deno.openSync(path);
    read = file.readSync(buffer) ?? 0;
  } catch {
    return null;
  }
  const end = buffer.subarray(0, read).indexOf(LINE_END);
  if (end < 0) return null;
  try {
    return parseSummary(JSON.parse(new TextDecoder().decode(buffer.subarray(0, end))));
  } catch {
    return null;
  }
}

function parseSummary(value: unknown): CrashSummary | null {
  if (typeof value !== "object" || value === null) return null;
  const of: Readonly<Record<string, unknown>> = { ...value };
  const text = (key: string): string | null => {
    const one = of[key];
    return typeof one === "string" ? one : null;
  };
  const number = (key: string): number | null => {
    const one = of[key];
    return typeof one === "number" ? one : null;
  };
  const [id, processId, name, message] = [
    text("id"),
    text("processId"),
    text("name"),
    text("message"),
  ];
  const [tsMs, pid] = [number("tsMs"), number("pid")];
  const cause = DEATH_CAUSES.find((one) => one === of["cause"]);
  const evidence = of["evidence"];
  if (id === null || !isCrashId(id) || processId === null || name === null) return null;
  if (message === null || tsMs === null || pid === null || cause === undefined) return null;
  return {
    id,
    tsMs,
    processId,
    pid,
    name,
    service: text("service"),
    cause,
    exitCode: number("exitCode"),
    signal: text("signal"),
    message,
    evidence: Array.isArray(evidence) ? evidence.filter((one) => typeof one === "string") : [],
  };
}

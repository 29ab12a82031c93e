import { rename } from "node:fs/promises";
import type { CollectorLog } from "../collector.ts";

/** How far a file was read. */
export interface FilePosition {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** Reading goes on here: all before it is on disk. */
  readonly offset: number;
  /** Bytes right before `offset`, as hexadecimal digits: what tells that it is still the same file. */
  readonly probe: string;
  /** All before it was kept when this was written; what is between `offset` and here comes again. */
  readonly acknowledged: number;
  /** The first bytes of the file, as hexadecimal digits. */
  readonly head: string;
}

/** Where reading goes on after a restart. */
export interface SavedPositions {
  /** When they were written, milliseconds since the Unix epoch. */
  readonly savedAtMs: number;
  readonly files: readonly FilePosition[];
  /** Of other sources, by their name: journald's cursor. */
  readonly cursors: Readonly<Record<string, string>>;
}

export const NO_POSITIONS: SavedPositions = { savedAtMs: 0, files: [], cursors: {} };

const VERSION = 1;
const HEX = /^(?:[0-9a-f]{2}){0,256}$/;

export type LoadedPositions =
  | { readonly kind: "none" }
  | { readonly kind: "loaded"; readonly positions: SavedPositions }
  /** There is a file, and it is not what we wrote: where reading was is not known. */
  | { readonly kind: "damaged"; readonly problem: string };

/** Positions of log sources in one file, replaced as a whole. */
export class PositionsFile {
  readonly #path: string;
  readonly #log: CollectorLog;
  #failing = false;

  constructor(path: string, log: CollectorLog) {
    this.#path = path;
    this.#log = log;
  }

  async load(): Promise<LoadedPositions> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return { kind: "none" };
      return { kind: "damaged", problem: error instanceof Error ? error.message : String(error) };
    }
    const positions = parsePositions(text);
    return positions === null
      ? { kind: "damaged", problem: "it is not a file of positions" }
      : { kind: "loaded", positions };
  }

  /** Answers whether they are written; a failure is logged once until it is over. */
  async save(positions: SavedPositions): Promise<boolean> {
    const { savedAtMs, files, cursors } = positions;
    const text = JSON.stringify({ version: VERSION, saved_at_ms: savedAtMs, files, cursors });
    const fresh = `${this.#path}.new`;
    try {
      await Deno.writeTextFile(fresh, text, { mode: 0o600 });
      await rename(fresh, this.#path);
      this.#failing = false;
      return true;
    } catch (error) {
      if (!this.#failing) {
        this.#log.warn("log_positions_not_written", { path: this.#path, error: String(error) });
      }
      this.#failing = true;
      return false;
    }
  }
}

/** Null when the text is not what `save` writes. */
export function parsePositions(text: string): SavedPositions | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || value["version"] !== VERSION) return null;
  const { saved_at_ms: savedAtMs, files, cursors } = value;
  if (typeof savedAtMs !== "number" || !Array.isArray(files) || !isRecord(cursors)) return null;
  const positions: FilePosition[] = [];
  for (const one of files) {
    const position = filePosition(one);
    if (position === null) return null;
    positions.push(position);
  }
  const texts = Object.entries(cursors).filter((entry): entry is [string, string] =>
    typeof entry[1] === "string"
  );
  return { savedAtMs, files: positions, cursors: Object.fromEntries(texts) };
}

function filePosition(value: unknown): FilePosition | null {
  if (!isRecord(value)) return null;
  const { path, dev, ino, offset, probe, acknowledged, head } = value;
  if (typeof path !== "string" || !isCount(dev) || !isCount(ino)) return null;
  if (!isCount(offset) || !isCount(acknowledged) || acknowledged < offset) return null;
  if (typeof probe !== "string" || typeof head !== "string") return null;
  if (!HEX.test(probe) || !HEX.test(head) || probe.length / 2 > offset) return null;
  return { path, dev, ino, offset, probe, acknowledged, head };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

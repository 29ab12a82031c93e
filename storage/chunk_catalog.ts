import type { Signal } from "../mod/columns/column.ts";
import { SIGNALS } from "../mod/columns/column.ts";
import { assert } from "../mod/errors.ts";
import { openTable } from "./schema.ts";

const HOUR_US = 3_600_000_000;

/** Span of time that a chunk covers, microseconds. */
export const CHUNK_SPAN_US = HOUR_US;

/** An open chunk with this many rows is closed even though its hour is not over. */
export const MAX_OPEN_ROWS: Readonly<Record<Signal, number>> = {
  metrics: 2_000_000,
  histograms: 200_000,
  spans: 250_000,
  logs: 500_000,
};

/** How long after its hour a chunk stays open for late rows, microseconds. */
const CLOSE_AFTER_US = 60_000_000;
/** A chunk of a past hour is closed once nothing came for it for this long, milliseconds. */
const LATE_IDLE_MS = 30_000;

/**
 * - `open`: takes appends.
 * - `closed`: takes no more; waits to be sealed, or is being sealed.
 * - `sealed`: sorted and compressed.
 */
export type ChunkState = "open" | "closed" | "sealed";

/** What names a chunk, also on disk. */
export interface ChunkId {
  readonly signal: Signal;
  readonly number: number;
  /** Start of its hour, microseconds since the Unix epoch. */
  readonly bucketUs: number;
}

export interface Chunk extends ChunkId {
  /** Full name of its table. */
  table: string;
  state: ChunkState;
  rows: number;
  /** Measured when sealed; until then the bytes that came in. */
  bytes: number;
  minTsUs: number;
  maxTsUs: number;
  lastAppendMs: number;
}

/** Which chunks there are. Plain bookkeeping: tables are made and dropped by the caller. */
export class ChunkCatalog {
  readonly #chunks: Record<Signal, Chunk[]> = { metrics: [], histograms: [], spans: [], logs: [] };
  #nextNumber = 1;

  of(signal: Signal): readonly Chunk[] {
    return this.#chunks[signal];
  }

  *all(): Generator<Chunk> {
    for (const signal of SIGNALS) yield* this.#chunks[signal];
  }

  openChunk(signal: Signal, bucketUs: number): Chunk | undefined {
    return this.#chunks[signal].find((c) => c.state === "open" && c.bucketUs === bucketUs);
  }

  /** `number` is given for a chunk that comes back from disk, which keeps its own. */
  create(signal: Signal, bucketUs: number, nowMs: number, number = this.#nextNumber): Chunk {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    const chunk: Chunk = {
      signal,
      number,
      bucketUs,
      table: openTable(signal, number),
      state: "open",
      rows: 0,
      bytes: 0,
      minTsUs: Infinity,
      maxTsUs: -Infinity,
      lastAppendMs: nowMs,
    };
    this.#chunks[signal].push(chunk);
    return chunk;
  }

  remove(chunk: Chunk): void {
    const chunks = this.#chunks[chunk.signal];
    const at = chunks.indexOf(chunk);
    assert(at >= 0, "a chunk is removed once");
    chunks.splice(at, 1);
  }

  /** Closes the open chunks that are full, or whose hour is over. Answers those closed. */
  closeDue(nowMs: number): Chunk[] {
    const due: Chunk[] = [];
    for (const chunk of this.all()) {
      if (chunk.state !== "open" || chunk.rows === 0) continue;
      const over = nowMs * 1000 > chunk.bucketUs + CHUNK_SPAN_US + CLOSE_AFTER_US &&
        nowMs - chunk.lastAppendMs > LATE_IDLE_MS;
      if (!over && chunk.rows < MAX_OPEN_ROWS[chunk.signal]) continue;
      chunk.state = "closed";
      due.push(chunk);
    }
    return due;
  }

  /** Bytes of all chunks, each as far as it is known. */
  bytes(): number {
    let bytes = 0;
    for (const chunk of this.all()) bytes += chunk.bytes;
    return bytes;
  }

  /** Bytes of chunks that wait to be sealed. */
  unsealedBytes(): number {
    let bytes = 0;
    for (const chunk of this.all()) if (chunk.state === "closed") bytes += chunk.bytes;
    return bytes;
  }

  /** The closed chunk to seal next: the oldest. */
  nextToSeal(): Chunk | undefined {
    let oldest: Chunk | undefined;
    for (const chunk of this.all()) {
      if (chunk.state !== "closed") continue;
      if (oldest === undefined || chunk.number < oldest.number) oldest = chunk;
    }
    return oldest;
  }

  /** Chunks whose newest row is older than the signal's retention. */
  expired(nowMs: number, retentionMs: Readonly<Record<Signal, number>>): Chunk[] {
    return [...this.all()].filter((c) =>
      c.rows > 0 && c.maxTsUs < (nowMs - retentionMs[c.signal]) * 1000
    );
  }

  /** The chunk with the oldest data, to make room; null when only one is left. */
  oldest(): Chunk | null {
    let oldest: Chunk | null = null;
    let count = 0;
    for (const chunk of this.all()) {
      if (chunk.rows === 0) continue;
      count++;
      if (oldest === null || chunk.maxTsUs < oldest.maxTsUs) oldest = chunk;
    }
    return count > 1 ? oldest : null;
  }
}

/** The hour that a time falls into, microseconds since the Unix epoch. */
export function bucketOf(tsUs: number): number {
  return Math.floor(tsUs / CHUNK_SPAN_US) * CHUNK_SPAN_US;
}

import type { Signal } from "../mod/columns/column.ts";
import { SIGNALS } from "../mod/columns/column.ts";
import { assert } from "../mod/errors.ts";
import { openTable } from "./schema.ts";

const HOUR_US = 3_600_000_000;

/**
 * Span of time that a signal's chunk covers, microseconds. Events are few and kept for weeks: by the
 * hour there would be hundreds of tables with hardly a row.
 */
export function chunkSpanUs(signal: Signal): number {
  return signal === "events" ? 24 * HOUR_US : HOUR_US;
}

/** An open chunk with this many rows is closed even though its span of time is not over. */
export const MAX_OPEN_ROWS: Readonly<Record<Signal, number>> = {
  metrics: 2_000_000,
  histograms: 200_000,
  spans: 250_000,
  logs: 500_000,
  events: 200_000,
};

/** How long after its span a chunk stays open for late rows, microseconds. */
const CLOSE_AFTER_US = 60_000_000;
/** A chunk of a past span is closed once nothing came for it for this long, milliseconds. */
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
  /** Start of its span of time, microseconds since the Unix epoch. */
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
  readonly #chunks: Record<Signal, Chunk[]> = {
    metrics: [],
    histograms: [],
    spans: [],
    logs: [],
    events: [],
  };
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

  /** Closes the open chunks that are full, or whose span of time is over. Answers those closed. */
  closeDue(nowMs: number): Chunk[] {
    const due: Chunk[] = [];
    for (const chunk of this.all()) {
      if (chunk.state !== "open" || chunk.rows === 0) continue;
      const over = nowMs * 1000 > chunk.bucketUs + chunkSpanUs(chunk.signal) + CLOSE_AFTER_US &&
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

  /**
   * The chunk with the oldest data, to make room; null when only one is left. Events are the
   * oldest by far, since they are kept longest, and the least: they go in their turn once they
   * take more than `eventBytes`, or when there is nothing else to take.
   */
  oldest(eventBytes: number): Chunk | null {
    const filled = [...this.all()].filter(({ rows }) => rows > 0);
    const others = filled.filter(({ signal }) => signal !== "events");
    const spared = this.#chunks.events.reduce((sum, { bytes }) => sum + bytes, 0) <= eventBytes;
    const candidates = spared && others.length > 1 ? others : filled;
    if (candidates.length < 2) return null;
    return candidates.reduce((oldest, chunk) => chunk.maxTsUs < oldest.maxTsUs ? chunk : oldest);
  }
}

/** Start of the chunk that a time of a signal falls into, microseconds since the Unix epoch. */
export function bucketOf(signal: Signal, tsUs: number): number {
  const spanUs = chunkSpanUs(signal);
  return Math.floor(tsUs / spanUs) * spanUs;
}

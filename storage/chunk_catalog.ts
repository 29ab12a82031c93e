import { assert } from "../mod/errors.ts";
import { isRolledUp, type Rollup, ROLLUPS } from "../mod/metrics/rollup.ts";
import { CHUNK_KINDS, type ChunkKind, isRollup, tierOf } from "./chunk_kind.ts";
import { openTable } from "./schema.ts";

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;

/**
 * Span of time that a chunk covers, microseconds. Events and rollups are few and kept for long: by the
 * hour there would be thousands of tables with hardly a row. Every span is whole hours, so that the
 * rollup of a chunk of raw rows lies in one span.
 */
export function chunkSpanUs(kind: ChunkKind): number {
  if (isRollup(kind)) return tierOf(kind) === "1m" ? DAY_US : 30 * DAY_US;
  return kind === "events" ? DAY_US : HOUR_US;
}

/** Rows of a full chunk, for a memory budget of `FULL_BUDGET_BYTES` and more. */
const FULL_CHUNK_ROWS: Readonly<Record<ChunkKind, number>> = {
  metrics: 2_000_000,
  histograms: 200_000,
  exemplars: 500_000,
  spans: 250_000,
  logs: 500_000,
  events: 200_000,
  rollups_1m: 500_000,
  rollups_1h: 250_000,
  histogram_rollups_1m: 100_000,
  histogram_rollups_1h: 50_000,
};

const FULL_BUDGET_BYTES = 1024 ** 3;
/** Smaller budgets have smaller chunks, down to this many rows: each chunk costs a query some planning. */
const LEAST_CHUNK_ROWS = 5_000;
/** Share of the budget that a chunk may take before it is sealed, whatever its rows. */
const CHUNK_SHARE = 1 / 8;

/** When a chunk is full: closed, even though its span of time is not over. */
export interface ChunkLimits {
  readonly rows: Readonly<Record<ChunkKind, number>>;
  /** Memory before it is sealed. */
  readonly bytes: number;
}

/**
 * Sealing makes a sorted copy of a chunk, and making room drops whole chunks: a chunk must be small
 * beside the memory budget.
 */
export function chunkLimits(budgetBytes: number): ChunkLimits {
  const share = Math.min(1, budgetBytes / FULL_BUDGET_BYTES);
  const rows = { ...FULL_CHUNK_ROWS };
  for (const kind of CHUNK_KINDS) {
    rows[kind] = Math.max(LEAST_CHUNK_ROWS, Math.floor(FULL_CHUNK_ROWS[kind] * share));
  }
  return { rows, bytes: budgetBytes * CHUNK_SHARE };
}

/** How long after its span a chunk stays open for late rows, microseconds. */
const CLOSE_AFTER_US = 60_000_000;
/** The same for rollups, which are made of chunks that were closed and sealed before. */
const CLOSE_ROLLUP_AFTER_US = 2 * HOUR_US;
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
  readonly signal: ChunkKind;
  readonly number: number;
  /** Start of its span of time, microseconds since the Unix epoch. */
  readonly bucketUs: number;
}

export interface Chunk extends ChunkId {
  /** Full name of its table. */
  table: string;
  state: ChunkState;
  rows: number;
  /** Memory that it takes: an estimate (`ChunkFootprint`) until it is sealed. */
  bytes: number;
  /** As its rows came in, columns of Arrow IPC; also once it is sealed. */
  receivedBytes: number;
  minTsUs: number;
  maxTsUs: number;
  lastAppendMs: number;
  /** Of a rollup: the raw chunks, by number, that its rows were made of, and the start of their hour. */
  readonly sources: Map<number, number>;
  /**
   * Of raw rows that are rolled up: the largest series id whose rows are in each rollup. They are
   * rolled up in the order of their ids, and `rolledUp` is true once all are.
   */
  readonly rolledThrough: Map<Rollup, number>;
  rolledUp: boolean;
}

/** What is spared when room is made, bytes; see `ChunkCatalog.oldest`. */
export interface SparedBytes {
  readonly events: number;
  readonly rollups: number;
}

/** Which chunks there are. Plain bookkeeping: tables are made and dropped by the caller. */
export class ChunkCatalog {
  readonly #limits: ChunkLimits;
  readonly #chunks: Record<ChunkKind, Chunk[]> = {
    metrics: [],
    histograms: [],
    exemplars: [],
    spans: [],
    logs: [],
    events: [],
    rollups_1m: [],
    rollups_1h: [],
    histogram_rollups_1m: [],
    histogram_rollups_1h: [],
  };
  #nextNumber = 1;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  of(kind: ChunkKind): readonly Chunk[] {
    return this.#chunks[kind];
  }

  *all(): Generator<Chunk> {
    for (const kind of CHUNK_KINDS) yield* this.#chunks[kind];
  }

  openChunk(signal: ChunkKind, bucketUs: number): Chunk | undefined {
    return this.#chunks[signal].find((c) => c.state === "open" && c.bucketUs === bucketUs);
  }

  /** `number` is given for a chunk that comes back from disk, which keeps its own. */
  create(signal: ChunkKind, bucketUs: number, nowMs: number, number = this.#nextNumber): Chunk {
    this.reserveThrough(number);
    const chunk: Chunk = {
      signal,
      number,
      bucketUs,
      table: openTable(signal, number),
      state: "open",
      rows: 0,
      bytes: 0,
      receivedBytes: 0,
      minTsUs: Infinity,
      maxTsUs: -Infinity,
      lastAppendMs: nowMs,
      sources: new Map(),
      rolledThrough: new Map(),
      rolledUp: !isRolledUp(signal),
    };
    this.#chunks[signal].push(chunk);
    return chunk;
  }

  /** Numbers up to this one are taken: by a file that is not loaded, or as the source of a rollup. */
  reserveThrough(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  remove(chunk: Chunk): void {
    const chunks = this.#chunks[chunk.signal];
    const at = chunks.indexOf(chunk);
    assert(at >= 0, "a chunk is removed once");
    chunks.splice(at, 1);
  }

  isFull({ signal, rows, bytes }: Chunk): boolean {
    return rows >= this.#limits.rows[signal] || bytes >= this.#limits.bytes;
  }

  /** Closes the open chunks that are full, or whose span of time is over. Answers those closed. */
  closeDue(nowMs: number): Chunk[] {
    const due: Chunk[] = [];
    for (const chunk of this.all()) {
      if (chunk.state !== "open" || chunk.rows === 0) continue;
      const over = spanIsOver(chunk, nowMs) && nowMs - chunk.lastAppendMs > LATE_IDLE_MS;
      if (!over && !this.isFull(chunk)) continue;
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

  /** The sealed chunk to roll up next: the oldest. */
  nextToRollUp(): Chunk | undefined {
    let oldest: Chunk | undefined;
    for (const chunk of this.all()) {
      if (chunk.rolledUp || chunk.state !== "sealed") continue;
      if (oldest === undefined || chunk.number < oldest.number) oldest = chunk;
    }
    return oldest;
  }

  /** Chunks whose newest row is older than its retention; what is to be rolled up waits for that. */
  expired(nowMs: number, retentionMs: Readonly<Record<ChunkKind, number>>): Chunk[] {
    return [...this.all()].filter((c) =>
      c.rows > 0 && c.rolledUp && c.maxTsUs < (nowMs - retentionMs[c.signal]) * 1000
    );
  }

  /** Time of the oldest row that names a series, microseconds; infinite when there is none. */
  oldestSeriesUs(): number {
    let oldest = Infinity;
    for (const kind of ["metrics", "histograms", "exemplars", ...ROLLUPS] as const) {
      for (const { rows, minTsUs } of this.#chunks[kind]) {
        if (rows > 0) oldest = Math.min(oldest, minTsUs);
      }
    }
    return oldest;
  }

  /**
   * The chunk to give up when room is made; null when only one is left. Events and rollups are the
   * oldest by far, since they are kept longest: they are spared while they take no more than
   * `spared`, and rows of other signals go, the oldest first. Of rollups the finer go first.
   */
  oldest(spared: SparedBytes): Chunk | null {
    const filled = [...this.all()].filter(({ rows }) => rows > 0);
    if (filled.length < 2) return null;
    const events = filled.filter(({ signal }) => signal === "events");
    const fine = filled.filter(({ signal }) => tierOf(signal) === "1m");
    const coarse = filled.filter(({ signal }) => tierOf(signal) === "1h");
    const raw = filled.filter(({ signal }) => signal !== "events" && !isRollup(signal));
    if (bytesOf([...fine, ...coarse]) > spared.rollups) {
      return oldestOf(fine.length > 0 ? fine : coarse);
    }
    if (bytesOf(events) > spared.events) return oldestOf([...raw, ...events]);
    // One chunk is left to what comes in, as long as there is something else to take.
    let candidates: Chunk[] = [];
    for (const more of [raw, events, fine, coarse]) {
      candidates = [...candidates, ...more];
      if (candidates.length > 1) break;
    }
    return oldestOf(candidates);
  }
}

function bytesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { bytes }) => sum + bytes, 0);
}

function oldestOf(chunks: readonly Chunk[]): Chunk {
  return chunks.reduce((oldest, chunk) => chunk.maxTsUs < oldest.maxTsUs ? chunk : oldest);
}

/** Whether no more rows are expected for a chunk but late ones. */
export function spanIsOver({ signal, bucketUs }: ChunkId, nowMs: number): boolean {
  const afterUs = isRollup(signal) ? CLOSE_ROLLUP_AFTER_US : CLOSE_AFTER_US;
  return nowMs * 1000 > bucketUs + chunkSpanUs(signal) + afterUs;
}

/** Start of the chunk that a time falls into, microseconds since the Unix epoch. */
export function bucketOf(kind: ChunkKind, tsUs: number): number {
  const spanUs = chunkSpanUs(kind);
  return Math.floor(tsUs / spanUs) * spanUs;
}

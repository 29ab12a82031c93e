import { tableFromIPC } from "apache-arrow";
import { assert } from "../mod/errors.ts";
import {
  isRolledUp,
  type Rollup,
  ROLLUP_TIERS,
  ROLLUPS_OF,
  type RollupTier,
} from "../mod/metrics/rollup.ts";
import type { Chunk } from "./chunk_catalog.ts";
import type { Engine } from "./engine.ts";
import { endedStream } from "./ipc_stream.ts";
import {
  type RollupSource,
  rollupStatement,
  seriesCountStatement,
  type SeriesRange,
} from "./rollup_sql.ts";

/**
 * Raw rows that are rolled up in one statement, about: its result is held in memory and appended in
 * one go. A series is never divided.
 */
const PIECE_ROWS = 50_000;

/** Rows of a rollup, made of some series of a chunk. */
export interface RollupPart {
  readonly kind: "part";
  readonly chunk: Chunk;
  readonly rollup: Rollup;
  /** Every series of the chunk up to this id is in the rollup once the part is kept. */
  readonly through: number;
  readonly rows: number;
  readonly ipc: Uint8Array<ArrayBuffer>;
}

/** What a slice of rolling up brought. */
export type RollerStep =
  | RollupPart
  | { readonly kind: "done"; readonly chunk: Chunk }
  | { readonly kind: "more" };

const MORE: RollerStep = { kind: "more" };

interface Piece {
  readonly rollup: Rollup;
  readonly tier: RollupTier;
  readonly range: SeriesRange;
}

interface Current {
  readonly chunk: Chunk;
  readonly source: RollupSource;
  /** Null until the rows of each series were counted. */
  pieces: Piece[] | null;
  /** What the statement under way is for; null: none is under way. */
  running: Piece | "counts" | null;
  fetching: boolean;
  parts: Uint8Array[];
}

/**
 * Rolls sealed chunks up, one at a time and some series at a time, as pending queries on the sealing
 * connection: the caller must not seal meanwhile. It only reads; the caller keeps the parts, in
 * order, and notes in the chunk how far it came. What was cut short goes on from there.
 */
export class Roller {
  readonly #engine: Engine;
  #current: Current | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get chunk(): Chunk | null {
    return this.#current?.chunk ?? null;
  }

  start(chunk: Chunk): void {
    assert(this.#current === null, "one chunk is rolled up at a time");
    assert(isRolledUp(chunk.signal), "only samples and histograms are rolled up");
    const source = { signal: chunk.signal, number: chunk.number, table: chunk.table };
    this.#current = { chunk, source, pieces: null, running: null, fetching: false, parts: [] };
  }

  /** Runs one slice. */
  step(): RollerStep {
    const current = this.#current;
    if (current === null) return MORE;
    if (current.running === null) return this.#next(current);
    const { db, sealer } = this.#engine;
    if (!current.fetching) {
      const header = db.pollPendingQuery(sealer);
      if (header !== null) this.#take(current, header);
      return MORE;
    }
    const part = db.fetchQueryResults(sealer);
    if (part === null) return MORE;
    if (part.length > 0) {
      // The engine's buffer is used again for the next part.
      current.parts.push(part.slice());
      return MORE;
    }
    return this.#finish(current, current.running);
  }

  /** Gives up on the chunk; it may be started again. */
  abandon(): void {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    if (current.running === null) return;
    const { db, sealer } = this.#engine;
    db.cancelPendingQuery(sealer);
    // Ends the transaction, which would keep what is dropped in memory.
    db.runQuery(sealer, "SELECT 1");
  }

  #next(current: Current): RollerStep {
    if (current.pieces === null) {
      const above = Math.min(...doneThrough(current.chunk).values());
      if (above === Infinity) {
        this.#current = null;
        return { kind: "done", chunk: current.chunk };
      }
      this.#run(current, "counts", seriesCountStatement(current.source.table, above));
      return MORE;
    }
    const piece = current.pieces.shift();
    if (piece === undefined) {
      this.#current = null;
      return { kind: "done", chunk: current.chunk };
    }
    this.#run(current, piece, rollupStatement(current.source, piece.tier, piece.range));
    return MORE;
  }

  #run(current: Current, running: Piece | "counts", sql: string): void {
    const { db, sealer } = this.#engine;
    current.running = running;
    current.fetching = false;
    current.parts = [];
    const header = db.startPendingQuery(sealer, sql, true);
    if (header !== null) this.#take(current, header);
  }

  #take(current: Current, header: Uint8Array): void {
    current.fetching = true;
    current.parts.push(header.slice());
  }

  #finish(current: Current, running: Piece | "counts"): RollerStep {
    const ipc = endedStream(current.parts);
    current.parts = [];
    current.running = null;
    const table = tableFromIPC(ipc);
    if (running === "counts") {
      const ranges = rangesOf(
        table.toArray().map((row) => [Number(row["series_id"]), Number(row["rows"])] as const),
      );
      current.pieces = piecesOf(current.chunk, current.source, ranges);
      return MORE;
    }
    const { rollup, range } = running;
    const { chunk } = current;
    return { kind: "part", chunk, rollup, through: range.to, rows: table.numRows, ipc };
  }
}

/** How far each rollup of a chunk came: a series id; -1 before the first, infinite when not to be made. */
function doneThrough(chunk: Chunk): Map<Rollup, number> {
  assert(isRolledUp(chunk.signal), "only samples and histograms are rolled up");
  const rollups = Object.values(ROLLUPS_OF[chunk.signal]);
  return new Map(rollups.map((rollup) => [rollup, chunk.rolledThrough.get(rollup) ?? -1]));
}

/** Cuts series, given with their rows by ascending id, into stretches of about `PIECE_ROWS`. */
export function rangesOf(
  counts: readonly (readonly [seriesId: number, rows: number])[],
): SeriesRange[] {
  const ranges: SeriesRange[] = [];
  let open: { from: number; to: number } | null = null;
  let rows = 0;
  for (const [id, count] of counts) {
    if (open === null) open = { from: id, to: id };
    open.to = id;
    rows += count;
    if (rows < PIECE_ROWS) continue;
    ranges.push(open);
    open = null;
    rows = 0;
  }
  if (open !== null) ranges.push(open);
  return ranges;
}

/** The finer rollup first; of each what is not done yet. */
function piecesOf(chunk: Chunk, source: RollupSource, ranges: readonly SeriesRange[]): Piece[] {
  const done = doneThrough(chunk);
  return ROLLUP_TIERS.flatMap((tier) => {
    const rollup = ROLLUPS_OF[source.signal][tier];
    const above = done.get(rollup) ?? -1;
    return ranges.filter(({ to }) => to > above).map(({ from, to }) => ({
      rollup,
      tier,
      range: { from: Math.max(from, above + 1), to },
    }));
  });
}

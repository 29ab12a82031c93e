import { tableFromIPC } from "apache-arrow";
import type { Clock } from "../mod/clock.ts";
import { assert } from "../mod/errors.ts";
import { ROLLUP_US } from "../mod/metrics/rollup.ts";
import { bucketOf, type Chunk, type ChunkCatalog } from "./chunk_catalog.ts";
import type { ChunkTables } from "./chunk_tables.ts";
import { tierOf } from "./chunk_kind.ts";
import type { DataDir } from "./data_dir.ts";
import type { Engine } from "./engine.ts";
import type { KeyUsage } from "./key_usage.ts";
import type { QueryQueue } from "./query_queue.ts";
import { Roller, type RollupPart } from "./roller.ts";
import { Sealer } from "./sealer.ts";
import type { TailSampling } from "./tail_sampling.ts";

/** No chunk is taken to be smaller once sealed, in shares of what it took open. */
const LEAST_SEALED_SHARE = 0.02;
/** How long compressing waits for a moment without queries before it holds back new ones. */
const COMPRESS_PATIENCE_MS = 2_000;

export interface SealingDeps {
  readonly engine: Engine;
  readonly catalog: ChunkCatalog;
  readonly tables: ChunkTables;
  readonly queries: QueryQueue;
  readonly keys: KeyUsage;
  /** Null in memory-only mode. */
  readonly disk: DataDir | null;
  /** Which traces are left of a chunk of spans; null: all. */
  readonly tailSampling: TailSampling | null;
  /** Told of spans that tail sampling has not left; a chunk without any (`empty`) is to be dropped. */
  readonly onSampled: (chunk: Chunk, rows: number, empty: boolean) => void;
  readonly clock: Clock;
}

/**
 * Brings closed chunks to their last form, one at a time and a slice at a time: sorted, compressed, rolled up.
 * The chunk being worked on keeps what is evicted in memory.
 */
export class Sealing {
  readonly #deps: SealingDeps;
  readonly #sealer: Sealer;
  readonly #roller: Roller;
  #sealedChunks = 0;
  /** Since when a sealed chunk waits to be compressed; null when none does. */
  #compressDueMs: number | null = null;
  #lastSealed: Chunk | null = null;
  /** Bytes in the engine that are of no chunk, by the catalog's count, when sealing last began. */
  #unbookedBytes = 0;
  /** False while a transaction stood in the way of compressing; the next tick tries again. */
  #sealsNow = true;

  constructor(deps: SealingDeps) {
    this.#deps = deps;
    this.#sealer = new Sealer(deps.engine, deps.tailSampling);
    this.#roller = new Roller(deps.engine);
  }

  /** Chunks sealed so far. */
  get total(): number {
    return this.#sealedChunks;
  }

  /** The chunk of which a sorted copy is being made; null when none is. */
  get sealingChunk(): Chunk | null {
    return this.#sealer.chunk;
  }

  /** Whether a statement of sealing is pending, which keeps dropped tables alive. */
  get pending(): boolean {
    return this.#sealer.chunk !== null || this.#roller.chunk !== null;
  }

  /**
   * Whether `step` has something to do. A chunk that is being sealed or rolled up is finished in any case:
   * it keeps what is evicted in memory.
   */
  get busy(): boolean {
    const { catalog } = this.#deps;
    if (this.pending) return true;
    return this.#sealsNow &&
      (this.#compressDueMs !== null || catalog.nextToSeal() !== undefined ||
        catalog.nextToRollUp() !== undefined);
  }

  /** To be called each second: what stood in the way may be gone. */
  tick(): void {
    this.#sealsNow = true;
  }

  /** Gives up on a chunk, because it is to be dropped. */
  abandon(chunk: Chunk): void {
    if (this.#sealer.chunk === chunk) this.#sealer.abandon();
    if (this.#roller.chunk === chunk) this.#roller.abandon();
  }

  /** Gives up on whatever is under way; it begins again later. */
  abandonAll(): void {
    this.#sealer.abandon();
    this.#roller.abandon();
  }

  /** Seals every closed chunk, to the end. For the start, when nothing else waits. */
  finishAll(): void {
    const { catalog } = this.#deps;
    while (this.#sealer.chunk !== null || catalog.nextToSeal() !== undefined) this.step();
    if (this.#compressDueMs !== null) this.step();
  }

  /** One slice of sealing, compressing or rolling up. */
  step(): void {
    const { engine, catalog, tables, queries, disk, keys, clock, tailSampling } = this.#deps;
    if (this.#roller.chunk !== null) return this.#rollUp();
    // The sealing statement is a pending query too: it must not be under way either.
    if (this.#compressDueMs !== null) return this.#compress(this.#compressDueMs);
    if (this.#sealer.chunk === null) {
      const next = catalog.nextToSeal();
      if (next !== undefined) {
        this.#unbookedBytes = engine.usedBytes() - catalog.bytes();
        return this.#sealer.start(next);
      }
      const sealed = catalog.nextToRollUp();
      if (sealed !== undefined) this.#roller.start(sealed);
      return;
    }
    const sealed = this.#sealer.step();
    if (sealed === null) return;
    const { chunk, table } = sealed;
    const open = chunk.table;
    const before = engine.usedBytes();
    engine.transaction(() => {
      chunk.table = table;
      chunk.state = "sealed";
      tables.defineView(chunk.signal);
      engine.run(`DROP TABLE ${open}`);
    });
    if (disk === null) keys.drop(chunk);
    // A query that reads the table keeps its memory.
    if (!queries.running) this.#measureOpen(chunk, before - engine.usedBytes());
    this.#sealedChunks++;
    this.#compressDueMs = clock.monotonicMs();
    this.#lastSealed = chunk;
    if (chunk.signal === "spans" && tailSampling !== null) this.#countLeft(chunk);
  }

  #measureOpen(chunk: Chunk, bytes: number): void {
    this.#deps.tables.footprint.measured(chunk.signal, chunk.receivedBytes, bytes);
    this.#unbookedBytes -= bytes - chunk.bytes;
    chunk.bytes = bytes;
  }

  /** Books what tail sampling has left of a chunk. */
  #countLeft(chunk: Chunk): void {
    const row = tableFromIPC(this.#deps.engine.run(
      `SELECT count(*)::DOUBLE n, epoch_us(min(ts))::DOUBLE lo, epoch_us(max(ts))::DOUBLE hi
       FROM ${chunk.table}`,
    )).get(0);
    const left = Number(row?.["n"]);
    const gone = chunk.rows - left;
    chunk.bytes *= left / Math.max(1, chunk.rows);
    chunk.rows = left;
    if (left > 0) {
      chunk.minTsUs = Number(row?.["lo"]);
      chunk.maxTsUs = Number(row?.["hi"]);
    }
    this.#deps.onSampled(chunk, gone, left === 0);
  }

  /** One slice of rolling up; a part of the rollup is kept as an append is. */
  #rollUp(): void {
    const step = this.#roller.step();
    if (step.kind === "done") step.chunk.rolledUp = true;
    if (step.kind === "part") this.#keepRollup(step);
  }

  #keepRollup({ chunk: source, rollup, through, rows, ipc }: RollupPart): void {
    const { engine, tables, disk } = this.#deps;
    const tier = tierOf(rollup);
    assert(tier !== null, "a rollup has a tier");
    const chunk = tables.chunkFor(rollup, bucketOf(rollup, source.bucketUs));
    engine.transaction(() => engine.insert(chunk.table, ipc));
    const startOf = (tsUs: number) => Math.floor(tsUs / ROLLUP_US[tier]) * ROLLUP_US[tier];
    const meta = { rows, minTsUs: startOf(source.minTsUs), maxTsUs: startOf(source.maxTsUs) };
    tables.book(chunk, meta, ipc);
    disk?.endAppend();
    chunk.sources.set(source.number, source.bucketUs);
    source.rolledThrough.set(rollup, through);
    tables.closeDue();
  }

  /** Compresses once no query is pending; holds new ones back when it has waited for long. */
  #compress(dueMs: number): void {
    const { engine, catalog, queries, clock } = this.#deps;
    if (queries.running) {
      if (clock.monotonicMs() - dueMs > COMPRESS_PATIENCE_MS) queries.hold();
      return;
    }
    if (!engine.compress()) {
      // The next tick decides anew; asking at once would only turn in circles.
      this.#sealsNow = false;
      return;
    }
    const sealed = this.#lastSealed;
    if (sealed !== null) {
      // What is used and neither was unbooked before nor is of another chunk.
      const bytes = engine.usedBytes() - this.#unbookedBytes - (catalog.bytes() - sealed.bytes);
      sealed.bytes = Math.min(sealed.bytes, Math.max(sealed.bytes * LEAST_SEALED_SHARE, bytes));
    }
    this.#lastSealed = null;
    this.#compressDueMs = null;
    queries.release();
  }
}

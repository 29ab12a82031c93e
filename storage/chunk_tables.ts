import { tableFromIPC } from "apache-arrow";
import type { Clock } from "../mod/clock.ts";
import {
  bucketOf,
  type Chunk,
  type ChunkCatalog,
  type ChunkId,
  chunkSpanUs,
} from "./chunk_catalog.ts";
import { ChunkFootprint } from "./chunk_footprint.ts";
import type { ChunkKind } from "./chunk_kind.ts";
import type { DataDir } from "./data_dir.ts";
import type { Engine } from "./engine.ts";
import { streamOf } from "./ipc_stream.ts";
import type { KeyUsage } from "./key_usage.ts";
import type { BatchFrame } from "./messages.ts";
import { openChunkColumns, viewStatement } from "./schema.ts";

/** What there is to know of rows before they are booked. */
export interface RowsMeta {
  readonly rows: number;
  readonly minTsUs: number;
  readonly maxTsUs: number;
}

interface BucketRows extends RowsMeta {
  readonly bucketUs: number;
}

export interface ChunkTablesDeps {
  readonly engine: Engine;
  readonly catalog: ChunkCatalog;
  /** Null in memory-only mode. */
  readonly disk: DataDir | null;
  readonly keys: KeyUsage;
  readonly clock: Clock;
}

/**
 * The tables of the chunks in the catalog, the views over them, and how rows come into them: the
 * catalog, the engine and the data directory say the same once a call is through.
 */
export class ChunkTables {
  readonly #engine: Engine;
  readonly #catalog: ChunkCatalog;
  readonly #disk: DataDir | null;
  readonly #clock: Clock;
  readonly #keys: KeyUsage;
  readonly footprint = new ChunkFootprint();
  #stage = 0;

  constructor({ engine, catalog, disk, keys, clock }: ChunkTablesDeps) {
    this.#engine = engine;
    this.#catalog = catalog;
    this.#disk = disk;
    this.#clock = clock;
    this.#keys = keys;
  }

  /** The open chunk of a span of time, made when there is none. */
  chunkFor(kind: ChunkKind, bucketUs: number): Chunk {
    return this.#catalog.openChunk(kind, bucketUs) ?? this.make(kind, bucketUs);
  }

  make(kind: ChunkKind, bucketUs: number): Chunk {
    const chunk = this.#catalog.create(kind, bucketUs, this.#clock.nowMs());
    this.#engine.run(`CREATE TABLE ${chunk.table} (${openChunkColumns(kind)})`);
    this.defineView(kind);
    return chunk;
  }

  /** To be called whenever a chunk of the kind has come, gone or got another table. */
  defineView(kind: ChunkKind): void {
    const chunks = this.#catalog.of(kind).map(({ table, state }) => ({
      table,
      open: state !== "sealed",
    }));
    this.#engine.run(viewStatement(kind, chunks));
  }

  /** Whether a frame goes into one chunk, which is there already: a single insert, all or nothing by itself. */
  isOneInsert({ signal, minTsUs, maxTsUs }: BatchFrame): boolean {
    const bucket = bucketOf(signal, minTsUs);
    return bucket === bucketOf(signal, maxTsUs) &&
      this.#catalog.openChunk(signal, bucket) !== undefined;
  }

  /**
   * Inserts a frame into the chunk of its time; a frame that reaches over several goes through a staging
   * table and is split there. Answers what to book once the transaction is through.
   */
  route(frame: BatchFrame): (() => void)[] {
    const bucket = bucketOf(frame.signal, frame.minTsUs);
    if (bucket === bucketOf(frame.signal, frame.maxTsUs)) {
      const chunk = this.chunkFor(frame.signal, bucket);
      this.#engine.insert(chunk.table, frame.ipc);
      return [() => this.book(chunk, frame, frame.ipc, frame.keyIds)];
    }
    const stage = `stage_${this.#stage++}`;
    this.#engine.run(`CREATE TABLE ${stage} (${openChunkColumns(frame.signal)})`);
    this.#engine.insert(stage, frame.ipc);
    const booked: (() => void)[] = [];
    for (const span of this.#spansOf(stage, frame.signal)) {
      const chunk = this.chunkFor(frame.signal, span.bucketUs);
      const end = span.bucketUs + chunkSpanUs(frame.signal);
      // The engine answers in Arrow's file format and takes in only its stream format.
      const part = streamOf(this.#engine.run(
        `SELECT * FROM ${stage}
         WHERE ts >= make_timestamp(${span.bucketUs}) AND ts < make_timestamp(${end})`,
      ));
      this.#engine.insert(chunk.table, part);
      booked.push(() => this.book(chunk, span, part, frame.keyIds));
    }
    this.#engine.run(`DROP TABLE ${stage}`);
    return booked;
  }

  /** Accounts for rows that were inserted, and writes them to the data directory. */
  book(
    chunk: Chunk,
    { rows, minTsUs, maxTsUs }: RowsMeta,
    ipc: Uint8Array,
    keyIds: Iterable<number> = [],
  ): void {
    this.#keys.note(chunk, keyIds);
    this.#disk?.logRows(chunk, { rows, minTsUs, maxTsUs }, ipc);
    chunk.rows += rows;
    chunk.receivedBytes += ipc.length;
    chunk.bytes = this.footprint.openBytes(chunk.signal, chunk.receivedBytes);
    chunk.minTsUs = Math.min(chunk.minTsUs, minTsUs);
    chunk.maxTsUs = Math.max(chunk.maxTsUs, maxTsUs);
    chunk.lastAppendMs = this.#clock.nowMs();
  }

  /** Drops a chunk, its table and its file. The last of its kind is followed by an empty one. */
  drop(chunk: Chunk): void {
    this.#engine.transaction(() => {
      this.#catalog.remove(chunk);
      if (this.#catalog.of(chunk.signal).length === 0) {
        this.make(chunk.signal, bucketOf(chunk.signal, this.#clock.nowMs() * 1000));
      } else this.defineView(chunk.signal);
      if (chunk.state !== "sealed") this.#engine.run(`DROP TABLE ${chunk.table}`);
    });
    // A transaction writes to one database only. The view is through, so nobody asks for it.
    if (chunk.state === "sealed") this.#engine.run(`DROP TABLE ${chunk.table}`);
    this.#disk?.removeChunk(chunk);
    this.#keys.drop(chunk);
  }

  /** Closes the chunks that are due. */
  closeDue(): void {
    const closed: readonly ChunkId[] = this.#catalog.closeDue(this.#clock.nowMs());
    for (const chunk of closed) this.#disk?.closeChunk(chunk);
  }

  #spansOf(stage: string, kind: ChunkKind): BucketRows[] {
    const hours = chunkSpanUs(kind) / 3_600_000_000;
    const table = tableFromIPC(this.#engine.run(
      `SELECT epoch_us(time_bucket(INTERVAL ${hours} HOUR, ts))::DOUBLE b, count(*)::DOUBLE n,
         epoch_us(min(ts))::DOUBLE lo, epoch_us(max(ts))::DOUBLE hi FROM ${stage} GROUP BY 1`,
    ));
    return table.toArray().map((row) => ({
      bucketUs: Number(row["b"]),
      rows: Number(row["n"]),
      minTsUs: Number(row["lo"]),
      maxTsUs: Number(row["hi"]),
    }));
  }
}

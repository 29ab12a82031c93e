import { tableFromIPC } from "apache-arrow";
import type { Clock } from "../mod/clock.ts";
import { SIGNALS } from "../mod/columns/column.ts";
import { HorizonError } from "../mod/errors.ts";
import { ROLLUPS } from "../mod/metrics/rollup.ts";
import type { ChunkList, ChunkListRequest, DiskStats, StoredStats } from "../mod/ports.ts";
import { encodeArrow } from "./arrow_encode.ts";
import {
  bucketOf,
  type Chunk,
  ChunkCatalog,
  chunkLimits,
  type SparedBytes,
} from "./chunk_catalog.ts";
import { CHUNK_KINDS, type ChunkKind } from "./chunk_kind.ts";
import { listChunks } from "./chunk_list.ts";
import { ChunkTables } from "./chunk_tables.ts";
import type { DataDir } from "./data_dir.ts";
import type { DuckDb } from "./duckdb_module.ts";
import { FairTurns } from "./fair_turns.ts";
import { HeldAppends } from "./held_appends.ts";
import { Engine } from "./engine.ts";
import { EvictedRows, type EvictionReason } from "./evicted_rows.ts";
import type { StepPlan } from "../mod/metrics/metric_source.ts";
import { METRIC_QUERY_BOUNDS, metricStatement } from "./metric_statement.ts";
import { KeyDefinitions } from "./key_definitions.ts";
import { KeyUsage } from "./key_usage.ts";
import type {
  AppendFrames,
  DefinitionFrame,
  MetricCommand,
  QueryCommand,
  Recovery,
  StoreOptions,
  WorkerStats,
} from "./messages.ts";
import type { QuerySettled } from "./query_job.ts";
import { QueryQueue } from "./query_queue.ts";
import { definitionFrames, recover } from "./recovery.ts";
import { RetiredSeries } from "./retired_series.ts";
import { QUERY_DEFINITIONS, STATE_TABLES, type StateTable } from "./schema.ts";
import { Sealing } from "./sealing.ts";
import { storedStats } from "./stored_stats.ts";

/** Share of the budget that may wait to be sealed before appends are answered late, so that less comes. */
const BEHIND_SHARE = 1 / 2;
/**
 * What dropped chunks may still take because a statement reads them, in shares of the budget. Past
 * it the queries that hold on to them are stopped: otherwise the engine's memory would run out.
 */
const MAX_PINNED_SHARE = 0.25;
/** When a query that was stopped for lack of memory may be asked again. */
const UNPINNED_RETRY_AFTER_MS = 5_000;
/** Events and rollups are spared by eviction for room while they take no more of memory than this. */
const SPARED_EVENT_SHARE = 1 / 8;
const SPARED_ROLLUP_SHARE = 1 / 2;
/** Chunks dropped in one go to get under the byte budget, at most. */
const MAX_EVICTIONS_A_TICK = 64;

/** Definitions of series are written anew once so many of them were deleted, and as many as there are. */
const LEAST_DELETED_SERIES = 1_000;

/** What the store stands on, besides the engine. */
export interface StoreGround {
  /** Null in memory-only mode. The store owns it from here on. */
  readonly disk: DataDir | null;
  /** What the main isolate knows already; null when it knows nothing. */
  readonly definitions: readonly DefinitionFrame[] | null;
}

/**
 * The store inside its worker: one engine, its chunks, queries and upkeep. Synchronous; the
 * caller gives it turns (`step` while `busy`, `tick` each second) and owns the thread.
 */
export class StoreCore {
  readonly #engine: Engine;
  readonly #catalog: ChunkCatalog;
  readonly #queries: QueryQueue;
  readonly #tables: ChunkTables;
  readonly #sealing: Sealing;
  readonly #turns = new FairTurns();
  readonly #retired = new RetiredSeries();
  readonly #keys = new KeyUsage();
  readonly #keyDefinitions: KeyDefinitions;
  readonly #options: StoreOptions;
  readonly #clock: Clock;
  readonly #evicted = new EvictedRows();
  #neverRolledUp = 0;
  #series = 0;
  /** Their rows still take memory. */
  #deletedSeries = 0;
  #queriesPrepared = false;
  #appends = 0;
  #appendedRows = 0;
  #appendMsTotal = 0;
  /** Bytes of dropped chunks that pending statements still hold on to. */
  #pinnedBytes = 0;
  /** Bytes in the engine for each that the catalog counts, when last nothing was pinned. */
  #bytesPerBooked = 1;
  readonly #held = new HeldAppends();
  readonly #disk: DataDir | null;
  /** What was found on disk; null in memory-only mode. */
  readonly recovery: Recovery | null;

  constructor(db: DuckDb, options: StoreOptions, clock: Clock, ground: StoreGround) {
    this.#options = options;
    this.#clock = clock;
    this.#catalog = new ChunkCatalog(chunkLimits(options.budgetBytes));
    this.#engine = new Engine(db, options.budgetBytes, options.query.maxConcurrent);
    this.#queries = new QueryQueue(
      db,
      this.#engine.readers,
      options.query,
      clock,
      options.patience,
    );
    this.#disk = ground.disk;
    const [engine, catalog, disk, keys] = [this.#engine, this.#catalog, this.#disk, this.#keys];
    const parts = { engine, catalog, disk, keys, clock };
    this.#keyDefinitions = new KeyDefinitions(engine, disk, keys);
    this.#tables = new ChunkTables(parts);
    this.#sealing = new Sealing({
      ...parts,
      tables: this.#tables,
      queries: this.#queries,
      tailSampling: options.tailSampling,
      onSampled: (chunk, rows, empty) => {
        this.#evicted.add(chunk.signal, "sampled", rows);
        if (empty) this.#evict(chunk, "sampled");
      },
    });
    for (const { table, ipc } of ground.definitions ?? []) this.#engine.insert(table, ipc);
    this.recovery = this.#disk === null ? null : recover({
      sealLoaded: () => this.#sealing.finishAll(),
      engine: this.#engine,
      disk: this.#disk,
      catalog: this.#catalog,
      keys,
      budgetBytes: options.budgetBytes,
      usedBytes: () => this.#engine.usedBytes(),
      clock,
    });
    if (ground.definitions !== null || this.recovery !== null) this.#series = this.#countSeries();
    this.#retired.add(this.recovery?.retiredSeries ?? [], clock.nowMs() * 1000);
    // A view needs a chunk beneath it, so each signal starts with one for the present hour.
    for (const kind of CHUNK_KINDS) {
      const bucketUs = bucketOf(kind, clock.nowMs() * 1000);
      if (this.#catalog.openChunk(kind, bucketUs) === undefined) this.#tables.make(kind, bucketUs);
      else this.#tables.defineView(kind);
    }
  }

  /**
   * Makes what only queries need. The first query does so otherwise: it takes a third of a start, and whoever opens
   * the store need not wait for it.
   *
   * @throws what the engine throws; nothing is made then
   */
  prepareQueries(): void {
    if (this.#queriesPrepared) return;
    this.#engine.transaction(() => {
      for (const statement of QUERY_DEFINITIONS) this.#engine.run(statement);
    });
    this.#queriesPrepared = true;
  }

  /** Whether `step` has something to do. */
  get busy(): boolean {
    return this.#queries.busy || this.#sealing.busy;
  }

  /**
   * Takes definitions and rows, all or none; `settle` is called once the next ones may come, at most two
   * seconds later, with the numbers of attribute keys that may be given again.
   * @throws what the engine throws; `settle` is then not called
   */
  append(frames: AppendFrames, settle: (freedKeys: readonly number[]) => void): void {
    const started = this.#clock.monotonicMs();
    const routed: (() => void)[] = [];
    const known = new Set(this.#catalog.all());
    const take = () => {
      for (const { table, ipc } of frames.definitions) {
        if (table === "attribute_keys") this.#keyDefinitions.insert(ipc);
        else this.#engine.insert(table, ipc);
      }
      for (const frame of frames.batches) routed.push(...this.#tables.route(frame));
    };
    const [first, ...others] = frames.batches;
    const isOneInsert = frames.definitions.length === 0 && others.length === 0 &&
      first !== undefined && this.#tables.isOneInsert(first);
    try {
      // Around one small insert a transaction would take a third of the time.
      if (isOneInsert) take();
      else this.#engine.transaction(take);
    } catch (error) {
      // The tables of chunks made on the way were rolled back with the rest.
      for (const chunk of [...this.#catalog.all()]) {
        if (!known.has(chunk)) this.#catalog.remove(chunk);
      }
      throw error;
    }
    for (const { table, rows, ipc } of frames.definitions) {
      if (table === "series") this.#series += rows;
      this.#disk?.logDefinitions(table, rows, ipc);
    }
    this.#retired.add(frames.forgottenSeries, this.#clock.nowMs() * 1000);
    this.#keys.forget(frames.forgottenKeys);
    for (const account of routed) account();
    this.#disk?.endAppend();
    for (const { rows } of frames.batches) this.#appendedRows += rows;
    this.#appends++;
    const nowMs = this.#clock.monotonicMs();
    this.#appendMsTotal += nowMs - started;
    this.#tables.closeDue();
    const answer = () => settle(this.#keyDefinitions.takeFreed());
    if (this.#behind) this.#held.hold(answer, nowMs);
    else answer();
  }

  query(id: number, command: QueryCommand, settle: (settled: QuerySettled) => void): void {
    this.prepareQueries();
    this.#queries.submit(id, command, settle);
  }

  /** Answers what is asked about metrics; `plan` says how windows were read. */
  metrics(
    id: number,
    command: MetricCommand,
    timeoutMs: number,
    settle: (settled: QuerySettled, plan: StepPlan | null) => void,
  ): void {
    let plan: StepPlan | null = null;
    const ownStatement = () => {
      const made = metricStatement(command, this.#catalog);
      plan = made.plan;
      return made.sql;
    };
    const query = { ...METRIC_QUERY_BOUNDS, sql: "", params: [], timeoutMs, ownStatement };
    this.#queries.submit(id, query, (settled) => settle(settled, plan));
  }

  cancel(id: number): void {
    this.#queries.cancel(id);
  }

  /** Replaces a state table. The engine never frees the memory of rows that were deleted, but that of tables. */
  replace(table: StateTable, ipc: Uint8Array): void {
    this.#engine.transaction(() => {
      this.#engine.run(`CREATE OR REPLACE TABLE ${table} (${STATE_TABLES[table]})`);
      this.#engine.insert(table, ipc);
    });
  }

  /** One slice of queries, and one of sealing where it is its turn. */
  step(): void {
    const startedMs = this.#clock.monotonicMs();
    const queried = this.#queries.running;
    this.#queries.step();
    if (this.#sealing.busy) {
      const nowMs = this.#clock.monotonicMs();
      if (this.#turns.sealingMay(queried ? nowMs - startedMs : null)) {
        this.#sealing.step();
        this.#turns.sealed(this.#clock.monotonicMs() - nowMs, this.#behind);
      }
    }
    this.#release();
  }

  /** Upkeep: closes chunks, and drops what is too old or too much. */
  tick(): void {
    this.#tables.closeDue();
    this.#sealing.tick();
    this.#disk?.tick();
    if (this.#disk?.definitionsStale) this.#disk.rewriteDefinitions(definitionFrames(this.#engine));
    for (const chunk of this.#catalog.expired(this.#clock.nowMs(), this.#options.retentionMs)) {
      this.#evict(chunk, "age");
    }
    this.#makeRoom();
    for (const kind of CHUNK_KINDS) {
      const endMs = this.#clock.nowMs() - this.#options.retentionMs[kind];
      this.#disk?.removeLeft(kind, endMs * 1000);
    }
    for (let i = 0; i < MAX_EVICTIONS_A_TICK && this.#diskIsOverBudget(); i++) {
      // What was not even loaded goes first: no query sees it.
      if (this.#disk?.removeOldestLeft()) continue;
      const oldest = this.#catalog.oldest(this.#spared);
      if (oldest === null) break;
      this.#evict(oldest, "disk");
    }
    this.#keyDefinitions.freeUnused();
    this.#forgetSeries(this.#retired.takeUnused(this.#catalog.oldestSeriesUs()));
    this.#release();
  }

  /** Forces everything to disk and lets go of it. */
  close(): void {
    this.#held.release(false, this.#clock.monotonicMs());
    this.#disk?.close();
  }

  /**
   * Evicts the oldest chunks until the data fits its budget. A chunk that was there when a pending
   * statement began, a query or the sealing of another chunk, is freed only when that statement ends:
   * such chunks count as gone, or all would be evicted for one statement. So does the copy that sealing is
   * making: what it is made of goes once it is there.
   */
  #makeRoom(): void {
    let used = this.#engine.usedBytes();
    if (!this.#pins) {
      this.#pinnedBytes = 0;
      this.#bytesPerBooked = used / Math.max(1, this.#catalog.bytes());
    }
    const copyBytes = (this.#sealing.sealingChunk?.bytes ?? 0) * this.#bytesPerBooked;
    for (let i = 0; i < MAX_EVICTIONS_A_TICK; i++) {
      if (used - copyBytes - this.#pinnedBytes <= this.#options.budgetBytes) break;
      const oldest = this.#catalog.oldest(this.#spared);
      if (oldest === null) break;
      this.#evict(oldest, "bytes");
      const left = this.#engine.usedBytes();
      const taken = oldest.bytes * this.#bytesPerBooked;
      if (this.#pins) this.#pinnedBytes += Math.max(0, taken - (used - left));
      used = left;
    }
    if (this.#pinnedBytes > this.#options.budgetBytes * MAX_PINNED_SHARE) this.#unpin();
  }

  /** Whether a pending statement keeps dropped tables alive. */
  get #pins(): boolean {
    return this.#queries.running || this.#sealing.pending;
  }

  /** Ends what keeps dropped chunks in memory. */
  #unpin(): void {
    this.#queries.stopRunning(
      new HorizonError(
        "overloaded",
        "the query was stopped: the data it reads has been evicted and must give way to new data",
        {},
        UNPINNED_RETRY_AFTER_MS,
      ),
    );
    this.#sealing.abandonAll();
    this.#pinnedBytes = 0;
  }

  /** Memory of the chunks that wait to be sealed, where a row takes up to ten times what it takes sealed. */
  get #unsealedBytes(): number {
    return this.#catalog.unsealedBytes() * Math.max(1, this.#bytesPerBooked);
  }

  /** Without it, rows that come faster than they can be sealed would evict all that is kept, unsealed. */
  get #behind(): boolean {
    return this.#unsealedBytes > this.#options.budgetBytes * BEHIND_SHARE;
  }

  #release(): void {
    if (this.#held.waiting) this.#held.release(this.#behind, this.#clock.monotonicMs());
  }

  get #spared(): SparedBytes {
    const { budgetBytes } = this.#options;
    return {
      events: budgetBytes * SPARED_EVENT_SHARE,
      rollups: budgetBytes * SPARED_ROLLUP_SHARE,
    };
  }

  #diskIsOverBudget(): boolean {
    const { disk } = this.#options;
    return disk !== null && this.#disk !== null && this.#disk.stats().bytes > disk.budgetBytes;
  }

  stats(): WorkerStats {
    const { running, queued, total, cancelled, refused } = this.#queries.counts;
    return {
      disk: this.#diskStats(),
      signals: SIGNALS.map((signal) => ({ signal, ...this.#storedStats(signal) })),
      rollups: ROLLUPS.map((rollup) => ({ rollup, ...this.#storedStats(rollup) })),
      rollupsPending:
        [...this.#catalog.all()].filter((chunk) => !chunk.rolledUp && chunk.state !== "open")
          .length,
      neverRolledUp: this.#neverRolledUp,
      series: this.#series - this.#retired.size,
      retiredSeries: this.#retired.size,
      lostDefinitions: this.#retired.lost,
      bytes: this.#engine.usedBytes(),
      budgetBytes: this.#options.budgetBytes,
      sealedChunks: this.#sealing.total,
      evicted: this.#evicted.list(),
      appends: this.#appends,
      appendedRows: this.#appendedRows,
      appendMsTotal: this.#appendMsTotal,
      heldAppends: this.#held.total,
      queriesRunning: running,
      queriesQueued: queued,
      queriesTotal: total,
      queriesCancelled: cancelled,
      queriesRefused: refused,
    };
  }

  #countSeries(): number {
    const count = tableFromIPC(this.#engine.run("SELECT count(*)::DOUBLE AS n FROM series"));
    return Number(count.get(0)?.["n"] ?? 0);
  }

  #storedStats(kind: ChunkKind): StoredStats {
    return storedStats(this.#catalog.of(kind), this.#options.retentionMs[kind]);
  }

  /** A page of the chunks that are loaded, and of those that were left on disk. */
  chunks(request: ChunkListRequest): ChunkList {
    const disk = this.#disk;
    return listChunks({
      chunks: this.#catalog.all(),
      left: disk?.left ?? [],
      sealing: this.#sealing.sealingChunk,
      fileOf: (chunk) => disk?.file(chunk) ?? null,
    }, request);
  }

  #diskStats(): DiskStats | null {
    if (this.#disk === null || this.#options.disk === null || this.recovery === null) return null;
    const { budgetBytes } = this.#options.disk;
    return { ...this.#disk.stats(), budgetBytes, recovery: this.recovery.report };
  }

  /** Removes definitions; they stay in the data directory until the next start, which writes it anew. */
  #forgetSeries(ids: readonly number[]): void {
    if (ids.length === 0) return;
    const list = Uint32Array.from(ids);
    const forgotten = encodeArrow(list.length, [["series_id", { type: "u32", data: list }]]);
    this.#engine.transaction(() => {
      this.#engine.run("CREATE TABLE forgotten (series_id UINTEGER)");
      this.#engine.insert("forgotten", forgotten);
      this.#engine.run("DELETE FROM series WHERE series_id IN (SELECT series_id FROM forgotten)");
      this.#engine.run("DROP TABLE forgotten");
    });
    this.#series -= ids.length;
    this.#deletedSeries += ids.length;
    if (this.#deletedSeries < Math.max(LEAST_DELETED_SERIES, this.#series)) return;
    this.#engine.rewrite("series");
    this.#deletedSeries = 0;
  }

  #evict(chunk: Chunk, reason: EvictionReason): void {
    this.#sealing.abandon(chunk);
    if (!chunk.rolledUp) this.#neverRolledUp += chunk.rows;
    this.#tables.drop(chunk);
    this.#evicted.add(chunk.signal, reason, chunk.rows);
  }
}

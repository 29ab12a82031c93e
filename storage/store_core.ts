import { tableFromIPC } from "apache-arrow";
import type { Clock } from "../mod/clock.ts";
import type { Signal } from "../mod/columns/column.ts";
import { SIGNALS } from "../mod/columns/column.ts";
import { assert, HorizonError } from "../mod/errors.ts";
import { ROLLUP_US, ROLLUPS } from "../mod/metrics/rollup.ts";
import type { DiskStats, StoreStats } from "../mod/ports.ts";
import { encodeArrow } from "./arrow_encode.ts";
import {
  bucketOf,
  type Chunk,
  ChunkCatalog,
  chunkLimits,
  chunkSpanUs,
  type SparedBytes,
} from "./chunk_catalog.ts";
import { ChunkFootprint } from "./chunk_footprint.ts";
import { CHUNK_KINDS, type ChunkKind, tierOf } from "./chunk_kind.ts";
import type { DataDir } from "./data_dir.ts";
import type { DuckDb } from "./duckdb_module.ts";
import { HeldAppends } from "./held_appends.ts";
import { Engine } from "./engine.ts";
import { streamOf } from "./ipc_stream.ts";
import type { StepPlan } from "../mod/metrics/metric_source.ts";
import { METRIC_QUERY_BOUNDS, metricStatement } from "./metric_statement.ts";
import type {
  AppendFrames,
  BatchFrame,
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
import { Roller, type RollupPart } from "./roller.ts";
import { EVENT_VIEWS, openChunkColumns, type StateTable, viewStatement } from "./schema.ts";
import { Sealer } from "./sealer.ts";
import { storedStats } from "./stored_stats.ts";

type EvictionReason = StoreStats["evicted"][number]["reason"];

/** Share of the budget that may wait to be sealed before appends are answered late, so that less comes. */
const BEHIND_SHARE = 1 / 2;
/** No chunk is taken to be smaller once sealed, in shares of what it took open. */
const LEAST_SEALED_SHARE = 0.02;
/** How long compressing waits for a moment without queries before it holds back new ones. */
const COMPRESS_PATIENCE_MS = 2_000;
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
  readonly #sealer: Sealer;
  readonly #roller: Roller;
  readonly #retired = new RetiredSeries();
  readonly #options: StoreOptions;
  readonly #clock: Clock;
  readonly #evicted = new Map<`${ChunkKind} ${EvictionReason}`, number>();
  #neverRolledUp = 0;
  #series = 0;
  #appends = 0;
  #appendedRows = 0;
  #appendMsTotal = 0;
  #sealedChunks = 0;
  #stage = 0;
  /** Since when a sealed chunk waits to be compressed; null when none does. */
  #compressDueMs: number | null = null;
  #lastSealed: Chunk | null = null;
  readonly #footprint = new ChunkFootprint();
  /** Bytes in the engine that are of no chunk, by the catalog's count, when sealing last began. */
  #unbookedBytes = 0;
  /** Bytes of dropped chunks that pending statements still hold on to. */
  #pinnedBytes = 0;
  /** Bytes in the engine for each that the catalog counts, when last nothing was pinned. */
  #bytesPerBooked = 1;
  /** False while a transaction stood in the way of compressing; the next tick tries again. */
  #sealsNow = true;
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
    this.#sealer = new Sealer(this.#engine, options.tailSampling);
    this.#roller = new Roller(this.#engine);
    this.#disk = ground.disk;
    for (const { table, ipc } of ground.definitions ?? []) this.#engine.insert(table, ipc);
    this.recovery = this.#disk === null ? null : recover({
      sealLoaded: () => this.#sealAll(),
      engine: this.#engine,
      disk: this.#disk,
      catalog: this.#catalog,
      budgetBytes: options.budgetBytes,
      usedBytes: () => this.#usedBytes(),
      clock,
    });
    this.#series = Number(
      tableFromIPC(this.#engine.run("SELECT count(*)::DOUBLE AS n FROM series")).get(0)?.["n"] ?? 0,
    );
    this.#retired.add(this.recovery?.retiredSeries ?? [], clock.nowMs() * 1000);
    // A view needs a chunk beneath it, so each signal starts with one for the present hour.
    for (const kind of CHUNK_KINDS) {
      const bucketUs = bucketOf(kind, clock.nowMs() * 1000);
      if (this.#catalog.openChunk(kind, bucketUs) === undefined) this.#newChunk(kind, bucketUs);
      else this.#defineView(kind);
    }
    for (const statement of EVENT_VIEWS) this.#engine.run(statement);
  }

  /** Whether `step` has something to do. */
  get busy(): boolean {
    return this.#queries.busy || this.#sealing;
  }

  /**
   * Takes definitions and rows, all or none; `settle` is called once the next ones may come, at most two
   * seconds later.
   * @throws what the engine throws; `settle` is then not called
   */
  append(frames: AppendFrames, settle: () => void): void {
    const started = this.#clock.monotonicMs();
    const routed: (() => void)[] = [];
    const known = new Set(this.#catalog.all());
    try {
      this.#engine.transaction(() => {
        for (const { table, ipc } of frames.definitions) this.#engine.insert(table, ipc);
        for (const frame of frames.batches) routed.push(...this.#route(frame));
      });
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
    for (const account of routed) account();
    this.#disk?.endAppend();
    for (const { rows } of frames.batches) this.#appendedRows += rows;
    this.#appends++;
    const nowMs = this.#clock.monotonicMs();
    this.#appendMsTotal += nowMs - started;
    this.#close();
    if (this.#behind) this.#held.hold(settle, nowMs);
    else settle();
  }

  query(id: number, command: QueryCommand, settle: (settled: QuerySettled) => void): void {
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

  /** Replaces the rows of a state table. */
  replace(table: StateTable, ipc: Uint8Array): void {
    this.#engine.transaction(() => {
      this.#engine.run(`DELETE FROM ${table}`);
      this.#engine.insert(table, ipc);
    });
  }

  /** One slice of queries and of sealing. */
  step(): void {
    this.#queries.step();
    if (this.#sealing) this.#seal();
    this.#release();
  }

  /** Upkeep: closes chunks, and drops what is too old or too much. */
  tick(): void {
    this.#close();
    this.#sealsNow = true;
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
    let used = this.#usedBytes();
    if (!this.#pins) {
      this.#pinnedBytes = 0;
      this.#bytesPerBooked = used / Math.max(1, this.#catalog.bytes());
    }
    const copyBytes = (this.#sealer.chunk?.bytes ?? 0) * this.#bytesPerBooked;
    for (let i = 0; i < MAX_EVICTIONS_A_TICK; i++) {
      if (used - copyBytes - this.#pinnedBytes <= this.#options.budgetBytes) break;
      const oldest = this.#catalog.oldest(this.#spared);
      if (oldest === null) break;
      this.#evict(oldest, "bytes");
      const left = this.#usedBytes();
      const taken = oldest.bytes * this.#bytesPerBooked;
      if (this.#pins) this.#pinnedBytes += Math.max(0, taken - (used - left));
      used = left;
    }
    if (this.#pinnedBytes > this.#options.budgetBytes * MAX_PINNED_SHARE) this.#unpin();
  }

  /** Whether a pending statement keeps dropped tables alive. */
  get #pins(): boolean {
    return this.#queries.running || this.#sealer.chunk !== null || this.#roller.chunk !== null;
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
    this.#sealer.abandon();
    this.#roller.abandon();
    this.#pinnedBytes = 0;
  }

  /**
   * A chunk that is being sealed or rolled up is finished in any case: it keeps what is evicted in
   * memory.
   */
  get #sealing(): boolean {
    if (this.#sealer.chunk !== null || this.#roller.chunk !== null) return true;
    return this.#sealsNow &&
      (this.#compressDueMs !== null || this.#catalog.nextToSeal() !== undefined ||
        this.#catalog.nextToRollUp() !== undefined);
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
      signals: SIGNALS.map((signal) => ({ signal, ...storedStats(this.#catalog.of(signal)) })),
      rollups: ROLLUPS.map((rollup) => ({ rollup, ...storedStats(this.#catalog.of(rollup)) })),
      rollupsPending:
        [...this.#catalog.all()].filter((chunk) => !chunk.rolledUp && chunk.state !== "open")
          .length,
      neverRolledUp: this.#neverRolledUp,
      series: this.#series - this.#retired.size,
      retiredSeries: this.#retired.size,
      lostDefinitions: this.#retired.lost,
      bytes: this.#usedBytes(),
      budgetBytes: this.#options.budgetBytes,
      sealedChunks: this.#sealedChunks,
      evicted: [...this.#evicted].map(([key, rows]) => {
        const [signal, reason] = key.split(" ") as [ChunkKind, EvictionReason];
        return { signal, reason, rows };
      }),
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

  #diskStats(): DiskStats | null {
    if (this.#disk === null || this.#options.disk === null || this.recovery === null) return null;
    const { budgetBytes } = this.#options.disk;
    return { ...this.#disk.stats(), budgetBytes, recovery: this.recovery.report };
  }

  /**
   * Inserts a frame into the chunk of its time; a frame that reaches over several goes through a staging
   * table and is split there. Answers what to book once the transaction is through.
   */
  #route(frame: BatchFrame): (() => void)[] {
    const bucket = bucketOf(frame.signal, frame.minTsUs);
    if (bucket === bucketOf(frame.signal, frame.maxTsUs)) {
      const chunk = this.#chunkFor(frame.signal, bucket);
      this.#engine.insert(chunk.table, frame.ipc);
      const { rows, minTsUs, maxTsUs } = frame;
      return [() => this.#book(chunk, { rows, minTsUs, maxTsUs }, frame.ipc)];
    }
    const stage = `stage_${this.#stage++}`;
    this.#engine.run(`CREATE TABLE ${stage} (${openChunkColumns(frame.signal)})`);
    this.#engine.insert(stage, frame.ipc);
    const booked: (() => void)[] = [];
    for (const span of this.#spansOf(stage, frame.signal)) {
      const chunk = this.#chunkFor(frame.signal, span.bucketUs);
      const end = span.bucketUs + chunkSpanUs(frame.signal);
      // The engine answers in Arrow's file format and takes in only its stream format.
      const part = streamOf(this.#engine.run(
        `SELECT * FROM ${stage}
         WHERE ts >= make_timestamp(${span.bucketUs}) AND ts < make_timestamp(${end})`,
      ));
      this.#engine.insert(chunk.table, part);
      booked.push(() => this.#book(chunk, span, part));
    }
    this.#engine.run(`DROP TABLE ${stage}`);
    return booked;
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
  }

  #spansOf(
    stage: string,
    signal: Signal,
  ): { bucketUs: number; rows: number; minTsUs: number; maxTsUs: number }[] {
    const hours = chunkSpanUs(signal) / 3_600_000_000;
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

  #book(
    chunk: Chunk,
    meta: { readonly rows: number; readonly minTsUs: number; readonly maxTsUs: number },
    ipc: Uint8Array,
  ): void {
    const { rows, minTsUs, maxTsUs } = meta;
    this.#disk?.logRows(chunk, { rows, minTsUs, maxTsUs }, ipc);
    chunk.rows += rows;
    chunk.receivedBytes += ipc.length;
    chunk.bytes = this.#footprint.openBytes(chunk.signal, chunk.receivedBytes);
    chunk.minTsUs = Math.min(chunk.minTsUs, minTsUs);
    chunk.maxTsUs = Math.max(chunk.maxTsUs, maxTsUs);
    chunk.lastAppendMs = this.#clock.nowMs();
  }

  #chunkFor(signal: ChunkKind, bucketUs: number): Chunk {
    return this.#catalog.openChunk(signal, bucketUs) ?? this.#newChunk(signal, bucketUs);
  }

  #newChunk(signal: ChunkKind, bucketUs: number): Chunk {
    const chunk = this.#catalog.create(signal, bucketUs, this.#clock.nowMs());
    this.#engine.run(`CREATE TABLE ${chunk.table} (${openChunkColumns(signal)})`);
    this.#defineView(signal);
    return chunk;
  }

  #defineView(signal: ChunkKind): void {
    const chunks = this.#catalog.of(signal).map(({ table, state }) => ({
      table,
      open: state !== "sealed",
    }));
    this.#engine.run(viewStatement(signal, chunks));
  }

  #close(): void {
    for (const chunk of this.#catalog.closeDue(this.#clock.nowMs())) this.#disk?.closeChunk(chunk);
  }

  #seal(): void {
    if (this.#roller.chunk !== null) return this.#rollUp();
    // The sealing statement is a pending query too: it must not be under way either.
    if (this.#compressDueMs !== null) return this.#compress(this.#compressDueMs);
    if (this.#sealer.chunk === null) {
      const next = this.#catalog.nextToSeal();
      if (next !== undefined) {
        this.#unbookedBytes = this.#usedBytes() - this.#catalog.bytes();
        return this.#sealer.start(next);
      }
      const sealed = this.#catalog.nextToRollUp();
      if (sealed !== undefined) this.#roller.start(sealed);
      return;
    }
    const sealed = this.#sealer.step();
    if (sealed === null) return;
    const { chunk, table } = sealed;
    const open = chunk.table;
    const before = this.#usedBytes();
    this.#engine.transaction(() => {
      chunk.table = table;
      chunk.state = "sealed";
      this.#defineView(chunk.signal);
      this.#engine.run(`DROP TABLE ${open}`);
    });
    // A query that reads the table keeps its memory.
    if (!this.#queries.running) this.#measureOpen(chunk, before - this.#usedBytes());
    this.#sealedChunks++;
    this.#compressDueMs = this.#clock.monotonicMs();
    this.#lastSealed = chunk;
    if (chunk.signal === "spans" && this.#options.tailSampling !== null) this.#countLeft(chunk);
  }

  #measureOpen(chunk: Chunk, bytes: number): void {
    this.#footprint.measured(chunk.signal, chunk.receivedBytes, bytes);
    this.#unbookedBytes -= bytes - chunk.bytes;
    chunk.bytes = bytes;
  }

  /** Books what tail sampling has left of a chunk; one of which nothing is left goes. */
  #countLeft(chunk: Chunk): void {
    const row = tableFromIPC(this.#engine.run(
      `SELECT count(*)::DOUBLE n, epoch_us(min(ts))::DOUBLE lo, epoch_us(max(ts))::DOUBLE hi
       FROM ${chunk.table}`,
    )).get(0);
    const left = Number(row?.["n"]);
    this.#countEvicted(chunk, "sampled", chunk.rows - left);
    chunk.bytes *= left / Math.max(1, chunk.rows);
    chunk.rows = left;
    if (left === 0) return this.#evict(chunk, "sampled");
    chunk.minTsUs = Number(row?.["lo"]);
    chunk.maxTsUs = Number(row?.["hi"]);
  }

  #countEvicted(chunk: Chunk, reason: EvictionReason, rows: number): void {
    const key = `${chunk.signal} ${reason}` as const;
    if (rows > 0) this.#evicted.set(key, (this.#evicted.get(key) ?? 0) + rows);
  }

  /** One slice of rolling up; a part of the rollup is kept as an append is. */
  #rollUp(): void {
    const step = this.#roller.step();
    if (step.kind === "done") step.chunk.rolledUp = true;
    if (step.kind === "part") this.#keepRollup(step);
  }

  #keepRollup({ chunk: source, rollup, through, rows, ipc }: RollupPart): void {
    const tier = tierOf(rollup);
    assert(tier !== null, "a rollup has a tier");
    const chunk = this.#chunkFor(rollup, bucketOf(rollup, source.bucketUs));
    this.#engine.transaction(() => this.#engine.insert(chunk.table, ipc));
    const startOf = (tsUs: number) => Math.floor(tsUs / ROLLUP_US[tier]) * ROLLUP_US[tier];
    const meta = { rows, minTsUs: startOf(source.minTsUs), maxTsUs: startOf(source.maxTsUs) };
    this.#book(chunk, meta, ipc);
    this.#disk?.endAppend();
    chunk.sources.set(source.number, source.bucketUs);
    source.rolledThrough.set(rollup, through);
    this.#close();
  }

  /** Seals every closed chunk, to the end. For the start, when nothing else waits. */
  #sealAll(): void {
    while (this.#sealer.chunk !== null || this.#catalog.nextToSeal() !== undefined) this.#seal();
    if (this.#compressDueMs !== null) this.#seal();
  }

  /** Compresses once no query is pending; holds new ones back when it has waited for long. */
  #compress(dueMs: number): void {
    if (this.#queries.running) {
      if (this.#clock.monotonicMs() - dueMs > COMPRESS_PATIENCE_MS) this.#queries.hold();
      return;
    }
    if (!this.#engine.compress()) {
      // The next tick decides anew; asking at once would only turn in circles.
      this.#sealsNow = false;
      return;
    }
    const sealed = this.#lastSealed;
    if (sealed !== null) {
      // What is used and neither was unbooked before nor is of another chunk.
      const bytes = this.#usedBytes() - this.#unbookedBytes -
        (this.#catalog.bytes() - sealed.bytes);
      sealed.bytes = Math.min(sealed.bytes, Math.max(sealed.bytes * LEAST_SEALED_SHARE, bytes));
    }
    this.#lastSealed = null;
    this.#compressDueMs = null;
    this.#queries.release();
  }

  #evict(chunk: Chunk, reason: EvictionReason): void {
    if (this.#sealer.chunk === chunk) this.#sealer.abandon();
    if (this.#roller.chunk === chunk) this.#roller.abandon();
    if (!chunk.rolledUp) this.#neverRolledUp += chunk.rows;
    this.#engine.transaction(() => {
      this.#catalog.remove(chunk);
      if (this.#catalog.of(chunk.signal).length === 0) {
        this.#newChunk(chunk.signal, bucketOf(chunk.signal, this.#clock.nowMs() * 1000));
      } else this.#defineView(chunk.signal);
      if (chunk.state !== "sealed") this.#engine.run(`DROP TABLE ${chunk.table}`);
    });
    // A transaction writes to one database only. The view is through, so nobody asks for it.
    if (chunk.state === "sealed") this.#engine.run(`DROP TABLE ${chunk.table}`);
    this.#disk?.removeChunk(chunk);
    this.#countEvicted(chunk, reason, chunk.rows);
  }

  #usedBytes(): number {
    const table = tableFromIPC(this.#engine.run(
      `SELECT sum(memory_usage_bytes)::DOUBLE AS bytes FROM duckdb_memory()
       WHERE tag IN ('IN_MEMORY_TABLE', 'BASE_TABLE', 'METADATA', 'OVERFLOW_STRINGS')`,
    ));
    return Number(table.get(0)?.["bytes"] ?? 0);
  }
}

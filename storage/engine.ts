import { tableFromIPC } from "apache-arrow";
import type { DuckDb } from "./duckdb_module.ts";
import { DATA_SCHEMA, DEFINITION_TABLES, SEALED_DATABASE, STATE_TABLES } from "./schema.ts";

/** Length of a slice of a pending query, milliseconds. The engine overshoots it at times. */
const SLICE_MS = 4;
/** Memory for running queries and sealing beside the data: as much again, within these bounds. */
const LEAST_HEADROOM_BYTES = 256 * 1024 * 1024;
const MOST_HEADROOM_BYTES = 768 * 1024 * 1024;
/** wasm addresses 4 GiB; the rest is for the engine itself and for batches on their way in. */
const MAX_ENGINE_BYTES = 3_300 * 1024 * 1024;

/**
 * The engine with its connections: one that writes, one that seals, and some that read.
 * Connections are made before the configuration is locked, since `USE` is a setting.
 */
export class Engine {
  readonly db: DuckDb;
  readonly writer: number;
  readonly sealer: number;
  readonly readers: readonly number[];

  constructor(db: DuckDb, budgetBytes: number, readers: number) {
    this.db = db;
    db.open({ query: { queryPollingInterval: SLICE_MS, castBigIntToDouble: false } });
    this.writer = this.#connect();
    // First of all, or a missing extension would be fetched over the network, blocking for good.
    this.run("SET autoinstall_known_extensions=false");
    this.run("SET autoload_known_extensions=false");
    const headroom = Math.min(MOST_HEADROOM_BYTES, Math.max(LEAST_HEADROOM_BYTES, budgetBytes));
    const memory = Math.min(MAX_ENGINE_BYTES, budgetBytes + headroom);
    this.run(`SET memory_limit='${Math.floor(memory / 1024)}KiB'`);
    // A commit that checkpoints by itself waits until no query reads the tables: in one thread,
    // for good. `compress` does it when none runs.
    this.run("SET checkpoint_threshold='1TB'");
    this.run("ATTACH ':memory:' AS store");
    this.run(`ATTACH ':memory:' AS ${SEALED_DATABASE} (COMPRESS)`);
    this.run(`CREATE SCHEMA store.${DATA_SCHEMA}`);
    this.run(`USE store.${DATA_SCHEMA}`);
    this.sealer = this.#connectTo(`store.${DATA_SCHEMA}`);
    this.readers = Array.from({ length: readers }, () => this.#connectTo("store.main"));
    for (
      const [table, columns] of [
        ...Object.entries(DEFINITION_TABLES),
        ...Object.entries(STATE_TABLES),
      ]
    ) this.run(`CREATE TABLE ${table} (${columns})`);
    this.run("SET enable_external_access=false");
    this.run("SET lock_configuration=true");
  }

  /** Runs a statement of our own on the writing connection, to its end. */
  run(sql: string): Uint8Array {
    return this.db.runQuery(this.writer, sql);
  }

  /** Bytes that the data takes. */
  usedBytes(): number {
    const table = tableFromIPC(this.run(
      `SELECT sum(memory_usage_bytes)::DOUBLE AS bytes FROM duckdb_memory()
       WHERE tag IN ('IN_MEMORY_TABLE', 'BASE_TABLE', 'METADATA', 'OVERFLOW_STRINGS')`,
    ));
    return Number(table.get(0)?.["bytes"] ?? 0);
  }

  /**
   * Compresses what was sealed. False when a transaction is in its way: it is to be tried again.
   * Hangs for good while a query is pending.
   */
  compress(): boolean {
    try {
      this.run(`CHECKPOINT ${SEALED_DATABASE}`);
      return true;
    } catch (error) {
      if (String(error).includes("Cannot CHECKPOINT")) return false;
      throw error;
    }
  }

  /** Runs `work` in a transaction: all of it, or none when it throws. */
  transaction(work: () => void): void {
    this.run("BEGIN TRANSACTION");
    try {
      work();
    } catch (error) {
      this.run("ROLLBACK");
      throw error;
    }
    this.run("COMMIT");
  }

  /** Frees what deleted rows of a table take: the engine itself does so only with the whole table. */
  rewrite(table: string): void {
    this.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${table}`);
  }

  /** Appends an Arrow IPC stream to a table of the data schema, full name or not. */
  insert(table: string, ipc: Uint8Array): void {
    this.#take(table.slice(table.lastIndexOf(".") + 1), ipc, false);
  }

  /** Makes a table of the data schema of an Arrow IPC stream. */
  create(name: string, ipc: Uint8Array): void {
    this.#take(name, ipc, true);
  }

  #take(name: string, ipc: Uint8Array, create: boolean): void {
    this.db.insertArrowFromIPCStream(this.writer, ipc, { schema: DATA_SCHEMA, name, create });
  }

  #connect(): number {
    return this.db.connect().useUnsafe((_, connection) => connection);
  }

  #connectTo(schema: string): number {
    const connection = this.#connect();
    this.db.runQuery(connection, `USE ${schema}`);
    return connection;
  }
}

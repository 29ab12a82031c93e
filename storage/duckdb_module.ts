import { locateDuckDbAssets } from "./duckdb_assets.ts";

/**
 * What Horizon uses of duckdb-wasm's blocking bindings. Typed here, narrowly: the package's own declarations
 * do not resolve under strict settings and offer far more than may be used.
 *
 * All calls are synchronous and throw an `Error` whose message is the engine's.
 */
export interface DuckDb {
  /** Applies a configuration; once, before the first connection. */
  open(config: DuckDbConfig): void;
  /** The engine's version, such as `v1.4.3`. */
  getVersion(): string;
  /** Lexes a script without running it. */
  tokenize(text: string): ScriptTokens;
  connect(): DuckDbConnection;
  /** Runs to the end without yielding; the result is one Arrow IPC stream. */
  runQuery(connection: number, sql: string): Uint8Array;
  /** Starts a query that is to be polled. The stream's header when it is ready at once, else null. */
  startPendingQuery(connection: number, sql: string, allowStreamResult: boolean): Uint8Array | null;
  /** Runs the pending query for one slice. The stream's header once rows can be fetched, else null. */
  pollPendingQuery(connection: number): Uint8Array | null;
  /** Cancels the pending query; whether there was one. */
  cancelPendingQuery(connection: number): boolean;
  /** The next part of a streamed result; null or empty after the last. */
  fetchQueryResults(connection: number): Uint8Array | null;
  /** Closes a connection. */
  disconnect(connection: number): void;
  /** Appends (`create: false`) or creates a table from an Arrow IPC stream. */
  insertArrowFromIPCStream(connection: number, ipc: Uint8Array, options: ArrowInsertOptions): void;
}

/** A connection; its number is what the functions of {@link DuckDb} take. */
export interface DuckDbConnection {
  /** Hands the raw bindings and the connection's number to `callback`. */
  useUnsafe<R>(callback: (bindings: DuckDb, connection: number) => R): R;
  close(): void;
}

/** Options of {@link DuckDb.open}. */
export interface DuckDbConfig {
  path?: string;
  query?: {
    /** How long a slice of a pending query may run, in milliseconds. */
    queryPollingInterval?: number;
    castBigIntToDouble?: boolean;
    castTimestampToDate?: boolean;
    castDurationToTime64?: boolean;
    castDecimalToDouble?: boolean;
  };
  /** Keeps types that Arrow cannot hold exactly (such as HUGEINT) as opaque values. */
  arrowLosslessConversion?: boolean;
  allowUnsignedExtensions?: boolean;
}

/** Where an Arrow IPC stream goes. */
export interface ArrowInsertOptions {
  name: string;
  schema?: string;
  create?: boolean;
}

/** Kinds of {@link ScriptTokens.types}. */
export const TOKEN_TYPE = {
  identifier: 0,
  number: 1,
  string: 2,
  operator: 3,
  keyword: 4,
  comment: 5,
} as const;

/** Where each token of a script starts, in UTF-8 bytes, and its kind (see {@link TOKEN_TYPE}). */
export interface ScriptTokens {
  offsets: number[];
  types: number[];
}

interface Bundle {
  mainModule: string;
  mainWorker: string;
}

/** The exports of duckdb-node-blocking.cjs that are used. */
interface BlockingModule {
  createDuckDB(
    bundles: { mvp: Bundle; eh: Bundle },
    logger: object,
    runtime: object,
  ): Promise<{ instantiate(onProgress: () => void): Promise<DuckDb> }>;
  VoidLogger: new () => object;
  NODE_RUNTIME: object;
}

/**
 * Starts the database engine in this thread. Call it in a worker: every call on the result blocks.
 *
 * @throws {Error} when the module cannot be read or instantiated
 */
export async function loadDuckDb(): Promise<DuckDb> {
  const [blocking, assets] = [await importBlockingModule(), await locateDuckDbAssets()];
  // Both variants name the same file: the engine must not look for another one by the features it detects.
  const bundle = { mainModule: assets.wasmPath, mainWorker: "" };
  const duckdb = await blocking.createDuckDB(
    { mvp: bundle, eh: bundle },
    new blocking.VoidLogger(),
    blocking.NODE_RUNTIME,
  );
  return await duckdb.instantiate(() => {});
}

async function importBlockingModule(): Promise<BlockingModule> {
  // CommonJS code in a bundle finds no `__dirname`, and the glue reads it as it is evaluated.
  const scope: { __dirname?: string } = globalThis;
  scope.__dirname ??= import.meta.dirname ?? "/";
  const module: unknown = await import("@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs");
  return asBlockingModule(module);
}

/** Named exports of a CommonJS module come as such, or under `default`, depending on who wrapped it. */
function asBlockingModule(module: unknown): BlockingModule {
  if (isBlockingModule(module)) return module;
  if (typeof module === "object" && module !== null && "default" in module) {
    if (isBlockingModule(module.default)) return module.default;
  }
  throw new Error("duckdb-node-blocking.cjs does not export what is expected of it");
}

function isBlockingModule(module: unknown): module is BlockingModule {
  return typeof module === "object" && module !== null &&
    "createDuckDB" in module && typeof module.createDuckDB === "function" &&
    "VoidLogger" in module && typeof module.VoidLogger === "function" &&
    "NODE_RUNTIME" in module && typeof module.NODE_RUNTIME === "object";
}

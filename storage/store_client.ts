import { RecordBatchStreamWriter } from "apache-arrow";
import { assetUrl, STORE_WORKER } from "../mod/assets.ts";
import { systemClock } from "../mod/clock.ts";
import { HorizonError } from "../mod/errors.ts";
import type { Registries } from "../mod/intern/registries.ts";
import type { Logger } from "../mod/log/logger.ts";
import type { AppendRequest, QueryRequest, QueryResult, Store, StoreStats } from "../mod/ports.ts";
import { decodeArrow } from "./arrow_decode.ts";
import { encodeArrow } from "./arrow_encode.ts";
import type {
  AppendFrames,
  QueryCommand,
  QueryLimits,
  QueryOutcome,
  StoreOptions,
  StoreReply,
  StoreRequest,
} from "./messages.ts";
import { restoreDefinitions } from "./restore_definitions.ts";
import type { StateTable } from "./schema.ts";
import { encodeStateRows, type StateRow } from "./state_rows.ts";

/** The answer each request is waiting for. */
interface Pending {
  readonly resolve: (reply: StoreReply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The store as the main isolate holds it: batches become Arrow IPC here and are transferred to
 * the worker; results come back the same way.
 */
export class StoreClient implements Store {
  readonly #worker: Worker;
  readonly #limits: QueryLimits;
  readonly #pending = new Map<number, Pending>();
  readonly #log: Logger;
  readonly #queries = new Set<number>();
  #nextId = 1;
  #dead: HorizonError | null = null;
  readonly #died = Promise.withResolvers<HorizonError>();

  private constructor(worker: Worker, limits: QueryLimits, log: Logger) {
    this.#worker = worker;
    this.#limits = limits;
    this.#log = log;
    worker.onmessage = (event: MessageEvent<StoreReply>) => this.#settle(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#die(event.message);
    };
  }

  /**
   * Starts the worker and waits until it can be used. What the data directory holds is there
   * again then, and `registries` know its definitions.
   * @throws HorizonError `internal` when the engine does not start; what `DataDir` throws
   */
  static async open(
    options: StoreOptions,
    registries: Registries,
    log: Logger,
  ): Promise<StoreClient> {
    const worker = new Worker(assetUrl(STORE_WORKER), { type: "module", name: "store" });
    const client = new StoreClient(worker, options.query, log);
    try {
      const reply = await client.#request({ type: "open", id: client.#id(), options });
      if (reply.type !== "opened") throw unexpected(reply);
      if (reply.recovery !== null) {
        restoreDefinitions(reply.recovery, registries, systemClock.nowMs());
        const { report } = reply.recovery;
        if (report.lostStretches > 0) log.warn("recovered_with_losses", { ...report });
        else log.info("recovered", { ...report });
      }
    } catch (error) {
      worker.terminate();
      throw error;
    }
    return client;
  }

  /** Resolves with the reason if the worker ends by itself; never when it was closed. */
  get died(): Promise<HorizonError> {
    return this.#died.promise;
  }

  async append(request: AppendRequest): Promise<void> {
    const frames: AppendFrames = {
      definitions: request.definitions.map(({ table, rows, columns }) => ({
        table,
        rows,
        ipc: encodeArrow(rows, columns),
      })),
      batches: request.batches.map(({ signal, rows, minTsUs, maxTsUs, columns }) => ({
        signal,
        rows,
        minTsUs,
        maxTsUs,
        ipc: encodeArrow(rows, columns),
      })),
      forgottenSeries: request.forgotten,
    };
    const transfer = [...frames.definitions, ...frames.batches].map(({ ipc }) => ipc.buffer);
    await this.#request({ type: "append", id: this.#id(), frames }, transfer);
  }

  readonly query = async (request: QueryRequest): Promise<QueryResult> => {
    const { signal } = request;
    if (signal?.aborted) throw new HorizonError("cancelled", "the query was cancelled");
    const limits = this.#limits;
    const query: QueryCommand = {
      sql: request.sql,
      params: request.params ?? [],
      maxRows: Math.min(request.maxRows ?? limits.maxRows, limits.maxRows),
      maxBytes: Math.min(request.maxBytes ?? limits.maxBytes, limits.maxBytes),
      timeoutMs: Math.min(request.timeoutMs ?? limits.defaultTimeoutMs, limits.maxTimeoutMs),
    };
    const id = this.#id();
    const cancel = () => this.#post({ type: "cancel", id });
    this.#queries.add(id);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const reply = await this.#request({ type: "query", id, query });
      if (reply.type !== "result") throw unexpected(reply);
      return queryResult(reply.outcome, query.maxRows);
    } finally {
      this.#queries.delete(id);
      signal?.removeEventListener("abort", cancel);
    }
  };

  /** Stops every query, so that those who wait for one need not be waited for. */
  cancelQueries(): void {
    for (const id of this.#queries) this.#post({ type: "cancel", id });
  }

  /** Replaces the rows of a state table, such as `processes`. */
  async replaceState<T extends StateTable>(
    table: T,
    rows: readonly StateRow<T>[],
  ): Promise<void> {
    const ipc = encodeStateRows(table, rows);
    await this.#request({ type: "replace", id: this.#id(), table, ipc }, [ipc.buffer]);
  }

  async stats(): Promise<StoreStats> {
    const reply = await this.#request({ type: "stats", id: this.#id() });
    if (reply.type !== "stats") throw unexpected(reply);
    return reply.stats;
  }

  async close(): Promise<void> {
    if (this.#dead !== null) return;
    const closed = this.#request({ type: "close", id: this.#id() });
    this.#dead = new HorizonError("unavailable", "the store is closed");
    await closed;
    this.#worker.terminate();
  }

  #id(): number {
    return this.#nextId++;
  }

  #post(request: StoreRequest, transfer: Transferable[] = []): void {
    if (this.#dead === null) this.#worker.postMessage(request, transfer);
  }

  #request(request: StoreRequest, transfer: Transferable[] = []): Promise<StoreReply> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }

  #settle(reply: StoreReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (reply.type === "failed") {
      const { code, message, details, retryAfterMs } = reply.error;
      pending.reject(new HorizonError(code, message, details, retryAfterMs));
    } else pending.resolve(reply);
  }

  #die(reason: string): void {
    if (this.#dead !== null) return;
    this.#dead = new HorizonError("unavailable", `the store has stopped: ${reason}`, {}, 1_000);
    this.#log.error("store_worker_died", { reason });
    for (const { reject } of this.#pending.values()) reject(this.#dead);
    this.#pending.clear();
    this.#worker.terminate();
    this.#died.resolve(this.#dead);
  }
}

function unexpected(reply: StoreReply): HorizonError {
  return new HorizonError("internal", `the store answered "${reply.type}" out of turn`);
}

function queryResult(outcome: QueryOutcome, maxRows: number): QueryResult {
  const decoded = decodeArrow(outcome.ipc);
  const cutByRows = decoded.table.numRows > maxRows;
  const rowCount = Math.min(decoded.table.numRows, maxRows);
  return {
    columns: decoded.columns,
    rowCount,
    truncated: outcome.truncated || cutByRows,
    elapsedMs: outcome.elapsedMs,
    rows: () => decoded.rows(rowCount),
    arrow: () => {
      if (!cutByRows) return outcome.ipc;
      return RecordBatchStreamWriter.writeAll(decoded.table.slice(0, rowCount))
        .toUint8Array(true).slice();
    },
  };
}

import { RecordBatchStreamWriter } from "apache-arrow";
import { type Clock, systemClock } from "../mod/clock.ts";
import { HorizonError } from "../mod/errors.ts";
import type { DefinitionBatch } from "../mod/intern/definitions.ts";
import type { Registries } from "../mod/intern/registries.ts";
import type { Logger } from "../mod/log/logger.ts";
import type { MetricSource } from "../mod/metrics/metric_source.ts";
import type {
  AppendRequest,
  ChunkList,
  ChunkListRequest,
  QueryRequest,
  QueryResult,
  Store,
  StoreRestarts,
  StoreStats,
} from "../mod/ports.ts";
import { decodeArrow } from "./arrow_decode.ts";
import { encodeArrow } from "./arrow_encode.ts";
import { batchFrame } from "./batch_frame.ts";
import { BarredQueries } from "./barred_queries.ts";
import { metricSource } from "./metric_client.ts";
import type {
  AppendFrames,
  DefinitionFrame,
  QueryCommand,
  QueryOutcome,
  Recovery,
  StoreOptions,
  StoreRequest,
} from "./messages.ts";
import { RestartBudget } from "./restart_budget.ts";
import { restoreDefinitions } from "./restore_definitions.ts";
import type { StateTable } from "./schema.ts";
import { encodeStateRows, type StateRow } from "./state_rows.ts";
import { spawnStoreThread } from "./store_thread.ts";
import { type Answer, WorkerLink } from "./worker_link.ts";

/** What may be set otherwise. */
export interface StoreClientTuning {
  /** Starts the store's thread; called again for each that takes another's place. */
  readonly spawn?: () => Worker;
  readonly clock?: Clock;
}

/** Between a thread's end and the attempt to start another. */
const RESTART_DELAY_MS = 100;
const RETRY_AFTER_MS = 1_000;

type State =
  | { readonly at: "up"; readonly link: WorkerLink }
  | { readonly at: "restarting"; readonly reason: string }
  | { readonly at: "down"; readonly error: HorizonError };

/** A query that was sent to the worker and is not answered. */
interface RunningQuery {
  readonly sql: string;
  readonly timeoutMs: number;
}

/**
 * The store as the main isolate holds it: batches become Arrow IPC here and are transferred to
 * the worker; results come back the same way.
 *
 * A worker that dies, of itself or because one piece of work held it for too long (see `Patience`),
 * is replaced: what waits for it fails, everything is refused with a time to retry until the new one
 * is ready, and that one has back what the data directory holds, or nothing. A bounded number
 * of times; then `died` resolves.
 */
export class StoreClient implements Store {
  readonly #options: StoreOptions;
  readonly #registries: Registries;
  readonly #log: Logger;
  readonly #spawn: () => Worker;
  readonly #clock: Clock;
  readonly #queries = new Map<number, RunningQuery>();
  readonly #barred = new BarredQueries();
  readonly #restartBudget = new RestartBudget();
  readonly #died = Promise.withResolvers<HorizonError>();
  #state: State = { at: "restarting", reason: "it is being started" };
  #opening: WorkerLink | null = null;
  #nextId = 1;
  #restarts: StoreRestarts = { count: 0, last: null };

  private constructor(
    options: StoreOptions,
    registries: Registries,
    log: Logger,
    { spawn = spawnStoreThread, clock = systemClock }: StoreClientTuning,
  ) {
    this.#options = options;
    this.#registries = registries;
    this.#log = log;
    this.#spawn = spawn;
    this.#clock = clock;
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
    tuning: StoreClientTuning = {},
  ): Promise<StoreClient> {
    const client = new StoreClient(options, registries, log, tuning);
    try {
      const recovery = await client.#start(null);
      if (recovery !== null) {
        restoreDefinitions(recovery, registries, client.#clock.nowMs());
        client.#tellRecovery(recovery);
      }
    } catch (error) {
      client.#end(new HorizonError("unavailable", "the store did not start"));
      throw error;
    }
    return client;
  }

  /** Resolves with the reason when the store is past restarting; never when it was closed. */
  get died(): Promise<HorizonError> {
    return this.#died.promise;
  }

  async append(request: AppendRequest): Promise<void> {
    const frames: AppendFrames = {
      definitions: request.definitions.map(definitionFrame),
      batches: request.batches.map(batchFrame),
      forgottenSeries: request.forgotten,
      forgottenKeys: request.forgottenKeys,
    };
    const transfer = [...frames.definitions, ...frames.batches].map(({ ipc }) => ipc.buffer);
    const reply = await this.#request({ type: "append", id: this.#id(), frames }, transfer);
    if (reply.type !== "appended") throw unexpected(reply);
    this.#registries.attributeKeys.release(reply.freedKeys);
  }

  readonly query = async (request: QueryRequest): Promise<QueryResult> => {
    const { signal } = request;
    const limits = this.#options.query;
    const query: QueryCommand = {
      sql: request.sql,
      params: request.params ?? [],
      maxRows: Math.min(request.maxRows ?? limits.maxRows, limits.maxRows),
      maxBytes: Math.min(request.maxBytes ?? limits.maxBytes, limits.maxBytes),
      timeoutMs: Math.min(request.timeoutMs ?? limits.defaultTimeoutMs, limits.maxTimeoutMs),
    };
    const asked = { sql: request.sql, timeoutMs: query.timeoutMs };
    const { outcome } = await this.#ask(asked, (id) => ({ type: "query", id, query }), signal);
    return queryResult(outcome, query.maxRows);
  };

  /** What functions over metrics are made of. */
  readonly metrics: MetricSource = metricSource((command, { timeoutMs, signal }) => {
    const { defaultTimeoutMs, maxTimeoutMs } = this.#options.query;
    const withinMs = Math.min(timeoutMs ?? defaultTimeoutMs, maxTimeoutMs);
    // What tells it from others takes the place of its SQL, which is made in the worker.
    const asked = { sql: JSON.stringify(command), timeoutMs: withinMs };
    return this.#ask(
      asked,
      (id) => ({ type: "metrics", id, command, timeoutMs: withinMs }),
      signal,
    );
  });

  /** Asks a query, which `signal` cancels. */
  async #ask(
    asked: RunningQuery,
    request: (id: number) => StoreRequest,
    signal: AbortSignal | undefined,
  ): Promise<Answer & { type: "result" }> {
    if (signal?.aborted) throw new HorizonError("cancelled", "the query was cancelled");
    this.#barred.check(asked.sql, this.#clock.monotonicMs());
    const id = this.#id();
    const cancel = () => this.#post({ type: "cancel", id });
    this.#queries.set(id, asked);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const reply = await this.#request(request(id));
      if (reply.type !== "result") throw unexpected(reply);
      return reply;
    } finally {
      this.#queries.delete(id);
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Stops every query, so that those who wait for one need not be waited for. */
  cancelQueries(): void {
    for (const id of this.#queries.keys()) this.#post({ type: "cancel", id });
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
    return { ...reply.stats, restarts: this.#restarts };
  }

  async chunks(request: ChunkListRequest): Promise<ChunkList> {
    const reply = await this.#request({ type: "chunks", id: this.#id(), request });
    if (reply.type !== "chunks") throw unexpected(reply);
    return reply.list;
  }

  async close(): Promise<void> {
    if (this.#state.at === "down") return;
    const closed = new HorizonError("unavailable", "the store is closed");
    if (this.#state.at === "up") {
      const { link } = this.#state;
      this.#state = { at: "down", error: closed };
      try {
        await link.request({ type: "close", id: this.#id() });
      } catch (error) {
        this.#log.error("store_close_failed", { error: String(error) });
      }
      link.end(() => closed);
    }
    this.#end(closed);
  }

  #id(): number {
    return this.#nextId++;
  }

  #post(request: StoreRequest): void {
    if (this.#state.at === "up") this.#state.link.post(request);
  }

  #request(request: StoreRequest, transfer: Transferable[] = []): Promise<Answer> {
    const state = this.#state;
    if (state.at === "up") return state.link.request(request, transfer);
    return Promise.reject(state.at === "down" ? state.error : restarting(state.reason));
  }

  /** Starts a worker; `definitions` are what is known when it takes another's place. */
  async #start(definitions: readonly DefinitionFrame[] | null): Promise<Recovery | null> {
    let opened = false;
    const link = new WorkerLink(this.#spawn(), ({ reason, heldBy }) => {
      if (opened) this.#replace(link, reason, heldBy);
      else link.end(() => new HorizonError("internal", `the store did not start: ${reason}`));
    });
    this.#opening = link;
    const transfer = (definitions ?? []).map(({ ipc }) => ipc.buffer);
    const reply = await link.request({
      type: "open",
      id: this.#id(),
      options: this.#options,
      definitions,
    }, transfer).catch((error: unknown) => {
      link.end(() => restarting("it did not start"));
      throw error;
    });
    if (reply.type !== "opened") throw unexpected(reply);
    opened = true;
    this.#opening = null;
    this.#state = { at: "up", link };
    return reply.recovery;
  }

  /** Puts another in the place of a worker that died; `heldBy`: of this query. */
  #replace(link: WorkerLink, reason: string, heldBy: number | null): void {
    if (this.#state.at !== "up" || this.#state.link !== link) {
      link.end(() => restarting(reason));
      return;
    }
    this.#state = { at: "restarting", reason };
    this.#log.error("store_worker_died", { reason });
    const held = heldBy === null ? undefined : this.#queries.get(heldBy);
    if (held !== undefined) this.#barred.bar(held.sql, this.#clock.monotonicMs());
    link.end((id) => id === heldBy && held !== undefined ? heldTooLong(held) : restarting(reason));
    void this.#restart(reason);
  }

  /** Never rejects: what fails takes another restart, until there is none left. */
  async #restart(reason: string): Promise<void> {
    while (this.#state.at === "restarting") {
      if (!this.#restartBudget.take(this.#clock.monotonicMs())) {
        const error = new HorizonError(
          "unavailable",
          `the store has stopped: ${reason}`,
          {},
          RETRY_AFTER_MS,
        );
        this.#log.error("store_given_up", { reason, restarts: this.#restarts.count });
        this.#end(error);
        this.#died.resolve(error);
        return;
      }
      // Whoever waited for the worker before has given its definitions back after this.
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
      try {
        const recovery = await this.#start(this.#registries.takeAll().map(definitionFrame));
        this.#tellRestart(reason, recovery);
        return;
      } catch (error) {
        this.#log.error("store_restart_failed", { error: String(error) });
      }
    }
  }

  #tellRestart(reason: string, recovery: Recovery | null): void {
    const emptied = recovery === null;
    this.#restarts = {
      count: this.#restarts.count + 1,
      last: { atMs: this.#clock.nowMs(), reason, emptied },
    };
    if (emptied) this.#log.error("store_restarted_empty", { reason, hint: "no data directory" });
    else {
      this.#log.warn("store_restarted", { reason });
      this.#tellRecovery(recovery);
    }
  }

  #tellRecovery({ report }: Recovery): void {
    if (report.lostStretches > 0 || report.setAside > 0) {
      this.#log.warn("recovered_with_losses", { ...report });
    } else if (report.leftOnDisk > 0) this.#log.warn("recovered_in_part", { ...report });
    else this.#log.info("recovered", { ...report });
  }

  /** Takes no more requests. */
  #end(error: HorizonError): void {
    this.#state = { at: "down", error };
    this.#opening?.end(() => error);
    this.#opening = null;
  }
}

function definitionFrame({ table, rows, columns }: DefinitionBatch): DefinitionFrame {
  return { table, rows, ipc: encodeArrow(rows, columns) };
}

function restarting(reason: string): HorizonError {
  return new HorizonError(
    "unavailable",
    `the store is being restarted: ${reason}; retry later`,
    {},
    RETRY_AFTER_MS,
  );
}

function heldTooLong({ timeoutMs }: RunningQuery): HorizonError {
  return new HorizonError(
    "deadline_exceeded",
    `the query held the store past its deadline of ${timeoutMs} ms; the store had to be restarted`,
    { timeout_ms: timeoutMs },
  );
}

function unexpected(reply: Answer): HorizonError {
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

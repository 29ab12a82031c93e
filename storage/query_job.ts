import type { Clock } from "../mod/clock.ts";
import { HorizonError } from "../mod/errors.ts";
import { admit, literal } from "./admission.ts";
import type { DuckDb } from "./duckdb_module.ts";
import { isEngineCrash, queryFailure } from "./engine_error.ts";
import { endedStream } from "./ipc_stream.ts";
import type { QueryCommand, QueryOutcome } from "./messages.ts";
import { checkPivots, checkPlan } from "./plan_check.ts";

export type QuerySettled =
  | { readonly ok: true; readonly outcome: QueryOutcome }
  | { readonly ok: false; readonly error: HorizonError };

/** A user's query, or a statement of ours. */
export interface QueuedQuery extends QueryCommand {
  /**
   * Makes a statement of ours when the query begins. It is run as it is: not admitted, not checked,
   * and `sql` and `params` are not looked at.
   */
  readonly ownStatement?: () => string;
}

/** A prepared statement lives on its connection; each has at most one query at a time. */
const PREPARED = "horizon_query";

/**
 * One user's query on one connection, run in slices so that ingest gets its turn between them.
 * `step` until it answers true, then read `settled`.
 */
export class QueryJob {
  readonly #db: DuckDb;
  readonly #connection: number;
  readonly #clock: Clock;
  readonly #command: QueuedQuery;
  readonly #startedMs: number;
  readonly #deadlineMs: number;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #phase: "new" | "polling" | "fetching" | "done" = "new";
  #prepared = false;
  settled: QuerySettled | null = null;

  /** `waitedMs`: how long it stood in the queue; that counts towards its deadline. */
  constructor(
    db: DuckDb,
    connection: number,
    command: QueuedQuery,
    clock: Clock,
    waitedMs: number,
  ) {
    this.#db = db;
    this.#connection = connection;
    this.#command = command;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs() - waitedMs;
    this.#deadlineMs = this.#startedMs + command.timeoutMs;
  }

  get connection(): number {
    return this.#connection;
  }

  /** Monotonic milliseconds. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /**
   * Runs one slice. True when the query is settled.
   * @throws WebAssembly.RuntimeError when the engine broke
   */
  step(): boolean {
    if (this.#phase === "done") return true;
    if (this.#clock.monotonicMs() > this.#deadlineMs) {
      this.cancel(
        new HorizonError(
          "deadline_exceeded",
          `the query was stopped at its deadline of ${this.#command.timeoutMs} ms`,
          { timeout_ms: this.#command.timeoutMs },
        ),
      );
      return true;
    }
    try {
      if (this.#phase === "new") this.#start();
      else if (this.#phase === "polling") this.#poll();
      else this.#fetch();
    } catch (error) {
      if (isEngineCrash(error)) throw error;
      this.#settle({ ok: false, error: queryFailure(error) });
    }
    return this.settled !== null;
  }

  /** Stops the query wherever it is and settles it with `error`. */
  cancel(error: HorizonError): void {
    if (this.#phase === "done") return;
    if (this.#phase === "polling" || this.#phase === "fetching") this.#abandon();
    this.#settle({ ok: false, error });
  }

  #start(): void {
    const { ownStatement } = this.#command;
    if (ownStatement !== undefined) return this.#run(ownStatement());
    const statement = admit(this.#db, this.#command.sql, this.#command.maxRows);
    checkPivots(this.#db, this.#connection, statement);
    // Planned once: planning a view of many chunks takes longer than most queries, and what is
    // prepared is both explained and run without planning it again.
    this.#db.runQuery(this.#connection, `PREPARE ${PREPARED} AS ${statement}`);
    this.#prepared = true;
    const { params } = this.#command;
    const values = params.length === 0 ? "" : `(${params.map(literal).join(", ")})`;
    const toRun = `EXECUTE ${PREPARED}${values}`;
    checkPlan(this.#db, this.#connection, toRun);
    this.#run(toRun);
  }

  #run(statement: string): void {
    const header = this.#db.startPendingQuery(this.#connection, statement, true);
    if (header === null) this.#phase = "polling";
    else this.#take(header);
  }

  #poll(): void {
    const header = this.#db.pollPendingQuery(this.#connection);
    if (header !== null) this.#take(header);
  }

  #take(header: Uint8Array): void {
    this.#phase = "fetching";
    this.#parts.push(header.slice());
    this.#bytes += header.length;
  }

  #fetch(): void {
    const part = this.#db.fetchQueryResults(this.#connection);
    if (part === null) return;
    if (part.length === 0) return this.#finish(false);
    // The engine's buffer is used again for the next part.
    this.#parts.push(part.slice());
    this.#bytes += part.length;
    if (this.#bytes > this.#command.maxBytes) {
      this.#abandon();
      this.#finish(true);
    }
  }

  /**
   * Stops the query in the engine. Its transaction ends only with the connection's next
   * statement; until then it would hold on to what is dropped.
   */
  #abandon(): void {
    this.#db.cancelPendingQuery(this.#connection);
    this.#db.runQuery(this.#connection, "SELECT 1");
  }

  #finish(truncated: boolean): void {
    const ipc = endedStream(this.#parts);
    const elapsedMs = this.#clock.monotonicMs() - this.#startedMs;
    this.#settle({ ok: true, outcome: { ipc, truncated, elapsedMs } });
  }

  #settle(settled: QuerySettled): void {
    this.#phase = "done";
    this.settled = settled;
    this.#parts.length = 0;
    if (!this.#prepared) return;
    this.#prepared = false;
    this.#db.runQuery(this.#connection, `DEALLOCATE ${PREPARED}`);
  }
}

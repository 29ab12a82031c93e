import type { Chunk } from "./chunk_catalog.ts";
import type { Engine } from "./engine.ts";
import { sealedTable, sealStatement } from "./schema.ts";
import type { TailSampling } from "./tail_sampling.ts";

/**
 * Seals closed chunks one at a time as a pending query, so that ingest and queries go on
 * beside it. The closed chunk stays readable until its sealed copy takes its place.
 */
export class Sealer {
  readonly #engine: Engine;
  readonly #tail: TailSampling | null;
  #current: { readonly chunk: Chunk; readonly target: string; phase: "run" | "drain" } | null =
    null;

  /** `tail`: what is left of a chunk of spans; null for all of it. */
  constructor(engine: Engine, tail: TailSampling | null) {
    this.#engine = engine;
    this.#tail = tail;
  }

  get chunk(): Chunk | null {
    return this.#current?.chunk ?? null;
  }

  start(chunk: Chunk): void {
    const target = sealedTable(chunk.signal, chunk.number);
    const sql = sealStatement(chunk.signal, chunk.table, target, this.#tail);
    const header = this.#engine.db.startPendingQuery(this.#engine.sealer, sql, true);
    this.#current = { chunk, target, phase: header === null ? "run" : "drain" };
  }

  /** Runs one slice; the sealed table's name once it is complete. */
  step(): { chunk: Chunk; table: string } | null {
    const current = this.#current;
    if (current === null) return null;
    const { db, sealer } = this.#engine;
    if (current.phase === "run") {
      if (db.pollPendingQuery(sealer) !== null) current.phase = "drain";
      return null;
    }
    // The statement is committed once its (single) result row was taken.
    const part = db.fetchQueryResults(sealer);
    if (part === null || part.length > 0) return null;
    this.#current = null;
    return { chunk: current.chunk, table: current.target };
  }

  /** Gives up on the chunk being sealed, because it is to be dropped. */
  abandon(): void {
    const current = this.#current;
    if (current === null) return;
    const { db, sealer } = this.#engine;
    db.cancelPendingQuery(sealer);
    // The transaction ends only with the connection's next statement; until then it would keep
    // dropped tables in memory.
    db.runQuery(sealer, "SELECT 1");
    this.#current = null;
    this.#engine.run(`DROP TABLE IF EXISTS ${current.target}`);
  }
}

import type { SqlValue } from "../../../../mod/ports.ts";
import { literal } from "../../../../storage/admission.ts";
import { decodeArrow } from "../../../../storage/arrow_decode.ts";
import { type DuckDb, loadDuckDb } from "../../../../storage/duckdb_module.ts";
import { MACROS } from "../../../../storage/schema.ts";

export interface MetricRow {
  readonly timeMs: number;
  readonly name: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The real engine with a table that looks like the view `metrics`, for the page's own queries. */
export class MetricsDatabase {
  readonly #db: DuckDb;
  readonly #connection: number;
  readonly #series = new Map<string, number>();

  private constructor(db: DuckDb) {
    this.#db = db;
    db.open({ query: { castBigIntToDouble: false } });
    this.#connection = db.connect().useUnsafe((_, connection) => connection);
    this.#run("SET autoinstall_known_extensions=false");
    this.#run("SET autoload_known_extensions=false");
    this.#run("ATTACH ':memory:' AS store");
    this.#run("USE store.main");
    this.#run(`CREATE TABLE metrics (ts TIMESTAMP, name VARCHAR, kind VARCHAR, unit VARCHAR,
      value DOUBLE, labels MAP(VARCHAR, VARCHAR), service VARCHAR, series_id UINTEGER)`);
    for (const macro of MACROS) this.#run(macro);
  }

  static async open(): Promise<MetricsDatabase> {
    return new MetricsDatabase(await loadDuckDb());
  }

  /** The engine's clock, in whole seconds. */
  nowMs(): number {
    return Math.floor(Number(this.query("SELECT epoch_ms(now_utc())")[0]?.[0]) / 1000) * 1000;
  }

  insert(rows: readonly MetricRow[]): void {
    const values = rows.map(({ timeMs, name, value, labels = {} }) => {
      const pairs = Object.entries(labels).map(([k, v]) => `${literal(k)}: ${literal(v)}`);
      const map = pairs.length === 0 ? "MAP {}" : `MAP {${pairs.join(", ")}}`;
      const series = this.#seriesId(`${name} ${pairs.join()}`);
      return `(make_timestamp(${timeMs}000), ${literal(name)}, 'gauge', '', ${value},
        ${map}::MAP(VARCHAR, VARCHAR), '', ${series})`;
    });
    this.#run(`INSERT INTO metrics VALUES ${values.join(", ")}`);
  }

  /** Runs a query with parameters bound as the store binds them. */
  query(sql: string, params: readonly (string | number)[] = []): SqlValue[][] {
    if (params.length === 0) return this.#rows(sql);
    this.#run(`PREPARE q AS SELECT * FROM (\n${sql}\n)`);
    try {
      return this.#rows(`EXECUTE q(${params.map(literal).join(", ")})`);
    } finally {
      this.#run("DEALLOCATE q");
    }
  }

  #rows(sql: string): SqlValue[][] {
    return [...decodeArrow(this.#run(sql)).rows(100_000)].map((row) => [...row]);
  }

  #run(sql: string): Uint8Array {
    return this.#db.runQuery(this.#connection, sql);
  }

  #seriesId(key: string): number {
    const known = this.#series.get(key) ?? this.#series.size + 1;
    this.#series.set(key, known);
    return known;
  }
}

import { tableFromIPC } from "apache-arrow";
import type { Clock } from "../mod/clock.ts";
import type { DefinitionTable } from "../mod/intern/definitions.ts";
import { ROLLUPS, ROLLUPS_OF } from "../mod/metrics/rollup.ts";
import { bucketOf, type Chunk, type ChunkCatalog, spanIsOver } from "./chunk_catalog.ts";
import { type ChunkKind, isRollup, tierOf } from "./chunk_kind.ts";
import type { ChunkFile, DataDir, RecoveredFile } from "./data_dir.ts";
import type { Engine } from "./engine.ts";
import { isEngineCrash } from "./engine_error.ts";
import { streamOf } from "./ipc_stream.ts";
import { hasAttributeKeys, keyIdsOfFrame, type KeyUsage } from "./key_usage.ts";
import type { Recovery } from "./messages.ts";
import { openChunkColumns } from "./schema.ts";

interface RecoveryDeps {
  readonly engine: Engine;
  readonly disk: DataDir;
  readonly catalog: ChunkCatalog;
  readonly keys: KeyUsage;
  readonly budgetBytes: number;
  readonly usedBytes: () => number;
  readonly sealLoaded: () => void;
  readonly clock: Clock;
}

/** Definition tables, in the order in which they are written, and what their rows are found by. */
const DEFINITION_IDS: readonly (readonly [table: DefinitionTable, id: string])[] = [
  ["series", "series_id"],
  ["attribute_keys", "key_id"],
  ["resources", "resource_id"],
  ["bounds", "bounds_id"],
];
/** Ids of the series that were known before anything was loaded; there while that goes on. */
const KNOWN_SERIES = "known_series";
/** Loading stops at this share of the budget: what comes in next needs room as well. */
const LOAD_SHARE = 0.9;
/** The same for rollups, so that they leave room for raw rows. */
const LOAD_ROLLUP_SHARE = 0.45;

/** Ids that definition tables are looked up by, and what stands in for a row that was lost. */
const ID_GAPS: readonly {
  readonly table: DefinitionTable;
  readonly id: string;
  readonly users: string | null;
  readonly usedBy: readonly ChunkKind[];
  readonly standIn: string;
}[] = [
  {
    table: "attribute_keys",
    id: "key_id",
    users: null,
    usedBy: [],
    standIn: "'lost_attribute_' || id::VARCHAR",
  },
  {
    table: "resources",
    id: "resource_id",
    users: "resource_id",
    usedBy: ["spans", "logs"],
    standIn: "MAP {}::MAP(VARCHAR, VARCHAR)",
  },
  {
    table: "bounds",
    id: "bounds_id",
    users: "bounds_id",
    usedBy: ["histograms", "histogram_rollups_1m", "histogram_rollups_1h"],
    standIn: "[]::DOUBLE[]",
  },
];

/**
 * Brings back what the data directory holds: definitions, then chunks, events and rollups before
 * the others and the newest first, as long as the memory budget lasts. Damaged frames are passed
 * over and counted; nothing that is found in a file prevents the start. Then the definitions are written
 * anew, without the series that no row refers to.
 */
export function recover(deps: RecoveryDeps): Recovery {
  const { engine, disk, catalog, clock } = deps;
  const started = clock.monotonicMs();
  const totals = { frames: 0, rows: 0, lostStretches: 0, lostBytes: 0, leftOnDisk: 0, setAside: 0 };
  const load = (file: RecoveredFile, tableOf: (kind: number) => string | null) => {
    totals.lostStretches += file.lostStretches;
    totals.lostBytes += file.lostBytes;
    return file.frames.filter((frame) => {
      const table = tableOf(frame.kind);
      const loaded = table !== null && inserted(engine, table, frame.payload);
      if (loaded) totals.frames++;
      else {
        totals.lostStretches++;
        totals.lostBytes += frame.payload.length;
      }
      return loaded;
    });
  };
  // What is known already may be used by rows to come, whatever is found.
  engine.run(`CREATE TABLE ${KNOWN_SERIES} AS SELECT series_id FROM series`);
  load(disk.readDefinitions(), (kind) => disk.definitionTable(kind));
  // A frame that was written twice would define its ids twice; so would what is known already.
  for (const [table, id] of DEFINITION_IDS) {
    // Of a number that was given again the file has the empty key of the time between as well.
    const newest = table === "attribute_keys" ? "ORDER BY key = ''" : "";
    engine.run(
      `CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${table}
       QUALIFY row_number() OVER (PARTITION BY ${id} ${newest}) = 1 ORDER BY ${id}`,
    );
  }
  const freeKeys = freeKeyIds(engine);
  const budgetBytes = deps.budgetBytes * disk.loadShare;
  let full = false;
  const leftRollups: ChunkFile[] = [];
  for (const file of inLoadOrder(disk.chunkFiles())) {
    catalog.reserveThrough(file.number);
    if (!full && deps.usedBytes() > budgetBytes * LOAD_SHARE) {
      // What is loaded takes a fraction of the room once it is sealed. Sealed rows have the keys themselves,
      // so that none may be without a definition by then.
      fillGaps(deps);
      deps.sealLoaded();
      full = deps.usedBytes() > budgetBytes * LOAD_SHARE;
    }
    const noRoom = isRollup(file.signal) && deps.usedBytes() > budgetBytes * LOAD_ROLLUP_SHARE;
    if (full || noRoom) {
      disk.leave(file);
      if (isRollup(file.signal)) leftRollups.push(file);
      totals.leftOnDisk++;
      continue;
    }
    if (!disk.beginLoad(file)) {
      if (isRollup(file.signal)) leftRollups.push(file);
      totals.setAside++;
      continue;
    }
    const chunk = catalog.create(file.signal, file.bucketUs, clock.nowMs(), file.number);
    engine.run(`CREATE TABLE ${chunk.table} (${openChunkColumns(file.signal)})`);
    const frames = load(
      disk.readChunk(file),
      (kind) => disk.isOf(file.signal, kind) ? chunk.table : null,
    );
    for (const { rows, payload, minTsUs, maxTsUs } of frames) {
      chunk.rows += rows;
      chunk.bytes += payload.length;
      chunk.receivedBytes += payload.length;
      chunk.minTsUs = Math.min(chunk.minTsUs, minTsUs);
      chunk.maxTsUs = Math.max(chunk.maxTsUs, maxTsUs);
      totals.rows += rows;
    }
    noteKeys(deps, chunk, frames, freeKeys);
    if (chunk.rows === 0) {
      discard(deps, file, chunk);
      continue;
    }
    if (isRollup(file.signal)) noteSources(deps, chunk);
    // Raw chunks begin anew with every start; of rollups that would make many small ones.
    const goesOn = isRollup(file.signal) && !catalog.isFull(chunk) &&
      !spanIsOver(chunk, clock.nowMs()) &&
      catalog.of(file.signal).every((one) => one === chunk || one.bucketUs !== chunk.bucketUs);
    chunk.state = goesOn ? "open" : "closed";
  }
  fillGaps(deps);
  resumeRollups(deps, leftRollups);
  // The largest series id counts those that are about to go: ids are never given again.
  const maxSeriesId = Math.max(
    largest(deps, "series_id", ["metrics", "histograms", "exemplars", ...ROLLUPS]),
    greatest(engine, ["SELECT max(series_id) AS m FROM series"]),
  );
  if (totals.leftOnDisk === 0) forgetUnusedSeries(deps);
  const retiredSeries = seriesOfRollupsAlone(deps);
  engine.run(`DROP TABLE ${KNOWN_SERIES}`);
  const frames = definitionFrames(engine);
  disk.rewriteDefinitions(frames);
  disk.endRecovery();
  const payload = (table: DefinitionTable) =>
    frames.find((frame) => frame.table === table)?.payload ?? new Uint8Array();
  return {
    definitions: {
      series: liveSeries(deps),
      attribute_keys: payload("attribute_keys"),
      resources: payload("resources"),
      bounds: payload("bounds"),
    },
    maxSeriesId,
    retiredSeries,
    report: { ...totals, elapsedMs: clock.monotonicMs() - started },
  };
}

/** The definition tables as they are now, ready to be written. */
export function definitionFrames(
  engine: Engine,
): { table: DefinitionTable; rows: number; payload: Uint8Array<ArrayBuffer> }[] {
  return DEFINITION_IDS.map(([table, id]) => ({
    table,
    rows: greatest(engine, [`SELECT count(*) AS m FROM ${table}`]),
    payload: streamOf(engine.run(`SELECT * FROM ${table} ORDER BY ${id}`)),
  }));
}

/** Series whose rows have all been evicted. Their files being gone, nothing refers to them. */
function forgetUnusedSeries({ engine, catalog }: RecoveryDeps): void {
  const used = seriesOf(catalog, ["metrics", "histograms", "exemplars", ...ROLLUPS]);
  engine.run(
    `DELETE FROM series
     WHERE series_id NOT IN (${used} UNION SELECT series_id FROM ${KNOWN_SERIES})`,
  );
}

/** A subquery of the series that rows of some kinds refer to. */
function seriesOf(catalog: ChunkCatalog, kinds: readonly ChunkKind[]): string {
  const selects = kinds.flatMap((kind) => catalog.of(kind))
    .map(({ table }) => `SELECT series_id FROM ${table}`);
  return ["SELECT NULL::UINTEGER WHERE FALSE", ...selects].join(" UNION ");
}

/** Those that may go on: what has rolled-up rows alone must not count against the limits of series. */
function liveSeries({ engine, catalog }: RecoveryDeps): Uint8Array<ArrayBuffer> {
  const raw = seriesOf(catalog, ["metrics", "histograms", "exemplars"]);
  return streamOf(
    engine.run(`SELECT * FROM series WHERE series_id IN (${raw}) ORDER BY series_id`),
  );
}

function seriesOfRollupsAlone({ engine, catalog }: RecoveryDeps): number[] {
  const raw = seriesOf(catalog, ["metrics", "histograms", "exemplars"]);
  const table = tableFromIPC(
    engine.run(
      `SELECT series_id FROM series
       WHERE series_id NOT IN (${raw} UNION SELECT series_id FROM ${KNOWN_SERIES})
       ORDER BY series_id`,
    ),
  );
  return [...table.getChildAt(0) ?? []].map(Number);
}

/**
 * Events first: they are the oldest, and what is known of processes rests on them. Then the rollups,
 * which reach back furthest and say how far raw rows were rolled up; then what is newest.
 */
function inLoadOrder(newestFirst: readonly ChunkFile[]): ChunkFile[] {
  const rank = ({ signal }: ChunkFile) => {
    const tier = tierOf(signal);
    return signal === "events" ? 0 : tier === "1h" ? 1 : tier === "1m" ? 2 : 3;
  };
  return newestFirst.toSorted((a, b) => rank(a) - rank(b));
}

/** Numbers that stand for no key. */
function freeKeyIds(engine: Engine): Set<number> {
  const table = tableFromIPC(
    engine.run("SELECT key_id::UINTEGER AS id FROM attribute_keys WHERE key = ''"),
  );
  return new Set([...table.getChildAt(0) ?? []].map(Number));
}

/** Notes which attribute keys rows refer to. One that stands for no key has lost its definition. */
function noteKeys(
  { engine, keys }: RecoveryDeps,
  chunk: Chunk,
  frames: RecoveredFile["frames"],
  free: Set<number>,
): void {
  if (!hasAttributeKeys(chunk.signal)) return;
  for (const { payload } of frames) keys.note(chunk, keyIdsOfFrame(payload));
  const lost = [...free].filter((id) => keys.uses(chunk, id));
  if (lost.length === 0) return;
  for (const id of lost) free.delete(id);
  engine.run(
    `UPDATE attribute_keys SET key = 'lost_attribute_' || key_id::VARCHAR
     WHERE key_id IN (${lost.join(", ")})`,
  );
}

/** Notes which raw chunks the rows of a rollup were made of. */
function noteSources({ engine, catalog }: RecoveryDeps, chunk: Chunk): void {
  const table = tableFromIPC(engine.run(
    `SELECT source, epoch_us(min(ts))::DOUBLE AS ts FROM ${chunk.table} GROUP BY source`,
  ));
  for (const row of table.toArray()) {
    const source = Number(row["source"]);
    chunk.sources.set(source, bucketOf("metrics", Number(row["ts"])));
    catalog.reserveThrough(source);
  }
}

/**
 * Finds how far raw chunks were rolled up before the end. Rows are rolled up by ascending series id,
 * a frame at a time: what was written is whole up to the largest id. Where a rollup of the same time was
 * left on disk the rows may be in there, and must not be rolled up twice.
 */
function resumeRollups({ engine, catalog }: RecoveryDeps, left: readonly ChunkFile[]): void {
  for (const kind of ["metrics", "histograms"] as const) {
    for (const chunk of catalog.of(kind)) {
      for (const rollup of Object.values(ROLLUPS_OF[kind])) {
        const through = greatest(
          engine,
          catalog.of(rollup).filter(({ sources }) => sources.get(chunk.number) === chunk.bucketUs)
            .map(({ table }) =>
              `SELECT max(series_id) AS m FROM ${table} WHERE source = ${chunk.number}`
            ),
        );
        const unknown = left.some((file) =>
          file.signal === rollup && file.bucketUs === bucketOf(rollup, chunk.bucketUs)
        );
        if (unknown) chunk.rolledThrough.set(rollup, Infinity);
        else if (through > 0) chunk.rolledThrough.set(rollup, through);
      }
    }
  }
}

function discard(
  { engine, disk, catalog, keys }: RecoveryDeps,
  file: ChunkFile,
  chunk: ReturnType<ChunkCatalog["create"]>,
): void {
  catalog.remove(chunk);
  keys.drop(chunk);
  engine.run(`DROP TABLE ${chunk.table}`);
  disk.removeChunk(file);
}

/** Inserts a frame; false when the engine does not take it, which then counts as damage. */
function inserted(engine: Engine, table: string, payload: Uint8Array): boolean {
  try {
    engine.insert(table, payload);
    return true;
  } catch (error) {
    if (isEngineCrash(error)) throw error;
    return insertedByName(engine, table, payload);
  }
}

/** A frame of a Horizon that knew fewer columns: those that it lacks are NULL. */
function insertedByName(engine: Engine, table: string, payload: Uint8Array): boolean {
  try {
    engine.run("DROP TABLE IF EXISTS older_frame");
    engine.create("older_frame", payload);
    engine.run(`INSERT INTO ${table} BY NAME SELECT * FROM older_frame`);
    engine.run("DROP TABLE older_frame");
    return true;
  } catch (error) {
    if (isEngineCrash(error)) throw error;
    return false;
  }
}

/**
 * Definitions are looked up by position, so a lost one must leave no gap. What rows refer to
 * beyond the last known definition gets a stand-in too, so that its id is not given again.
 */
function fillGaps(deps: RecoveryDeps): void {
  const { engine } = deps;
  for (const { table, id, users, usedBy, standIn } of ID_GAPS) {
    const used = users === null ? largestAttributeKey(deps) : largest(deps, users, usedBy);
    engine.run(
      `INSERT INTO ${table}
       SELECT id, ${standIn} FROM (SELECT i::UINTEGER AS id FROM
         (SELECT unnest(range(1, 1 + greatest(${used},
           coalesce((SELECT max(${id}) FROM ${table}), 0)))) AS i))
       WHERE id NOT IN (SELECT ${id} FROM ${table})`,
    );
  }
}

function largest(
  { engine, catalog }: RecoveryDeps,
  column: string,
  kinds: readonly ChunkKind[],
): number {
  return greatest(
    engine,
    kinds.flatMap((kind) => catalog.of(kind)).map(({ table }) =>
      `SELECT max(${column}) AS m FROM ${table}`
    ),
  );
}

/** Of the chunks that refer to keys by number; those that are sealed have had their gaps filled. */
function largestAttributeKey({ engine, catalog }: RecoveryDeps): number {
  return greatest(
    engine,
    [...catalog.of("spans"), ...catalog.of("logs"), ...catalog.of("events")]
      .filter(({ state }) => state !== "sealed")
      .map(({ table }) => `SELECT max(list_max(attr_keys)) AS m FROM ${table}`),
  );
}

function greatest(engine: Engine, selects: readonly string[]): number {
  if (selects.length === 0) return 0;
  const sql = `SELECT max(m)::DOUBLE AS m FROM (${selects.join(" UNION ALL ")})`;
  return Number(tableFromIPC(engine.run(sql)).get(0)?.["m"] ?? 0);
}

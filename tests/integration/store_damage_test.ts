import assert from "node:assert/strict";
import type { ColumnBatch } from "../../mod/columns/column.ts";
import { Registries } from "../../mod/intern/registries.ts";
import { EventBatchBuilder } from "../../mod/signals/events.ts";
import { HistogramBatchBuilder } from "../../mod/signals/histograms.ts";
import { LogBatchBuilder } from "../../mod/signals/logs.ts";
import { SampleBatchBuilder } from "../../mod/signals/samples.ts";
import { SpanBatchBuilder } from "../../mod/signals/spans.ts";
import { PositionsFile } from "../../collectors/logs/log_positions.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import type { CrashSummary } from "../../mod/crashes/crash.ts";
import { ChunkCatalog, chunkLimits } from "../../storage/chunk_catalog.ts";
import { CrashStore } from "../../storage/crash_store.ts";
import { Engine } from "../../storage/engine.ts";
import { recover } from "../../storage/recovery.ts";
import { encodeArrow } from "../../storage/arrow_encode.ts";
import { batchFrame } from "../../storage/batch_frame.ts";
import { DataDir } from "../../storage/data_dir.ts";
import { decodeArrow } from "../../storage/arrow_decode.ts";
import { loadDuckDb } from "../../storage/duckdb_module.ts";
import { KeyUsage } from "../../storage/key_usage.ts";
import { HEADER_BYTES, scanFrames } from "../../storage/frame_log.ts";
import type { QuerySettled } from "../../storage/query_job.ts";
import { restoreDefinitions } from "../../storage/restore_definitions.ts";
import { StoreCore } from "../../storage/store_core.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { pushLog, pushSpan, storeOptions } from "../support/store_fixture.ts";

/** Starts with a damaged file, spread over every kind of file. */
const ROUNDS = Number(Deno.env.get("HORIZON_DAMAGES") ?? 200);
/**
 * One start in so many is of the whole store, which is then written to and asked; the others end with the
 * recovery, since the views that follow take most of the time. Of no common factor with the number of files.
 */
const WHOLE_EVERY = 11;
const SEED = 20261125;
const START_MS = Date.UTC(2026, 10, 25, 10, 30);
const HOUR_US = 3_600_000_000;

/** A store in this thread over a directory; engines are loaded once, for that takes longest. */
class Started {
  readonly registries = new Registries({ maxSeries: 1_000, maxSeriesPerMetric: 1_000 });
  readonly core: StoreCore;
  readonly #options;
  #nowMs: number;

  constructor(db: Awaited<ReturnType<typeof loadDuckDb>>, path: string, nowMs: number) {
    this.#nowMs = nowMs;
    this.#options = storeOptions({ disk: { path, fsync: "on_close", budgetBytes: 1e9 } });
    const clock = { nowMs: () => this.#nowMs, monotonicMs: () => performance.now() };
    const disk = new DataDir(path, "on_close");
    this.core = new StoreCore(db, this.#options, clock, { disk, definitions: null });
    if (this.core.recovery !== null) {
      restoreDefinitions(this.core.recovery, this.registries, nowMs);
    }
  }

  append(batches: readonly ColumnBatch[]): void {
    this.core.append({
      forgottenSeries: [],
      forgottenKeys: [],
      definitions: this.registries.takePending().map(({ table, rows, columns }) => ({
        table,
        rows,
        ipc: encodeArrow(rows, columns),
      })),
      batches: batches.map(batchFrame),
    }, () => undefined);
  }

  /** Lets hours pass, so that chunks are closed, sealed and rolled up. */
  advanceTo(nowMs: number): void {
    this.#nowMs = nowMs;
    for (let i = 0; i < 3; i++) {
      this.core.tick();
      while (this.core.busy) this.core.step();
    }
  }

  rows(sql: string): unknown[][] {
    const { maxRows, maxBytes, defaultTimeoutMs: timeoutMs } = this.#options.query;
    const answers: QuerySettled[] = [];
    const query = { sql, params: [], maxRows, maxBytes, timeoutMs };
    this.core.query(1, query, (settled) => answers.push(settled));
    while (answers.length === 0) this.core.step();
    const [settled] = answers;
    if (settled?.ok !== true) throw settled?.error;
    return [...decodeArrow(settled.outcome.ipc).rows(maxRows)].map((row) => [...row]);
  }

  /** Rows of every kind of chunk. */
  stored(): number {
    const { signals, rollups } = this.core.stats();
    return [...signals, ...rollups].reduce((sum, { rows }) => sum + rows, 0);
  }
}

/** Rows that a recovery brings back, and what it lost, without the rest of a start. */
function recovered(db: Awaited<ReturnType<typeof loadDuckDb>>, path: string, nowMs: number) {
  const budgetBytes = 100 * 1024 * 1024;
  const catalog = new ChunkCatalog(chunkLimits(budgetBytes));
  const disk = new DataDir(path, "on_close");
  try {
    recover({
      engine: new Engine(db, budgetBytes, 0),
      keys: new KeyUsage(),
      disk,
      catalog,
      budgetBytes,
      usedBytes: () => 0,
      sealLoaded: () => assert.fail("there is room for all"),
      clock: { nowMs: () => nowMs, monotonicMs: () => performance.now() },
    });
    return [...catalog.all()].reduce((sum, { rows }) => sum + rows, 0);
  } finally {
    disk.close();
  }
}

/** Files in a data directory that are not the store's: each is read by somebody of its own. */
async function writeOthers(path: string): Promise<void> {
  const crashes = new CrashStore(path, CRASH_LIMITS);
  for (const pid of [7, 8]) crashes.put(crash(pid), new Uint8Array(300).fill(pid));
  const positions = new PositionsFile(`${path}/${POSITIONS}`, silentLogger);
  await positions.save({
    savedAtMs: START_MS,
    files: [{
      path: "/var/log/app.log",
      dev: 1,
      ino: 2,
      offset: 300,
      probe: "ab12",
      acknowledged: 400,
      head: "00ff",
    }],
    cursors: { journald: "s=1;i=2" },
  });
  Deno.mkdirSync(`${path}/quarantine`);
  Deno.writeFileSync(`${path}/quarantine/spans-1-2.log`, new Uint8Array(500).fill(1));
}

/** What is left of those files: a damaged one is whole or not there, the others are there. */
async function checkOthers(path: string, name: string, what: string): Promise<void> {
  const crashes = new CrashStore(path, CRASH_LIMITS);
  const pids = crashes.list().map(({ id }) => Number(id.split("-")[1]));
  const damaged = [7, 8].find((pid) => name.endsWith(`-${pid}.crash`));
  assert.deepEqual(
    pids.filter((pid) => pid !== damaged),
    [7, 8].filter((pid) => pid !== damaged),
    what,
  );
  for (const { id } of crashes.list()) assert.ok(crashes.get(id) !== null, what);
  const positions = new PositionsFile(`${path}/${POSITIONS}`, silentLogger);
  const loaded = await positions.load();
  if (name !== POSITIONS) assert.equal(loaded.kind, "loaded", what);
}

const POSITIONS = "log-positions.json";
const CRASH_LIMITS = { maxCount: 10, maxBytes: 1e6, maxAgeMs: 1e12 };

const crash = (pid: number): CrashSummary => ({
  id: `${START_MS}-${pid}`,
  tsMs: START_MS,
  processId: `${pid}-1`,
  pid,
  name: "worker",
  service: null,
  cause: "crashed",
  exitCode: null,
  signal: "SIGSEGV",
  message: "it crashed",
  evidence: [],
});

/** A row of each signal, two samples, all with names of their own. */
function batchesOf(registries: Registries, tag: string, tsUs: number): ColumnBatch[] {
  const samples = new SampleBatchBuilder();
  const histograms = new HistogramBatchBuilder();
  const spans = new SpanBatchBuilder();
  const logs = new LogBatchBuilder();
  const events = new EventBatchBuilder();
  const gauge = registries.series.resolve(`gauge.${tag}`, "gauge", "1", [["l", tag]], "svc");
  samples.push(gauge, tsUs, 1);
  samples.push(gauge, tsUs + 1, 2);
  histograms.push({
    seriesId: registries.series.resolve(`histogram.${tag}`, "histogram", "s", [], "svc"),
    tsUs,
    count: 3,
    sum: 1,
    min: null,
    max: null,
    boundsId: registries.bounds.idOf([tag.length, 100]),
    counts: [1, 1, 1],
  });
  pushSpan(spans, registries, {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    name: `span.${tag}`,
    tsUs,
    attributes: { [`key.${tag}`]: tag },
    resource: [["service.name", tag]],
  });
  pushLog(logs, registries, { tsUs, body: `log.${tag}`, attributes: { [`key.${tag}`]: tag } });
  events.pushTime(tsUs, 0);
  events.stream.push("process");
  events.name.push("exit");
  events.subject.push(tag);
  events.service.push("svc");
  events.pid.push(1);
  events.severity.push("info");
  events.message.push(tag);
  events.value.push(0);
  events.closeRow();
  return [samples, histograms, spans, logs, events].map((builder) => builder.finish());
}

function filesBelow(path: string, folder = ""): string[] {
  return [...Deno.readDirSync(`${path}/${folder}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(path, `${folder}${name}/`) : [`${folder}${name}`]
  );
}

/** Rows in the frames that a cut at `at`, or another byte there, touches. */
function touchedRows(bytes: Uint8Array<ArrayBuffer>, at: number, cut: boolean): number {
  let from = 0;
  let rows = 0;
  for (const frame of scanFrames(bytes).frames) {
    const to = from + HEADER_BYTES + frame.payload.length;
    if (at < to && (cut || at >= from)) rows += frame.rows;
    from = to;
  }
  return rows;
}

Deno.test(`store: ${ROUNDS} damaged files, none prevents a start or loses more than the frames touched`, async () => {
  const folder = await Deno.makeTempDir({ prefix: "horizon-damage-" });
  const path = `${folder}/data`;
  try {
    const db = await loadDuckDb();
    const first = new Started(db, path, START_MS);
    for (const tag of ["a", "bb", "ccc"]) {
      first.append(batchesOf(first.registries, tag, START_MS * 1000 - HOUR_US));
      first.append(batchesOf(first.registries, `${tag}.now`, START_MS * 1000));
    }
    // The hour before is rolled up; then some more rows, in chunks that stay open.
    first.advanceTo(START_MS + 2 * 60_000);
    first.append(batchesOf(first.registries, "late", START_MS * 1000));
    first.core.close();
    await writeOthers(path);
    const files = filesBelow(path);
    const kinds = new Set(files.map((name) => name.replace(/\d*-\d.*/, "")));
    assert.deepEqual([...kinds].sort(), [
      "chunks/events",
      "chunks/histogram_rollups_1h",
      "chunks/histogram_rollups_1m",
      "chunks/histograms",
      "chunks/logs",
      "chunks/metrics",
      "chunks/rollups_1h",
      "chunks/rollups_1m",
      "chunks/spans",
      "crashes/",
      "definitions.log",
      "horizon.json",
      "lock",
      POSITIONS,
      "quarantine/spans",
    ]);
    const pristine = new Map(files.map((name) => [name, Deno.readFileSync(`${path}/${name}`)]));
    const restored = () => {
      Deno.removeSync(path, { recursive: true });
      for (const folder of ["chunks", "crashes", "quarantine"]) {
        Deno.mkdirSync(`${path}/${folder}`, { recursive: true });
      }
      for (const [name, bytes] of pristine) Deno.writeFileSync(`${path}/${name}`, bytes);
    };
    restored();
    const whole = new Started(db, path, START_MS + 5 * 60_000);
    const all = whole.stored();
    const report = whole.core.recovery?.report;
    assert.deepEqual([report?.lostStretches, report?.rows], [0, all]);
    whole.core.close();
    const random = mulberry32(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      restored();
      const name = files[round % files.length]!;
      const bytes = pristine.get(name)!;
      const cut = random() % 2 === 0;
      const at = bytes.length === 0 ? 0 : random() % bytes.length;
      const damaged = cut ? bytes.slice(0, at) : bytes.slice();
      if (!cut && damaged.length > 0) damaged[at] = damaged[at]! ^ (1 + random() % 255);
      Deno.writeFileSync(`${path}/${name}`, damaged);
      const what = `round ${round}: ${name} ${cut ? "cut" : "changed"} at ${at}`;
      await checkOthers(path, name, what);
      const lost = name.startsWith("chunks/") ? touchedRows(bytes, at, cut) : 0;
      if (round % WHOLE_EVERY !== 0) {
        assert.equal(recovered(db, path, START_MS + 5 * 60_000), all - lost, what);
        continue;
      }
      const store = new Started(db, path, START_MS + 5 * 60_000);
      assert.equal(store.stored(), all - lost, what);
      if (name === "horizon.json" || name === "lock") {
        assert.deepEqual(store.rows("SELECT count(*) FROM metrics"), [[14]], what);
      }
      // What comes now has names, keys and resources of its own, whatever definitions were lost.
      store.append(batchesOf(store.registries, "new", START_MS * 1000));
      assert.deepEqual(
        store.rows(`SELECT labels, count(*) FROM metrics WHERE name = 'gauge.new' GROUP BY ALL`),
        [[{ l: "new" }, 2]],
        what,
      );
      assert.deepEqual(
        store.rows("SELECT attributes, resource FROM spans WHERE name = 'span.new'"),
        [[{ "key.new": "new" }, { "service.name": "new" }]],
        what,
      );
      assert.deepEqual(
        store.rows("SELECT bounds FROM histograms WHERE name = 'histogram.new'"),
        [[[3, 100]]],
        what,
      );
      store.core.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// @ts-check
/** What the page says about the store. Pure, so that odd states are tested without a page. */

import { formatBytes, formatCount, formatDuration, formatNumber, MISSING } from "../format.js";

/** @import { StorageState, StoredRows } from "../api_client.js" */
/** @import { Tile } from "./overview_tiles.js" */

/**
 * @typedef {object} KeptRow What is kept of a signal in one tier.
 * @property {string} key
 * @property {string} signal
 * @property {string} tier
 * @property {string} rows
 * @property {string} chunks
 * @property {string} chunkHint
 * @property {string} bytes
 * @property {string} compression
 * @property {string} oldest how old the oldest row is
 * @property {string} retention
 * @property {number | null} share of the retention that the oldest row has reached; may be over 1
 *
 * @typedef {{ name: string, series: number, refused: number }} MetricSeries
 * @typedef {{ term: string, text: string, bad: boolean }} Fact
 */

/** Where the rows of each rollup belong. */
const ROLLUPS = /** @type {Readonly<Record<string, { signal: string, tier: string }>>} */ ({
  rollups_1m: { signal: "metrics", tier: "1 min" },
  rollups_1h: { signal: "metrics", tier: "1 h" },
  histogram_rollups_1m: { signal: "histograms", tier: "1 min" },
  histogram_rollups_1h: { signal: "histograms", tier: "1 h" },
});

/**
 * Each signal followed by its rollups.
 * @param {StorageState} state
 * @param {number} nowMs
 * @returns {KeptRow[]}
 */
export function keptRows({ signals, rollups }, nowMs) {
  return signals.flatMap((raw) => [
    keptRow(raw.signal, "raw", raw, nowMs),
    ...rollups.flatMap((one) => {
      const of = ROLLUPS[one.rollup];
      return of?.signal === raw.signal ? [keptRow(of.signal, of.tier, one, nowMs)] : [];
    }),
  ]);
}

/**
 * @param {string} signal
 * @param {string} tier
 * @param {StoredRows} stored
 * @param {number} nowMs
 * @returns {KeptRow}
 */
function keptRow(signal, tier, stored, nowMs) {
  const { open, closed, sealed } = stored.chunk_states;
  const ageMs = stored.min_ts === null ? null : Math.max(0, nowMs - Date.parse(stored.min_ts));
  const { ratio } = stored.compression;
  return {
    key: `${signal} ${tier}`,
    signal,
    tier,
    rows: formatCount(stored.rows),
    chunks: formatCount(stored.chunks),
    chunkHint: `${open} open, ${closed} waiting to be sealed, ${sealed} sealed`,
    bytes: stored.rows === 0 ? MISSING : formatBytes(stored.bytes),
    compression: ratio === null ? MISSING : `${ratio.toFixed(1)}×`,
    oldest: ageMs === null ? MISSING : formatDuration(Math.max(1, Math.round(ageMs / 1000))),
    retention: formatDuration(stored.retention_ms / 1000),
    share: ageMs === null ? null : ageMs / stored.retention_ms,
  };
}

/**
 * @param {StorageState} state
 * @returns {Tile[]}
 */
export function storageTiles({ bytes, budget_bytes: budget, disk, series, signals, rollups }) {
  const all = [...signals, ...rollups];
  const refused = Object.values(series.refused).reduce((sum, count) => sum + count, 0);
  return [
    {
      id: "memory",
      title: "Memory",
      value: formatBytes(bytes),
      note: `of ${formatBytes(budget)}`,
      ratio: bytes / budget,
    },
    disk === null
      ? {
        id: "disk",
        title: "Disk",
        value: "Memory only",
        note: "--data-dir keeps it over a restart",
        ratio: null,
      }
      : {
        id: "disk",
        title: "Disk",
        value: formatBytes(disk.bytes),
        note: `of ${formatBytes(disk.budget_bytes)} in ${counting(disk.files, "file")}`,
        ratio: disk.bytes / disk.budget_bytes,
      },
    {
      id: "rows",
      title: "Rows",
      value: formatNumber(all.reduce((sum, { rows }) => sum + rows, 0)),
      note: `in ${formatCount(all.reduce((sum, { chunks }) => sum + chunks, 0))} chunks`,
      ratio: null,
    },
    {
      id: "series",
      title: "Series",
      value: formatNumber(series.live),
      note: refused === 0
        ? `live; ${formatNumber(series.retired)} ended with rows left`
        : `live; samples of new series refused: ${formatNumber(refused)}`,
      ratio: null,
    },
  ];
}

/**
 * The metrics that the filter leaves: those that have all its words in their name.
 * @param {readonly MetricSeries[]} metrics
 * @param {string} filter
 * @param {boolean} refusedOnly
 * @returns {MetricSeries[]}
 */
export function chosenMetrics(metrics, filter, refusedOnly) {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return metrics.filter(({ name, refused }) =>
    words.every((word) => name.toLowerCase().includes(word)) && (!refusedOnly || refused > 0)
  );
}

/**
 * Why not all rows are safe, for the top of the page; null while they are as safe as configured.
 * @param {StorageState} state
 * @returns {string | null}
 */
export function storageProblem({ disk }) {
  if (disk === null || disk.problem === null) return null;
  const waiting = disk.waiting_rows === 0
    ? ""
    : ` ${formatCount(disk.waiting_rows)} rows wait for room on the disk.`;
  const lost = disk.unlogged_rows === 0
    ? ""
    : ` ${formatCount(disk.unlogged_rows)} rows stay in memory only.`;
  return `The data directory cannot be written: ${disk.problem}. What comes in is kept in memory.${waiting}${lost}`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 * @returns {string}
 */
function counting(count, one, many = `${one}s`) {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/**
 * What there is to know of the data directory, and of the last start.
 * @param {StorageState} state
 * @returns {Fact[]}
 */
export function diskFacts({ disk, restarts }) {
  const thread = {
    term: "Restarts of the store's thread",
    text: restarts.last === null
      ? formatCount(restarts.count)
      : `${formatCount(restarts.count)}, the last at ${restarts.last.ts}: ${restarts.last.reason}${
        restarts.last.emptied ? "; what was stored before is gone" : ""
      }`,
    bad: restarts.count > 0,
  };
  if (disk === null) return [thread];
  const { recovery } = disk;
  const lost = recovery.lost_stretches > 0;
  /** @type {(term: string, count: number, unit: string) => Fact} */
  const counted = (term, count, unit) => ({ term, text: counting(count, unit), bad: count > 0 });
  return [
    { term: "Data directory", text: disk.path, bad: false },
    {
      term: "Forced to the disk",
      text: `${disk.fsync.replaceAll("_", " ")}, ${formatCount(disk.syncs)} times; ${
        formatBytes(disk.unsynced_bytes)
      } not yet`,
      bad: false,
    },
    { term: "Layout version", text: String(disk.layout_version), bad: false },
    {
      term: "Recovered at the start",
      text: `${formatCount(recovery.rows)} rows in ${formatDuration(recovery.elapsed_ms / 1000)}`,
      bad: false,
    },
    {
      term: "Damage found",
      text: lost
        ? `${counting(recovery.lost_stretches, "stretch", "stretches")}, ${
          formatBytes(recovery.lost_bytes)
        }`
        : "none",
      bad: lost,
    },
    counted("Left on disk for want of memory", recovery.left_on_disk, "file"),
    counted("Set aside, because starts died of them", recovery.set_aside, "file"),
    counted("In quarantine", disk.quarantined_files, "file"),
    counted("Failed writes", disk.failed_writes, "write"),
    {
      term: "Waiting for room on the disk",
      text: `${counting(disk.waiting_rows, "row")}, ${formatBytes(disk.waiting_bytes)}`,
      bad: disk.waiting_rows > 0,
    },
    counted("In memory only, for good", disk.unlogged_rows, "row"),
    thread,
  ];
}

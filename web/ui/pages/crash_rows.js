// @ts-check
/** What is shown of crashes, as plain data. */

import { BucketTable } from "../bucket_table.js";
import { formatDuration } from "../format.js";

/** @import { CrashBundle, CrashEntry, CrashTable, CrashTableName, SqlResult, SqlValue } from "../api_client.js" */
/** @import { ChartData } from "../chart.js" */

/** Crashes of this time stand with their services. */
export const RECENT_MS = 7 * 86_400_000;
/** Crashes of this time make a service one that needs a look. */
export const FRESH_MS = 86_400_000;
/** Seconds between two points of a chart. */
const STEP_SECONDS = 5;

/** Tables in the order of their tabs, and what people call them. */
export const TABLES = /** @type {const} */ ([
  ["logs", "Logs"],
  ["spans", "Spans"],
  ["events", "Events"],
  ["metrics", "Metrics"],
  ["host", "Host"],
]);

/**
 * Those that ended at most `withinMs` ago; what a clock puts into the future is recent.
 * @param {readonly CrashEntry[]} crashes
 * @param {number} nowMs
 * @param {number} withinMs
 * @returns {CrashEntry[]}
 */
export function crashesWithin(crashes, nowMs, withinMs) {
  return crashes.filter(({ ts }) => nowMs - Date.parse(ts) <= withinMs);
}

/**
 * How it ended, in few words: `crashed · SIGSEGV`, `failed · exit code 3`, `oom killed`.
 * @param {Pick<CrashEntry, "cause" | "exit_code" | "signal">} crash
 * @returns {string}
 */
export function causeText({ cause, exit_code, signal }) {
  const how = signal ?? (exit_code === null ? null : `exit code ${exit_code}`);
  return [cause.replaceAll("_", " "), how].filter((part) => part !== null).join(" · ");
}

/**
 * @param {string} ts
 * @param {number} nowMs
 * @returns {string} such as `3 h 2 m ago`
 */
export function agoText(ts, nowMs) {
  const seconds = Math.round((nowMs - Date.parse(ts)) / 1000);
  return seconds < 1 ? "just now" : `${formatDuration(seconds)} ago`;
}

/**
 * The table to begin with: the first that has rows.
 * @param {CrashBundle["tables"]} tables
 * @returns {CrashTableName}
 */
export function firstTable(tables) {
  return TABLES.find(([name]) => tables[name].rows.length > 0)?.[0] ?? "logs";
}

/**
 * A frozen table as the grid of results takes it. Types are not frozen: they are read from the values.
 * @param {CrashTable} table
 * @returns {SqlResult}
 */
export function tableResult({ columns, rows, truncated }) {
  return {
    columns: columns.map((name, i) => ({ name, type: typeOf(name, rows, i) })),
    rows,
    row_count: rows.length,
    truncated,
    elapsed_ms: 0,
  };
}

/**
 * @param {string} name
 * @param {readonly SqlValue[][]} rows
 * @param {number} column
 * @returns {string}
 */
function typeOf(name, rows, column) {
  if (name === "ts") return "TIMESTAMP";
  const value = rows.find((row) => (row[column] ?? null) !== null)?.[column];
  return typeof value === "number" ? "DOUBLE" : "VARCHAR";
}

/**
 * CPU (1 is one core) and memory of the process until its end; no series where nothing was measured.
 * @param {Pick<CrashBundle, "pid" | "ts" | "tables">} crash
 * @returns {{ cpu: ChartData, memory: ChartData }}
 */
export function crashCharts({ pid, ts, tables }) {
  const samples = samplesOf(tables.metrics, String(pid));
  const toMs = Date.parse(ts);
  const first = samples.reduce((least, { timeMs }) => Math.min(least, timeMs), toMs);
  const table = new BucketTable({
    fromMs: Math.min(first, toMs - STEP_SECONDS * 1000),
    toMs: toMs + 1,
    stepMs: STEP_SECONDS * 1000,
  });
  for (const { name, timeMs, value } of samples) {
    if (name === "process.memory.usage") table.add(timeMs, "Memory", value);
  }
  for (const [timeMs, rate] of cpuRates(samples)) table.add(timeMs, "CPU", rate);
  const chart = (/** @type {string} */ name, /** @type {string} */ colour) => ({
    times: table.times(),
    series: table.names.includes(name) ? [{ name, colour, below: false }] : [],
    values: [table.values(name)],
    window: table.window,
  });
  return { cpu: chart("CPU", "--series-1"), memory: chart("Memory", "--series-3") };
}

/**
 * @typedef {object} FrozenSample
 * @property {string} name
 * @property {string} series
 * @property {number} timeMs
 * @property {number} value
 */

/**
 * @param {CrashTable} table
 * @param {string} pid of whose process; metrics of its service are left out
 * @returns {FrozenSample[]} oldest first
 */
function samplesOf({ columns, rows }, pid) {
  const at = Object.fromEntries(columns.map((name, i) => [name, i]));
  const { ts = -1, name = -1, value = -1, labels = -1 } = at;
  return rows.flatMap((row) => {
    const of = row[labels];
    const reading = row[value];
    const timeMs = Date.parse(String(row[ts]));
    if (typeof of !== "object" || of === null || Array.isArray(of)) return [];
    if (typeof reading !== "number" || Number.isNaN(timeMs)) return [];
    const label = /** @type {Readonly<Record<string, unknown>>} */ (of);
    if (label["process.pid"] !== pid) return [];
    return [{
      name: String(row[name]),
      series: String(label["cpu.mode"] ?? ""),
      timeMs,
      value: reading,
    }];
  }).toSorted((a, b) => a.timeMs - b.timeMs);
}

/**
 * What CPU seconds grew by over the time between looks, all modes together.
 * @param {readonly FrozenSample[]} samples oldest first
 * @returns {Map<number, number>} by time, milliseconds
 */
function cpuRates(samples) {
  /** @type {Map<string, FrozenSample>} */
  const before = new Map();
  /** @type {Map<number, number>} */
  const rates = new Map();
  for (const sample of samples) {
    if (sample.name !== "process.cpu.time") continue;
    const last = before.get(sample.series);
    before.set(sample.series, sample);
    if (last === undefined || sample.timeMs <= last.timeMs || sample.value < last.value) continue;
    const rate = (sample.value - last.value) / ((sample.timeMs - last.timeMs) / 1000);
    rates.set(sample.timeMs, (rates.get(sample.timeMs) ?? 0) + rate);
  }
  return rates;
}

// @ts-check
/** The process table without its page: columns, filter, order, groups. */

import {
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  MISSING,
} from "../format.js";

/** @import { ProcessEntry } from "../api_client.js" */

/**
 * @typedef {"ascending" | "descending"} Direction
 * @typedef {{ column: string, direction: Direction }} Order
 *
 * @typedef {object} Column
 * @property {string} id
 * @property {string} title
 * @property {string} hint what it means, where the title is too short for it
 * @property {boolean} numeric right aligned, and sorted from the largest at first
 * @property {(entry: ProcessEntry) => number | string | null} value what is sorted by
 * @property {(entry: ProcessEntry, nowMs: number) => string} text
 *
 * @typedef {object} GroupRow
 * @property {"group"} kind
 * @property {string} key
 * @property {string} title
 * @property {boolean} collapsed
 * @property {number} count
 * @property {number} cpuRatio
 * @property {number} rssBytes
 *
 * @typedef {object} ProcessRow
 * @property {"process"} kind
 * @property {string} key
 * @property {ProcessEntry} entry
 * @property {number} depth below its ancestors in the tree; 0 elsewhere
 * @typedef {GroupRow | ProcessRow} TableRow
 */

/** Name of the group of all that belong to no service. */
export const NO_SERVICE = "no service";

/** @type {readonly Column[]} */
export const COLUMNS = [
  column("pid", "PID", "Process id", true, ({ pid }) => pid, ({ pid }) => String(pid)),
  textColumn("name", "Name", ({ name }) => name),
  textColumn("service", "Service", ({ service }) => service),
  textColumn("user", "User", ({ user }) => user),
  textColumn("state", "State", ({ state }) => state),
  column(
    "cpu",
    "CPU",
    "100 % is one core",
    true,
    ({ cpu_ratio }) => cpu_ratio,
    ({ cpu_ratio }) => formatPercent(cpu_ratio),
  ),
  column(
    "trend",
    "Trend",
    "CPU over the last minute",
    false,
    ({ cpu_ratio }) => cpu_ratio,
    () => "",
  ),
  column(
    "memory",
    "Memory",
    "Resident memory (RSS)",
    true,
    ({ rss_bytes }) => rss_bytes,
    ({ rss_bytes }) => formatBytes(rss_bytes),
  ),
  column(
    "threads",
    "Threads",
    "",
    true,
    ({ threads }) => threads,
    ({ threads }) => formatCount(threads),
  ),
  column(
    "files",
    "Files",
    "Open file descriptors",
    true,
    ({ open_fds }) => open_fds,
    ({ open_fds }) => formatCount(open_fds),
  ),
  column(
    "read",
    "Read",
    "Read from disks",
    true,
    ({ read_bytes_per_second }) => read_bytes_per_second,
    ({ read_bytes_per_second }) => quietRate(read_bytes_per_second),
  ),
  column(
    "write",
    "Write",
    "Written to disks",
    true,
    ({ write_bytes_per_second }) => write_bytes_per_second,
    ({ write_bytes_per_second }) => quietRate(write_bytes_per_second),
  ),
  column(
    "age",
    "Age",
    "Time since its start",
    true,
    ({ start_time }) => start_time === null ? null : -Date.parse(start_time),
    ({ start_time }, nowMs) => formatAge(start_time, nowMs),
  ),
  textColumn("command", "Command", ({ command_line, executable }) => command_line ?? executable),
];

/** @type {Order} */
export const DEFAULT_ORDER = { column: "cpu", direction: "descending" };

/**
 * @param {string} id
 * @param {string} title
 * @param {string} hint
 * @param {boolean} numeric
 * @param {Column["value"]} value
 * @param {Column["text"]} text
 * @returns {Column}
 */
function column(id, title, hint, numeric, value, text) {
  return { id, title, hint, numeric, value, text };
}

/**
 * @param {string} id
 * @param {string} title
 * @param {(entry: ProcessEntry) => string | null} value
 * @returns {Column}
 */
function textColumn(id, title, value) {
  return column(id, title, "", false, value, (entry) => value(entry) ?? "");
}

/**
 * Most processes read and write nothing most of the time; empty is calmer than zeros.
 * @param {number | null} rate
 * @returns {string}
 */
function quietRate(rate) {
  if (rate === null) return MISSING;
  return rate === 0 ? "" : formatByteRate(rate);
}

/**
 * @param {string | null} startTime
 * @param {number} nowMs
 * @returns {string}
 */
export function formatAge(startTime, nowMs) {
  if (startTime === null) return MISSING;
  return formatDuration(Math.max(0, Math.floor((nowMs - Date.parse(startTime)) / 1000)));
}

/** Words like `user:root` look at one field only. */
const FIELDS = /** @type {const} */ (["pid", "name", "service", "user", "state", "command"]);

/**
 * Keeps what has every word of the text, in any of its name, pid, service, user and command line; `service:web` looks
 * at one of them. Upper and lower case are one.
 * @param {readonly ProcessEntry[]} processes
 * @param {string} text
 * @returns {ProcessEntry[]}
 */
export function filterProcesses(processes, text) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return processes.filter((entry) => words.every((word) => matches(entry, word)));
}

/**
 * @param {ProcessEntry} entry
 * @param {string} word lower case
 * @returns {boolean}
 */
function matches(entry, word) {
  const colon = word.indexOf(":");
  const field = FIELDS.find((name) => name === word.slice(0, Math.max(colon, 0)));
  if (field === "pid") return String(entry.pid) === word.slice(colon + 1);
  if (field !== undefined) return fieldText(entry, field).includes(word.slice(colon + 1));
  return String(entry.pid) === word ||
    FIELDS.some((name) => name !== "pid" && fieldText(entry, name).includes(word));
}

/**
 * @param {ProcessEntry} entry
 * @param {typeof FIELDS[number]} field
 * @returns {string} lower case
 */
function fieldText(entry, field) {
  const value = field === "command"
    ? `${entry.command_line ?? entry.executable ?? ""}`
    : entry[field];
  return String(value ?? "").toLowerCase();
}

/**
 * Sorted by a column; what has no value stands last in both directions, equals stand by pid.
 * @param {readonly ProcessEntry[]} processes
 * @param {Order} order
 * @returns {ProcessEntry[]}
 */
export function sortProcesses(processes, { column: id, direction }) {
  const value = COLUMNS.find((candidate) => candidate.id === id)?.value ?? (({ pid }) => pid);
  const sign = direction === "ascending" ? 1 : -1;
  return [...processes].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.pid - b.pid;
    return sign * compare(x, y) || a.pid - b.pid;
  });
}

/**
 * @param {number | string} a
 * @param {number | string} b
 * @returns {number}
 */
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b));
}

/**
 * The order after a click on a column: numbers begin with the largest, texts with A; the same column again turns it.
 * @param {Order} order
 * @param {string} id
 * @returns {Order}
 */
export function nextOrder(order, id) {
  if (order.column === id) {
    return { column: id, direction: order.direction === "ascending" ? "descending" : "ascending" };
  }
  const numeric = COLUMNS.find((candidate) => candidate.id === id)?.numeric ?? false;
  return { column: id, direction: numeric ? "descending" : "ascending" };
}

/**
 * @param {readonly ProcessEntry[]} sorted
 * @returns {TableRow[]}
 */
export function plainRows(sorted) {
  return sorted.map((entry) => processRow(entry));
}

/**
 * Each process below its parent, siblings in the order of the table. One whose parent is not shown stands at the left.
 * @param {readonly ProcessEntry[]} sorted
 * @returns {TableRow[]}
 */
export function treeRows(sorted) {
  const pids = new Set(sorted.map(({ pid }) => pid));
  /** @type {Map<number, ProcessEntry[]>} */
  const children = new Map();
  /** @type {ProcessEntry[]} */
  const roots = [];
  for (const entry of sorted) {
    if (!pids.has(entry.ppid) || entry.ppid === entry.pid) roots.push(entry);
    else children.set(entry.ppid, [...children.get(entry.ppid) ?? [], entry]);
  }
  /** @type {TableRow[]} */
  const rows = [];
  const placed = new Set();
  // Not by recursion: chains of processes may be as long as somebody likes.
  const open = roots.map((entry) => ({ entry, depth: 0 })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { entry, depth } = next;
    if (placed.has(entry.pid)) continue;
    placed.add(entry.pid);
    rows.push(processRow(entry, depth));
    const below = children.get(entry.pid) ?? [];
    open.push(...below.map((entry) => ({ entry, depth: depth + 1 })).reverse());
  }
  // A parent that was given again during the look can make a ring, which has no root.
  const lost = sorted.filter(({ pid }) => !placed.has(pid));
  return [...rows, ...lost.map((entry) => processRow(entry))];
}

/**
 * One heading for each service with its sums, its processes below unless collapsed. Groups stand in the order of their
 * first process, so they follow the order of the table; those without a service are last.
 * @param {readonly ProcessEntry[]} sorted
 * @param {ReadonlySet<string>} collapsed keys of groups
 * @returns {TableRow[]}
 */
export function groupedRows(sorted, collapsed) {
  /** @type {Map<string, ProcessEntry[]>} */
  const groups = new Map();
  for (const entry of sorted) {
    const service = entry.service ?? "";
    const group = groups.get(service);
    if (group === undefined) groups.set(service, [entry]);
    else group.push(entry);
  }
  const ordered = [...groups].sort(([a], [b]) => Number(a === "") - Number(b === ""));
  return ordered.flatMap(([service, entries]) => {
    const key = `service ${service}`;
    const isCollapsed = collapsed.has(key);
    /** @type {GroupRow} */
    const heading = {
      kind: "group",
      key,
      title: service === "" ? NO_SERVICE : service,
      collapsed: isCollapsed,
      count: entries.length,
      cpuRatio: entries.reduce((sum, { cpu_ratio }) => sum + (cpu_ratio ?? 0), 0),
      rssBytes: entries.reduce((sum, { rss_bytes }) => sum + (rss_bytes ?? 0), 0),
    };
    return [heading, ...(isCollapsed ? [] : entries.map((entry) => processRow(entry)))];
  });
}

/**
 * @param {ProcessEntry} entry
 * @param {number} [depth]
 * @returns {ProcessRow}
 */
function processRow(entry, depth = 0) {
  // The start belongs to the identity: pids are used again.
  return { kind: "process", key: `${entry.pid} ${entry.start_time ?? ""}`, entry, depth };
}

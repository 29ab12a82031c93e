// @ts-check
/** What each tile of the overview says. Pure, so that odd hosts are tested without a page. */

import { formatByteRate, formatBytes, formatNumber, formatPercent } from "../format.js";
import { CHARTS } from "./overview_charts.js";

/** @import { Sample } from "../live_samples.js" */
/** @import { HostState } from "./host_state.js" */

/**
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} title
 * @property {string} value
 * @property {string} note lines of it divided by line feeds
 * @property {number | null} ratio drawn as a bar; null draws none
 */

/** From this share on a resource is nearly used up. */
export const WARNING_RATIO = 0.8;
export const CRITICAL_RATIO = 0.95;

/**
 * @param {number | null} ratio
 * @returns {"ok" | "warning" | "critical"}
 */
export function levelOf(ratio) {
  if (ratio === null || ratio < WARNING_RATIO) return "ok";
  return ratio < CRITICAL_RATIO ? "warning" : "critical";
}

/**
 * @param {HostState} host
 * @returns {Tile[]}
 */
export function hostTiles(host) {
  return [cpuTile(host), memoryTile(host), loadTile(host), diskTile(host), networkTile(host)];
}

/**
 * @param {HostState} host
 * @returns {Tile}
 */
function cpuTile(host) {
  const total = (/** @type {Sample} */ { labels }) => !("cpu.logical_number" in labels);
  const busy = host.sum(
    "system.cpu.utilization",
    (sample) => total(sample) && sample.labels["cpu.mode"] !== "idle",
  );
  const waiting = host.sum(
    "system.cpu.utilization",
    (sample) => total(sample) && sample.labels["cpu.mode"] === "iowait",
  );
  const cores = host.sum("system.cpu.logical.count");
  const note = [
    cores === null ? null : `${cores} ${cores === 1 ? "core" : "cores"}`,
    waiting === null ? null : `iowait ${formatPercent(waiting)}`,
  ];
  return { id: "cpu", title: "CPU", value: formatPercent(busy), note: join(note), ratio: busy };
}

/**
 * @param {HostState} host
 * @returns {Tile}
 */
function memoryTile(host) {
  const used = host.sum(
    "system.memory.usage",
    ({ labels }) => labels["system.memory.state"] === "used",
  );
  const limit = host.sum("system.memory.limit");
  const swapUsed = host.sum(
    "system.paging.usage",
    ({ labels }) => labels["system.paging.state"] === "used",
  );
  const note = [
    limit === null ? null : `of ${formatBytes(limit)}`,
    swapUsed === null ? null : `swap ${formatBytes(swapUsed)}`,
  ];
  const ratio = used === null || limit === null || limit === 0 ? null : used / limit;
  return { id: "memory", title: "Memory", value: formatBytes(used), note: join(note), ratio };
}

/**
 * @param {HostState} host
 * @returns {Tile}
 */
function loadTile(host) {
  const [one, five, fifteen] = ["1m", "5m", "15m"].map((window) =>
    host.sum(`system.cpu.load_average.${window}`) ?? null
  );
  const cores = host.sum("system.cpu.logical.count");
  const known = one !== null && one !== undefined;
  return {
    id: "load",
    title: "Load",
    value: formatNumber(one),
    note: known ? `5 m ${formatNumber(five)} · 15 m ${formatNumber(fifteen)}` : "",
    ratio: !known || cores === null || cores === 0 ? null : Math.min(one / cores, 1),
  };
}

/**
 * @param {HostState} host
 * @returns {Tile}
 */
function diskTile(host) {
  const read = flow(host, "disk", "read");
  const written = flow(host, "disk", "write");
  return {
    id: "disk",
    title: "Disk",
    value: formatByteRate(sumOf(read, written)),
    note: `read ${formatByteRate(read)}\nwrite ${formatByteRate(written)}`,
    ratio: null,
  };
}

/**
 * @param {HostState} host
 * @returns {Tile}
 */
function networkTile(host) {
  const received = flow(host, "network", "receive");
  const sent = flow(host, "network", "transmit");
  return {
    id: "network",
    title: "Network",
    value: formatByteRate(sumOf(received, sent)),
    note: `in ${formatByteRate(received)}\nout ${formatByteRate(sent)}`,
    ratio: null,
  };
}

/**
 * The sum over what the chart of that name counts, in one direction.
 * @param {HostState} host
 * @param {string} chartId
 * @param {string} part
 * @returns {number | null} bytes per second
 */
function flow(host, chartId, part) {
  const chart = CHARTS.find(({ id }) => id === chartId);
  const metric = chart?.metrics[0];
  if (chart === undefined || metric === undefined) return null;
  return host.sum(metric, (sample) => chart.keyOf(sample)?.part === part);
}

/**
 * @param {number | null} a
 * @param {number | null} b
 * @returns {number | null}
 */
function sumOf(a, b) {
  return a === null && b === null ? null : (a ?? 0) + (b ?? 0);
}

/**
 * @param {readonly (string | null)[]} parts
 * @returns {string}
 */
function join(parts) {
  return parts.filter((part) => part !== null).join(" · ");
}

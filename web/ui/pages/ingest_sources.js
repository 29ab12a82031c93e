// @ts-check
/** What the page says about each source of telemetry. Pure, so that odd sources are tested without a page. */

import { formatBytes, formatCount, formatDuration, formatNumber } from "../format.js";

/** @import { IngestSource, IngestState } from "../api_client.js" */
/** @import { Tile } from "./overview_tiles.js" */

/** A problem is shown as one that goes on for so long, milliseconds. */
const RECENT_MS = 60_000;

/** How a kind is called, where its own name does not say it. */
const KIND_NAMES = /** @type {Readonly<Record<string, string>>} */ ({
  otlp_http: "OTLP/HTTP",
  otlp_grpc: "OTLP/gRPC",
  remote_write: "Remote write",
  collector: "Collector",
  scrape: "Scrape",
  graphite: "Graphite",
  statsd: "StatsD",
  influx: "InfluxDB",
  syslog: "Syslog",
  loki: "Loki",
  file: "File",
  journald: "Journal",
  stdin: "Standard input",
});

/**
 * @typedef {"good" | "idle" | "paused" | "troubled"} SourceState
 *
 * @typedef {object} SourceRow
 * @property {string} key
 * @property {string} kind for people
 * @property {string} name
 * @property {SourceState} state
 * @property {string} rate
 * @property {string} accepted
 * @property {string} rejected
 * @property {string} refused
 * @property {string} lag
 * @property {string} seen when a record was last accepted
 * @property {string} problem the last one, with its age; empty when there was none
 * @property {{ what: string, reason: string, count: string }[]} breakdown of all that was not kept, largest first
 */

/**
 * @param {IngestSource} source
 * @param {number} nowMs
 * @returns {SourceRow}
 */
export function sourceRow(source, nowMs) {
  const signals = Object.entries(source.signals);
  const rejected = signals.flatMap(([signal, counts]) =>
    Object.entries(counts.rejected).map(([reason, count]) => ({ what: signal, reason, count }))
  );
  const refused = Object.entries(source.refused).map(([reason, count]) => ({
    what: "refused",
    reason,
    count,
  }));
  const accepted = signals.reduce((sum, [, counts]) => sum + counts.accepted, 0);
  return {
    key: `${source.kind} ${source.name}`,
    kind: KIND_NAMES[source.kind] ?? source.kind,
    name: source.name,
    state: stateOf(source, nowMs),
    rate: `${formatNumber(source.rate_per_second)}/s`,
    accepted: formatCount(accepted),
    rejected: formatCount(total(rejected)),
    refused: formatCount(total(refused)),
    lag: formatDuration(source.lag_ms === null ? null : source.lag_ms / 1000),
    seen: source.last_accepted === null ? "never" : `${age(source.last_accepted, nowMs)} ago`,
    problem: problemText(source, nowMs),
    breakdown: [...rejected, ...refused].sort((a, b) => b.count - a.count).map((one) => ({
      ...one,
      count: formatCount(one.count),
    })),
  };
}

/**
 * @param {IngestSource} source
 * @param {number} nowMs
 * @returns {SourceState}
 */
function stateOf(source, nowMs) {
  if (source.paused !== null) return "paused";
  const { last_problem: problem } = source;
  if (problem !== null && nowMs - Date.parse(problem.time) < RECENT_MS) return "troubled";
  return source.rate_per_second > 0 ? "good" : "idle";
}

/**
 * @param {IngestSource} source
 * @param {number} nowMs
 * @returns {string}
 */
function problemText({ paused, last_problem: problem }, nowMs) {
  if (paused !== null) return `paused: ${paused}`;
  return problem === null ? "" : `${age(problem.time, nowMs)} ago: ${problem.message}`;
}

/**
 * @param {string} time
 * @param {number} nowMs
 * @returns {string}
 */
function age(time, nowMs) {
  return formatDuration(Math.max(1, Math.round((nowMs - Date.parse(time)) / 1000)));
}

/**
 * @param {readonly { count: number }[]} counts
 * @returns {number}
 */
function total(counts) {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/**
 * The sources that the filter leaves: those that have all its words in their kind or name. What
 * comes from outside stands before Horizon's own collectors.
 * @param {readonly IngestSource[]} sources
 * @param {string} filter
 * @param {boolean} problemsOnly
 * @returns {IngestSource[]}
 */
export function chosenSources(sources, filter, problemsOnly) {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const own = (/** @type {IngestSource} */ { kind }) => kind === "collector" ? 1 : 0;
  return sources.filter(({ kind, name, errors, paused }) => {
    const text = `${kind} ${KIND_NAMES[kind] ?? ""} ${name}`.toLowerCase();
    return words.every((word) => text.includes(word)) &&
      (!problemsOnly || errors > 0 || paused !== null);
  }).sort((a, b) => own(a) - own(b));
}

/**
 * @param {IngestState} state
 * @returns {Tile[]}
 */
export function ingestTiles({ intake, bodies, sources }) {
  const rate = sources.reduce((sum, one) => sum + one.rate_per_second, 0);
  const kept = Object.entries(intake.kept_rows).filter(([, rows]) => rows > 0);
  const turnedAway = Object.values(bodies.refused).reduce((sum, count) => sum + count, 0);
  return [
    {
      id: "rate",
      title: "Accepted",
      value: `${formatNumber(rate)}/s`,
      note: "records, over the last minute",
      ratio: null,
    },
    {
      id: "waiting",
      title: "Waiting for the store",
      value: formatBytes(intake.pending_bytes),
      note: `of ${formatBytes(intake.max_pending_bytes)}`,
      ratio: intake.pending_bytes / intake.max_pending_bytes,
    },
    {
      id: "kept",
      title: "Kept",
      value: formatNumber(kept.reduce((sum, [, rows]) => sum + rows, 0)),
      note: kept.map(([signal, rows]) => `${formatNumber(rows)} ${signal}`).join(" · "),
      ratio: null,
    },
    {
      id: "refused",
      title: "Refused for want of room",
      value: formatNumber(intake.refused_requests + turnedAway),
      note: `requests; ${formatNumber(intake.failed_appends)} batches failed in the store`,
      ratio: null,
    },
  ];
}

// @ts-check
/// <reference lib="dom" />
/** What the page Health shows of an answer, as plain data. */

import { formatDuration } from "../format.js";
import { crashesWithin, FRESH_MS, RECENT_MS } from "./crash_rows.js";

/** @import { CheckPoint, CheckStatus, CrashEntry, HealthState, WatchedHealth } from "../api_client.js" */

/**
 * @typedef {object} HealthGroup The host itself, or one service.
 * @property {string} key
 * @property {string} title
 * @property {HealthState} state
 * @property {readonly string[]} reasons
 * @property {readonly CheckStatus[]} checks those that were chosen
 * @property {readonly CrashEntry[]} crashes the recent ones that were chosen, newest first
 *
 * @typedef {object} SparkPoint
 * @property {number} x 0 to 1
 * @property {number} y 0 (the longest latency) to 1 (none)
 * @property {HealthState} state
 */

/** @type {Readonly<Record<HealthState, number>>} */
const SEVERITY = { unhealthy: 0, degraded: 1, unknown: 2, healthy: 3 };

const NOT_CHECKED = { state: /** @type {const} */ ("unknown"), reasons: ["no check looks at it"] };

/**
 * @typedef {object} Choice What the head of the page chooses.
 * @property {string} filter words that must all be in name, service, kind or state
 * @property {boolean} unwellOnly leaves out what is healthy, and crashes that are long ago
 * @property {number} nowMs
 */

/**
 * The host and the services, those that are worst first, with the checks and crashes that were chosen. A group
 * without any is left out. A service that crashed has a group even if no check looks at it.
 * @param {WatchedHealth} health
 * @param {readonly CrashEntry[]} crashes newest first
 * @param {Choice} choice
 * @returns {HealthGroup[]}
 */
export function chosenGroups({ host, services, checks }, crashes, { filter, unwellOnly, nowMs }) {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const matches = (/** @type {string} */ text) => {
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
  const chosen = checks.filter((check) => {
    if (unwellOnly && check.state === "healthy" && !check.flapping) return false;
    const { name, service, kind, role, state } = check;
    return matches(`${name} ${service ?? "host"} ${kind} ${role} ${state}`);
  });
  const crashed = crashesWithin(crashes, nowMs, unwellOnly ? FRESH_MS : RECENT_MS).filter(
    ({ name, service, cause, signal, message }) =>
      matches(`crash ${name} ${service ?? "host"} ${cause} ${signal ?? ""} ${message}`),
  );
  const of = (/** @type {string | null} */ wanted) => ({
    checks: chosen.filter(({ service }) => service === wanted),
    crashes: crashed.filter(({ service }) => service === wanted),
  });
  const unchecked = new Set(crashed.map(({ service }) => service).filter((name) => name !== null));
  for (const { service } of services) unchecked.delete(service);
  return [
    { key: "host", title: "This host", ...ownState(host, checks), ...of(null) },
    ...[
      ...services,
      ...[...unchecked].map((service) => ({ service, ...NOT_CHECKED })),
    ].map(({ service, state, reasons }) => ({
      key: `service ${service}`,
      title: service,
      state,
      reasons,
      ...of(service),
    })).toSorted((a, b) => SEVERITY[a.state] - SEVERITY[b.state]),
  ].filter((group) => group.checks.length > 0 || group.crashes.length > 0);
}

/**
 * The host's own checks alone: its state as a whole has that of the services in it.
 * @param {WatchedHealth["host"]} host
 * @param {readonly CheckStatus[]} checks
 * @returns {{ state: HealthState, reasons: readonly string[] }}
 */
function ownState(host, checks) {
  const own = checks.filter(({ service }) => service === null);
  const worst = own.toSorted((a, b) => SEVERITY[a.state] - SEVERITY[b.state])[0];
  if (worst === undefined) return NOT_CHECKED;
  return {
    state: worst.state,
    reasons: host.reasons.filter((reason) => !reason.startsWith("service ")),
  };
}

/**
 * How many checks are in each state, for the tiles.
 * @param {WatchedHealth} health
 * @returns {Record<HealthState | "flapping", number>}
 */
export function stateCounts({ checks }) {
  const counts = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0, flapping: 0 };
  for (const { state, flapping } of checks) {
    counts[state]++;
    if (flapping) counts.flapping++;
  }
  return counts;
}

/**
 * Where the points of a sparkline are: by their number, since runs have one distance.
 * @param {readonly CheckPoint[]} recent oldest first
 * @returns {SparkPoint[]}
 */
export function sparkPoints(recent) {
  const longest = Math.max(1, ...recent.map(({ latency_ms }) => latency_ms));
  return recent.map(({ latency_ms, state }, i) => ({
    x: recent.length === 1 ? 1 : i / (recent.length - 1),
    y: 1 - latency_ms / longest,
    state,
  }));
}

/**
 * How long it has been so.
 * @param {string | null} since
 * @param {number} nowMs
 * @returns {string}
 */
export function sinceText(since, nowMs) {
  if (since === null) return "";
  return formatDuration(Math.max(0, Math.round((nowMs - Date.parse(since)) / 1000)));
}

// @ts-check
/// <reference lib="dom" />
/** What the page Health shows of an answer, as plain data. */

import { formatDuration } from "../format.js";

/** @import { CheckPoint, CheckStatus, HealthState, WatchedHealth } from "../api_client.js" */

/**
 * @typedef {object} HealthGroup The host itself, or one service.
 * @property {string} key
 * @property {string} title
 * @property {HealthState} state
 * @property {readonly string[]} reasons
 * @property {readonly CheckStatus[]} checks those that were chosen
 *
 * @typedef {object} SparkPoint
 * @property {number} x 0 to 1
 * @property {number} y 0 (the longest latency) to 1 (none)
 * @property {HealthState} state
 */

/** @type {Readonly<Record<HealthState, number>>} */
const SEVERITY = { unhealthy: 0, degraded: 1, unknown: 2, healthy: 3 };

/**
 * The host and the services, those that are worst first, with the checks that were chosen. A group
 * without a chosen check is left out.
 * @param {WatchedHealth} health
 * @param {string} filter words that must all be in name, service, kind or state
 * @param {boolean} unwellOnly
 * @returns {HealthGroup[]}
 */
export function chosenGroups({ host, services, checks }, filter, unwellOnly) {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const chosen = checks.filter((check) => {
    if (unwellOnly && check.state === "healthy" && !check.flapping) return false;
    const text = `${check.name} ${
      check.service ?? "host"
    } ${check.kind} ${check.role} ${check.state}`
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const own = chosen.filter(({ service }) => service === null);
  return [
    ...(own.length === 0
      ? []
      : [{ key: "host", title: "This host", ...ownState(host, checks), checks: own }]),
    ...services.map(({ service, state, reasons }) => ({
      key: `service ${service}`,
      title: service,
      state,
      reasons,
      checks: chosen.filter((check) => check.service === service),
    })).filter((group) => group.checks.length > 0)
      .toSorted((a, b) => SEVERITY[a.state] - SEVERITY[b.state]),
  ];
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
  return {
    state: worst?.state ?? host.state,
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

// @ts-check
/** The newest sample of each series, out of SQL: for the first paint, and while there is no socket. */

/** @import { ApiClient } from "./api_client.js" */
/** @import { Sample, SampleBatch } from "./live_samples.js" */

/** A series silent for longer than this is not current. */
export const CURRENT_SECONDS = 60;

/**
 * @param {readonly string[]} names of metrics; must not be empty
 * @returns {string} takes the names, then the seconds to look back, as parameters
 */
export function latestSamplesQuery(names) {
  return `SELECT name, labels, arg_max(value, ts) AS value, epoch_ms(max(ts)) AS time_ms
FROM metrics
WHERE name IN (${names.map(() => "?").join(", ")})
  AND ts > now_utc() - to_seconds(CAST(? AS BIGINT))
GROUP BY name, labels`;
}

/**
 * @param {readonly unknown[][]} rows of {@link latestSamplesQuery}
 * @returns {SampleBatch[]} by time, oldest first
 */
export function groupByTime(rows) {
  /** @type {Map<number, Sample[]>} */
  const times = new Map();
  for (const [name, labels, value, timeMs] of rows) {
    if (typeof value !== "number") continue;
    const samples = times.get(Number(timeMs)) ?? [];
    samples.push({
      name: String(name),
      labels: /** @type {Record<string, string>} */ (labels ?? {}),
      value,
    });
    times.set(Number(timeMs), samples);
  }
  return [...times].sort(([a], [b]) => a - b).map(([timeMs, samples]) => ({ timeMs, samples }));
}

/**
 * @param {ApiClient} api
 * @param {readonly string[]} names
 * @param {AbortSignal} signal
 * @returns {Promise<SampleBatch[]>}
 */
export async function latestSamples(api, names, signal) {
  if (names.length === 0) return [];
  const { rows } = await api.sql(latestSamplesQuery(names), {
    params: [...names, CURRENT_SECONDS],
    signal,
  });
  return groupByTime(rows);
}

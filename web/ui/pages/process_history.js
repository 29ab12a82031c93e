// @ts-check
/** CPU and memory of one process over time, out of its metrics. */

import { BucketTable } from "../bucket_table.js";

/** @import { ApiClient, ProcessEntry } from "../api_client.js" */
/** @import { ChartData } from "../chart.js" */

const SPAN_MS = 900_000;
const STEP_SECONDS = 5;

/** Names of the two series. */
export const CPU = "CPU";
export const MEMORY = "Memory";

/**
 * CPU is the growth of the process's CPU seconds over the time between samples, all modes together: 1 is one core.
 * Parameters: pid as text, from and to in microseconds, thrice over.
 */
const HISTORY_QUERY = `WITH times AS (
  SELECT time_bucket(INTERVAL ${STEP_SECONDS} SECOND, ts) AS bucket, series_id,
    max(value) AS value, max(ts) AS last_ts
  FROM metrics
  WHERE name = 'process.cpu.time' AND labels['process.pid'] = ?
    AND ts >= make_timestamp(CAST(? AS BIGINT)) AND ts < make_timestamp(CAST(? AS BIGINT))
  GROUP BY ALL
), rates AS (
  SELECT bucket, (value - lag(value) OVER earlier)
    / ((epoch_us(last_ts) - epoch_us(lag(last_ts) OVER earlier)) / 1000000) AS rate
  FROM times WINDOW earlier AS (PARTITION BY series_id ORDER BY bucket)
)
SELECT epoch_ms(bucket) AS time_ms, '${CPU}' AS part, sum(rate) AS value
FROM rates WHERE rate >= 0 GROUP BY bucket
UNION ALL
SELECT epoch_ms(time_bucket(INTERVAL ${STEP_SECONDS} SECOND, ts)), '${MEMORY}', avg(value)
FROM metrics
WHERE name = 'process.memory.usage' AND labels['process.pid'] = ?
  AND ts >= make_timestamp(CAST(? AS BIGINT)) AND ts < make_timestamp(CAST(? AS BIGINT))
GROUP BY 1`;

/** Owns what is known of one process. */
export class ProcessHistory {
  #table;

  /** @param {number} nowMs */
  constructor(nowMs) {
    this.#table = new BucketTable({
      fromMs: nowMs - SPAN_MS,
      toMs: nowMs,
      stepMs: STEP_SECONDS * 1000,
    });
  }

  /**
   * Reads the past; of this process only, not of an earlier one with the same pid.
   * @param {Pick<ApiClient, "sql">} api
   * @param {ProcessEntry} entry
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  async load(api, entry, signal) {
    const { fromMs, toMs } = this.#table.window;
    const startMs = entry.start_time === null ? 0 : Date.parse(entry.start_time);
    const times = [Math.max(fromMs, startMs) * 1000, toMs * 1000];
    const params = [String(entry.pid), ...times, String(entry.pid), ...times];
    const { rows } = await api.sql(HISTORY_QUERY, { params, signal });
    for (const [timeMs, part, value] of rows) {
      if (typeof value === "number") this.#table.add(Number(timeMs), String(part), value);
    }
  }

  /**
   * Adds what `/api/processes` has just said.
   * @param {number} timeMs
   * @param {ProcessEntry} entry
   * @returns {void}
   */
  add(timeMs, entry) {
    this.#table.slideTo(timeMs);
    if (entry.cpu_ratio !== null) this.#table.add(timeMs, CPU, entry.cpu_ratio);
    if (entry.rss_bytes !== null) this.#table.add(timeMs, MEMORY, entry.rss_bytes);
  }

  /**
   * @param {string} name {@link CPU} or {@link MEMORY}
   * @returns {ChartData}
   */
  data(name) {
    return {
      times: this.#table.times(),
      series: [{ name, colour: name === CPU ? "--series-1" : "--series-3", below: false }],
      values: [this.#table.values(name)],
      window: this.#table.window,
    };
  }
}

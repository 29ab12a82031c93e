// @ts-check
/** The past of a chart, put into buckets by the database. */

import { OTHER, SHOWN_DEVICES } from "./overview_charts.js";

/** @import { ChartDefinition } from "./overview_charts.js" */

/**
 * @typedef {object} HistoryWindow
 * @property {number} fromMs
 * @property {number} toMs
 * @property {number} stepSeconds
 *
 * @typedef {{ query: string, params: (string | number)[] }} HistoryQuery
 */

/** Longest answer: {@link import("../bucket_table.js").MAX_SERIES} series of every step. */
export const MAX_HISTORY_ROWS = 64 * 500;

/**
 * @param {ChartDefinition} chart
 * @param {HistoryWindow} window
 * @returns {HistoryQuery} answers rows of: time in ms, series, value, number of samples
 */
export function historyQuery(chart, window) {
  return chart.kind === "counter" ? counterHistory(chart, window) : gaugeHistory(chart, window);
}

/**
 * @param {ChartDefinition} chart
 * @param {HistoryWindow} window
 * @returns {HistoryQuery}
 */
function gaugeHistory({ metrics, part, where }, { fromMs, toMs, stepSeconds }) {
  return {
    query: `SELECT epoch_ms(time_bucket(to_seconds(CAST(? AS BIGINT)), ts)) AS time_ms,
  ${part} AS part, avg(value) AS value, count(*) AS samples
FROM metrics
WHERE name IN (${metrics.map(() => "?").join(", ")})
  AND ts >= make_timestamp(CAST(? AS BIGINT)) AND ts < make_timestamp(CAST(? AS BIGINT))
  AND ${where}
GROUP BY ALL ORDER BY time_ms`,
    params: [stepSeconds, ...metrics, fromMs * 1000, toMs * 1000],
  };
}

/**
 * A counter's rate in a bucket is its growth since the bucket before, over the time between the two last samples;
 * where it shrank it was reset, and says nothing. One bucket more is read, for the first to have one before it.
 * Only the busiest devices keep their name.
 * @param {ChartDefinition} chart
 * @param {HistoryWindow} window
 * @returns {HistoryQuery}
 */
function counterHistory({ metrics, device, part, where }, { fromMs, toMs, stepSeconds }) {
  const earlier = fromMs - stepSeconds * 1000;
  return {
    query: `WITH buckets AS (
  SELECT time_bucket(to_seconds(CAST(? AS BIGINT)), ts) AS bucket, ${device} AS device,
    ${part} AS part, max(value) AS value, max(ts) AS last_ts
  FROM metrics
  WHERE name IN (${metrics.map(() => "?").join(", ")})
    AND ts >= make_timestamp(CAST(? AS BIGINT)) AND ts < make_timestamp(CAST(? AS BIGINT))
    AND ${where}
  GROUP BY ALL
), rates AS (
  SELECT bucket, device, part, (value - lag(value) OVER earlier)
    / ((epoch_us(last_ts) - epoch_us(lag(last_ts) OVER earlier)) / 1000000) AS rate
  FROM buckets WINDOW earlier AS (PARTITION BY device, part ORDER BY bucket)
), busiest AS (
  SELECT device FROM rates WHERE rate >= 0
  GROUP BY device ORDER BY sum(rate) DESC, device LIMIT ${SHOWN_DEVICES}
)
SELECT epoch_ms(bucket) AS time_ms,
  CASE WHEN device IN (FROM busiest) THEN device ELSE '${OTHER}' END || ' ' || part AS part,
  sum(rate) AS value, 1 AS samples
FROM rates WHERE rate >= 0
GROUP BY ALL ORDER BY time_ms`,
    params: [stepSeconds, ...metrics, earlier * 1000, toMs * 1000],
  };
}

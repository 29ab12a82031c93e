// @ts-check
/** Queries to begin with. A test runs each of them against a real store. */

/** @typedef {{ title: string, sql: string }} Example */

/** @type {readonly Example[]} */
export const EXAMPLES = [
  {
    title: "Busiest processes now",
    sql: `SELECT name, pid, service, cpu_ratio, rss_bytes, command_line
FROM processes
WHERE exited_at IS NULL
ORDER BY cpu_ratio DESC NULLS LAST
LIMIT 20`,
  },
  {
    title: "CPU by mode, 15 minutes",
    sql: `SELECT time_bucket(INTERVAL 10 SECOND, ts) AS time,
  labels['cpu.mode'] AS mode, avg(value) AS ratio
FROM metrics
WHERE name = 'system.cpu.utilization'
  AND labels['cpu.logical_number'] IS NULL
  AND labels['cpu.mode'] <> 'idle'
  AND ts > ago('15m')
GROUP BY ALL ORDER BY time`,
  },
  {
    title: "Memory by service over time",
    sql: `SELECT time_bucket(INTERVAL 30 SECOND, ts) AS time,
  coalesce(nullif(service, ''), labels['process.executable.name']) AS who,
  sum(value) / count(DISTINCT ts) AS rss_bytes
FROM metrics
WHERE name = 'process.memory.usage' AND ts > ago('15m')
GROUP BY ALL ORDER BY time`,
  },
  {
    title: "Network rate by interface",
    sql: `WITH samples AS (
  SELECT ts, labels['network.interface.name'] AS interface,
    labels['network.io.direction'] AS direction, value,
    lag(value) OVER series AS earlier, lag(ts) OVER series AS earlier_ts
  FROM metrics
  WHERE name = 'system.network.io' AND ts > ago('15m')
  WINDOW series AS (PARTITION BY series_id ORDER BY ts)
)
SELECT time_bucket(INTERVAL 10 SECOND, ts) AS time, interface, direction,
  avg((value - earlier) / ((epoch_us(ts) - epoch_us(earlier_ts)) / 1e6)) AS bytes_per_second
FROM samples
WHERE value >= earlier
GROUP BY ALL ORDER BY time`,
  },
  {
    title: "Spans with the memory of their process",
    sql: `-- Each span, with the last sample of the process that emitted it.
SELECT s.ts, s.service, s.name, s.duration_ms, m.pid, m.value AS rss_bytes
FROM (
  SELECT ts, service, name, duration_ms, resource['process.pid'] AS pid
  FROM spans WHERE ts > ago('1h')
) s
ASOF JOIN (
  SELECT ts, labels['process.pid'] AS pid, value
  FROM metrics WHERE name = 'process.memory.usage' AND ts > ago('1h')
) m ON s.pid = m.pid AND s.ts >= m.ts
ORDER BY s.duration_ms DESC
LIMIT 100`,
  },
  {
    title: "Latency by service and operation",
    sql: `SELECT service, name, count(*) AS spans,
  quantile_cont(duration_ms, 0.5) AS p50_ms,
  quantile_cont(duration_ms, 0.95) AS p95_ms,
  max(duration_ms) AS max_ms,
  avg((status = 'error')::INTEGER) AS error_ratio
FROM spans
WHERE ts > ago('1h')
GROUP BY ALL ORDER BY p95_ms DESC
LIMIT 50`,
  },
  {
    title: "Slowest spans of the last hour",
    sql: `SELECT ts, service, name, duration_ms, status, trace_id, attributes
FROM spans
WHERE ts > ago('1h')
ORDER BY duration_ms DESC
LIMIT 100`,
  },
  {
    title: "Log lines by severity per minute",
    sql: `SELECT time_bucket(INTERVAL 1 MINUTE, ts) AS time, severity, count(*) AS lines
FROM logs
WHERE ts > ago('1h')
GROUP BY ALL ORDER BY time`,
  },
  {
    title: "Latest warnings and errors",
    sql: `SELECT ts, severity, service, body, trace_id, attributes
FROM logs
WHERE severity_number >= 13 AND ts > ago('24h')
ORDER BY ts DESC
LIMIT 200`,
  },
  {
    title: "Log lines of slow traces",
    sql: `SELECT l.ts, l.severity, l.service, l.body, s.name AS span, s.duration_ms, l.trace_id
FROM logs l
JOIN spans s ON s.trace_id = l.trace_id AND s.parent_span_id IS NULL
WHERE l.ts > ago('1h') AND s.ts > ago('1h') AND s.duration_ms > 50
ORDER BY s.duration_ms DESC, l.ts
LIMIT 200`,
  },
  {
    title: "What is collected",
    sql: `SELECT name, kind, unit, count(DISTINCT series_id) AS series, count(*) AS samples,
  max(ts) AS newest
FROM metrics
WHERE ts > ago('10m')
GROUP BY ALL ORDER BY series DESC, name`,
  },
  { title: "Collectors and their last run", sql: "FROM collectors" },
  {
    title: "Slowest measurements and their spans",
    sql: `SELECT e.ts, e.name, e.value, e.unit, e.trace_id, s.name AS span, s.service
FROM exemplars e LEFT JOIN spans s USING (trace_id, span_id)
WHERE e.ts > ago('1h')
ORDER BY e.value DESC LIMIT 50`,
  },
];

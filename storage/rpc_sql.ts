/**
 * Requests by minute, service and method: from spans, and from the counters and histograms that
 * servers and clients keep themselves. Names are those of OpenTelemetry's conventions, the present
 * ones and those before (rpc.*, http.*), of gRPC's own (grpc.*, "gRPC A66: OpenTelemetry Metrics"), and of
 * the gRPC Prometheus libraries; each also as Prometheus writes it, with `_` for `.` and the unit behind.
 */

/** Counters of finished calls, by status. */
const COUNTERS = ["grpc_server_handled_total", "grpc_client_handled_total"];
/** Histograms of durations as OpenTelemetry names them; in seconds, where `unit` does not say `ms`. */
const DURATIONS_IN_SECONDS = [
  ...["rpc.server.call.duration", "rpc.client.call.duration"],
  ...["grpc.server.call.duration", "grpc.client.call.duration"],
  ...["http.server.request.duration", "http.client.request.duration"],
];
/** Those of the conventions before, in milliseconds as the conventions have them. */
const DURATIONS_IN_MS = [
  ...["rpc.server.duration", "rpc.client.duration"],
  ...["http.server.duration", "http.client.duration"],
];
const scraped = (names: readonly string[], unit: string): readonly string[] =>
  names.map((name) => `${name.replaceAll(".", "_")}_${unit}`);
const DURATIONS = [
  ...["grpc_server_handling_seconds", "grpc_client_handling_seconds"],
  ...DURATIONS_IN_SECONDS,
  ...DURATIONS_IN_MS,
  ...scraped(DURATIONS_IN_SECONDS, "seconds"),
  ...scraped(DURATIONS_IN_MS, "milliseconds"),
];

/** A counter's step is told from the sample before, which may be this much older. */
const LOOK_BACK = "INTERVAL 10 MINUTE";

/** gRPC codes that are a server's fault (OpenTelemetry, "Semantic Conventions for gRPC"). */
const SERVER_ERRORS = [
  ...["2", "UNKNOWN", "4", "DEADLINEEXCEEDED", "12", "UNIMPLEMENTED"],
  ...["13", "INTERNAL", "14", "UNAVAILABLE", "15", "DATALOSS"],
];

const texts = (values: readonly string[]): string => values.map((text) => `'${text}'`).join(", ");
/** The first of these attributes that is there; a scraped metric's labels are written with `_`. */
function first(map: string, ...keys: readonly string[]): string {
  const scraped = map === "labels" ? keys.map((key) => key.replaceAll(".", "_")) : [];
  return `coalesce(${[...keys, ...scraped].map((key) => `${map}['${key}']`).join(", ")})`;
}

const httpMethod = (map: string): string => first(map, "http.request.method", "http.method");
const rpcMethod = (map: string): string => first(map, "rpc.method", "grpc.method");

function system(map: string): string {
  return `CASE WHEN ${rpcMethod(map)} IS NOT NULL
    THEN ${first(map, "rpc.system.name", "rpc.system")} ELSE 'http' END`;
}

/** `package.Service/Method`, or `GET /orders/{id}`; a path without a route is left out: it is data. */
function method(map: string): string {
  return `CASE
    WHEN ${rpcMethod(map)} LIKE '%/%' THEN ltrim(${rpcMethod(map)}, '/')
    WHEN ${rpcMethod(map)} IS NOT NULL
      THEN concat_ws('/', ${first(map, "rpc.service", "grpc.service")}, ${rpcMethod(map)})
    ELSE concat_ws(' ', ${httpMethod(map)}, ${first(map, "http.route", "url.template")}) END`;
}

/** True where a status says that the call failed: for a server only what is its own fault. */
function failed(map: string, side: string): string {
  const code = `upper(replace(${
    first(map, "rpc.response.status_code", "rpc.grpc.status_code", "grpc.status", "grpc.code")
  }, '_', ''))`;
  const http = `try_cast(${
    first(map, "http.response.status_code", "http.status_code")
  } AS INTEGER)`;
  // A call without an answer (refused, timed out) has no status: its kind of error alone tells.
  const unanswered = `coalesce(${code}, ${http}::VARCHAR) IS NULL
    AND ${first(map, "error.type")} IS NOT NULL`;
  return `coalesce(CASE WHEN ${side} = 'server' THEN ${code} IN (${texts(SERVER_ERRORS)})
      ELSE ${code} NOT IN ('0', 'OK') END, false)
    OR coalesce(${http} >= CASE WHEN ${side} = 'server' THEN 500 ELSE 400 END, false)
    OR (${unanswered})`;
}

const MINUTE = "time_bucket(INTERVAL 1 MINUTE, ts)";
const KEYS = "ts, service, system, method, side";

/** Of how many calls a span is one, where others were sampled away. */
const STANDS_FOR = `coalesce(try_cast(attributes['sampling.adjusted_count'] AS DOUBLE), 1)`;

const FROM_SPANS = `SELECT ${MINUTE} AS ts, 'spans' AS source, service,
    ${system("attributes")} AS system, ${method("attributes")} AS method, kind AS side,
    sum(${STANDS_FOR}) AS requests,
    coalesce(sum(${STANDS_FOR}) FILTER (status = 'error' OR ${
  failed("attributes", "kind")
}), 0) AS errors,
    quantile_cont(duration_ms, 0.5) AS p50_ms, quantile_cont(duration_ms, 0.95) AS p95_ms,
    quantile_cont(duration_ms, 0.99) AS p99_ms
  FROM store.main.spans
  WHERE ts >= range_start AND ts < range_end AND kind IN ('server', 'client')
    AND (${rpcMethod("attributes")} IS NOT NULL OR ${httpMethod("attributes")} IS NOT NULL)
  GROUP BY ALL`;

const emitter = `coalesce(nullif(service, ''), labels['job'], '')`;
const side = `CASE WHEN contains(name, 'server') THEN 'server' ELSE 'client' END`;
const metricKeys = `${MINUTE} AS ts, ${emitter} AS service,
    CASE WHEN starts_with(name, 'grpc') THEN 'grpc' ELSE ${system("labels")} END AS system,
    ${method("labels")} AS method, ${side} AS side`;

// A step down is a restart: what is counted from then on is the step.
const COUNTED = `SELECT ${metricKeys}, sum(step) AS requests,
    coalesce(sum(step) FILTER (${failed("labels", side)}), 0) AS errors
  FROM (SELECT ts, name, service, labels,
      CASE WHEN value < before THEN value ELSE value - before END AS step
    FROM (SELECT ts, name, service, labels, value,
        lag(value) OVER (PARTITION BY series_id ORDER BY ts) AS before
      FROM store.main.metrics
      WHERE name IN (${texts(COUNTERS)}) AND ts >= range_start - ${LOOK_BACK} AND ts < range_end))
  WHERE step > 0 AND ts >= range_start
  GROUP BY ALL`;

const STEPS = `SELECT ts, name, service, labels, bounds,
    CASE WHEN unit = 'ms' OR ends_with(name, '_milliseconds') THEN 1 ELSE 1000 END AS to_ms,
    CASE WHEN "count" < before THEN "count"::DOUBLE ELSE "count"::DOUBLE - before END AS step,
    CASE WHEN "count" < before OR len(counts_before) <> len(counts) THEN counts::DOUBLE[]
      ELSE list_transform(counts, lambda c, i: c::DOUBLE - counts_before[i]) END AS steps
  FROM (SELECT ts, name, unit, service, labels, bounds, "count", counts,
      lag("count") OVER series AS before, lag(counts) OVER series AS counts_before
    FROM store.main.histograms
    WHERE name IN (${texts(DURATIONS)}) AND ts >= range_start - ${LOOK_BACK} AND ts < range_end
    WINDOW series AS (PARTITION BY series_id ORDER BY ts))
  WHERE "count" <> before AND ts >= range_start`;

// Histograms of one method differ by status: their buckets are added up before quantiles are read.
// Those with other bounds cannot be added: the bounds with most calls speak for the latency.
const TIMED = `SELECT ${KEYS}, sum(requests) AS requests, sum(errors) AS errors,
    arg_max(p50_ms, requests) AS p50_ms, arg_max(p95_ms, requests) AS p95_ms,
    arg_max(p99_ms, requests) AS p99_ms
  FROM (SELECT ${KEYS}, calls AS requests, errors,
      to_ms * store.main.histogram_quantile(0.5, bounds, buckets) AS p50_ms,
      to_ms * store.main.histogram_quantile(0.95, bounds, buckets) AS p95_ms,
      to_ms * store.main.histogram_quantile(0.99, bounds, buckets) AS p99_ms
    FROM (SELECT ${KEYS}, bounds, to_ms, max(calls) AS calls, max(errors) AS errors,
        list(bucket ORDER BY i) AS buckets
      FROM (SELECT ${KEYS}, bounds, to_ms, i, sum(bucket) AS bucket, sum(step) AS calls,
          coalesce(sum(step) FILTER (bad), 0) AS errors
        FROM (SELECT ${metricKeys}, bounds, to_ms, step, ${failed("labels", side)} AS bad,
            unnest(steps) AS bucket, generate_subscripts(steps, 1) AS i
          FROM steps)
        GROUP BY ALL)
      GROUP BY ALL))
  GROUP BY ALL`;

/** Both: the counters say how many, the histograms how long; where there is one, it says all it can. */
const FROM_METRICS = `SELECT ts, 'metrics' AS source, service, system, method, side,
    coalesce(counted.requests, timed.requests) AS requests,
    coalesce(counted.errors, timed.errors) AS errors, p50_ms, p95_ms, p99_ms
  FROM counted FULL JOIN timed USING (${KEYS})`;

/** Value at quantile `q` of a histogram, as Prometheus reads it: straight lines within buckets. */
export const HISTOGRAM_QUANTILE = `CREATE MACRO store.main.histogram_quantile(q, bounds, counts) AS
    list_transform([list_position(list_transform(counts, lambda c, i:
        list_sum(counts[1:i])::DOUBLE >= q * list_sum(counts)::DOUBLE AND c > 0), true)],
      lambda place: CASE
        WHEN place IS NULL OR len(bounds) = 0 THEN NULL
        WHEN place > len(bounds) THEN bounds[len(bounds)]
        ELSE coalesce(bounds[place - 1], least(bounds[1], 0))
          + (bounds[place] - coalesce(bounds[place - 1], least(bounds[1], 0)))
          * (q * list_sum(counts)::DOUBLE - coalesce(list_sum(counts[1:place - 1])::DOUBLE, 0))
          / counts[place]::DOUBLE END)[1]`;

/** `rpc_between(from, to)`: the same as the view of a range, which is far cheaper to work out. */
export const RPC_MACRO = `CREATE MACRO store.main.rpc_between(range_start, range_end) AS TABLE
  WITH counted AS (${COUNTED}), steps AS (${STEPS}), timed AS (${TIMED})
  ${FROM_SPANS} UNION ALL ${FROM_METRICS}`;

export const RPC_VIEW = `CREATE VIEW store.main.rpc AS
  SELECT * FROM store.main.rpc_between(TIMESTAMP '1970-01-01', TIMESTAMP '2200-01-01')`;

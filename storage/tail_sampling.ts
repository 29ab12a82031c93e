/** Which traces are left of a chunk of spans once it is sealed. */
export interface TailSampling {
  /** Share of the traces that are neither failed nor slow, in (0, 1]. */
  readonly probability: number;
  /** Keep every trace in which a span failed. */
  readonly keepErrors: boolean;
  /** Keep every trace in which a span took longer, nanoseconds. */
  readonly keepSlowerThanNs: number;
}

/** Values of a trace's randomness: 56 bits (W3C Trace Context, level 2). */
const RANDOMNESS = 2 ** 56;

/**
 * The randomness of a span's trace in [0, 1): what the tracestate says (`ot=rv:`), else the last 56 bits
 * of the trace id, as OpenTelemetry's consistent probability sampling has it. So what was sampled
 * before is a superset or a subset of what is kept here.
 */
const TRACE_RANDOMNESS = `try_cast('0x' || coalesce(
    nullif(regexp_extract(trace_state, '(?:^|,)\\s*ot=(?:[^,]*;)?rv:([0-9a-f]{14})', 1), ''),
    right(trace_id, 14)) AS UBIGINT) / ${RANDOMNESS}`;

const COUNT = "sampling.adjusted_count";
const RULE = "sampling.rule";

export interface SampledSource {
  /** What stands behind FROM, and may stand before ORDER BY. */
  readonly from: string;
  /** The attributes of a kept span, of which `attributes` is an expression. */
  attributes(attributes: string): string;
}

/**
 * The spans of `table` whose traces are kept. Traces are decided as a whole as far as their spans lie
 * in this table; a trace id that is no number is kept.
 */
export function sampledSource(table: string, tail: TailSampling): SampledSource {
  const { probability, keepErrors, keepSlowerThanNs } = tail;
  const failed = keepErrors ? "bool_or(status = 'error')" : "false";
  return {
    from: `${table} JOIN (
        SELECT trace_id AS decided_id, ${failed} AS trace_failed,
          max(duration_ns) > ${Math.round(keepSlowerThanNs)} AS trace_slow
        FROM ${table} GROUP BY trace_id) ON decided_id = trace_id
      WHERE trace_failed OR trace_slow OR coalesce(${TRACE_RANDOMNESS} >= ${
      1 - probability
    }, true)`,
    attributes: (attributes) =>
      `map_concat(${attributes}, CASE
        WHEN trace_failed THEN MAP {'${RULE}': 'trace_error'}
        WHEN trace_slow THEN MAP {'${RULE}': 'trace_slow'}
        ELSE MAP {'${RULE}': 'trace_probability', '${COUNT}': greatest(${1 / probability},
          coalesce(try_cast((${attributes})['${COUNT}'] AS DOUBLE), 1))::VARCHAR} END)`,
  };
}

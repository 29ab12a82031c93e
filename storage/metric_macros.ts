/**
 * Aggregates for users' SQL over the samples of one series. They see the rows of a group alone and know no
 * window, so nothing is extrapolated; the functions of `/api/metrics/query` do that.
 */

/** Values in the order of time, each with the one before. */
const STEPS = `list_zip(list(value::DOUBLE ORDER BY ts)[2:], list(value::DOUBLE ORDER BY ts)[:-2])`;

/** After a reset the new value counts from zero. */
const INCREASE = `coalesce(list_sum(list_transform(${STEPS},
  lambda step: CASE WHEN step[1] < step[2] THEN step[1] ELSE step[1] - step[2] END)), 0)`;

/** In the order in which they are made. */
export const METRIC_MACROS: readonly string[] = [
  `CREATE MACRO store.main.increase(value, ts) AS ${INCREASE}`,
  `CREATE MACRO store.main.rate(value, ts) AS
    ${INCREASE} / nullif(epoch(max(ts) - min(ts)), 0)`,
  `CREATE MACRO store.main.delta(value, ts) AS
    arg_max(value, ts)::DOUBLE - arg_min(value, ts)::DOUBLE`,
];

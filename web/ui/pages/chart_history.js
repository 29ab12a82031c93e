// @ts-check
/** The past of a chart, asked of the function over metrics, which reads rollups where they serve. */

/** @import { MetricQuestion } from "../api_client.js" */
/** @import { ChartDefinition } from "./overview_charts.js" */

/**
 * @typedef {object} HistoryWindow
 * @property {number} fromMs
 * @property {number} toMs
 * @property {number} stepSeconds
 */

/**
 * What to ask for each metric of the chart. Of a counter the last value of each step and when it was taken, and one step
 * more, so that the first has one before it: rates are then made as those of live samples are, and go on where these begin.
 * @param {ChartDefinition} chart
 * @param {HistoryWindow} window
 * @returns {{ values: MetricQuestion, times: MetricQuestion | null }[]}
 */
export function historyQuestions({ metrics, match, kind }, { fromMs, toMs, stepSeconds }) {
  const stepMs = stepSeconds * 1000;
  const firstStep = Math.floor(fromMs / stepMs) - (kind === "counter" ? 1 : 0);
  const range = { match, start: String(firstStep * stepMs), end: String(toMs), step_ms: stepMs };
  return metrics.map((name) =>
    kind === "gauge" ? { values: { name, ...range, fn: "avg" }, times: null } : {
      values: { name, ...range, fn: "last" },
      times: { name, ...range, fn: "timestamp" },
    }
  );
}

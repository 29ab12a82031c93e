// @ts-check
/// <reference lib="dom" />
/** Fills a chart: its past from the store, then sample by sample. */

import { BucketTable } from "../bucket_table.js";
import { CounterRates } from "../counter_rates.js";
import { historyQuestions } from "./chart_history.js";
import { OTHER, SHOWN_DEVICES } from "./overview_charts.js";

/** @import { ApiClient, MetricAnswer, MetricQuestion } from "../api_client.js" */
/** @import { ChartData } from "../chart.js" */
/** @import { SampleBatch } from "../live_samples.js" */
/** @import { HistoryWindow } from "./chart_history.js" */
/** @import { ChartDefinition, SeriesKey } from "./overview_charts.js" */

/** Owns one chart's values. */
export class ChartFeed {
  #definition;
  #toMs;
  #table;
  #rates = new CounterRates();
  /** @type {Set<string>} */
  #devices = new Set();

  /**
   * @param {ChartDefinition} definition
   * @param {HistoryWindow} window
   */
  constructor(definition, { fromMs, toMs, stepSeconds }) {
    this.#definition = definition;
    this.#toMs = toMs;
    this.#table = new BucketTable({ fromMs, toMs, stepMs: stepSeconds * 1000 });
  }

  /**
   * Devices are chosen by the first history.
   * @param {MetricAnswer} answer
   * @param {MetricAnswer | null} times of a counter, when each of its values was taken; see {@link historyQuestions}
   * @returns {void}
   */
  addHistory(answer, times) {
    const { name, start_ms, step_ms, points } = answer;
    const taken = new Map(
      times?.series.map(({ labels, values }) => [JSON.stringify(labels), values]),
    );
    /** @type {{ key: SeriesKey, values: (number | null)[] }[]} */
    const drawn = [];
    for (const { labels, values } of answer.series) {
      const key = this.#definition.keyOf({ name, labels, value: 0 });
      if (key === null) continue;
      const at = taken.get(JSON.stringify(labels));
      const shown = times === null ? values : values.map((value, point) => {
        const second = at?.[point] ?? null;
        if (value === null || second === null) return null;
        return this.#rates.rate(keyText(key), second * 1000, value);
      });
      drawn.push({ key, values: shown });
    }
    if (this.#devices.size === 0) this.#devices = busiest(drawn);
    for (let point = 0; point < points; point++) {
      /** @type {Map<string, number>} */
      const sums = new Map();
      for (const { key, values } of drawn) {
        const value = values[point];
        if (value !== null && value !== undefined) this.#sum(sums, key, value);
      }
      const startMs = start_ms + point * step_ms;
      // As many samples as there are when one is taken each second.
      const weight = Math.max(1, (Math.min(startMs + step_ms, this.#toMs) - startMs) / 1000);
      for (const [series, value] of sums) this.#table.add(startMs, series, value, weight);
    }
  }

  /**
   * @param {SampleBatch} batch
   * @returns {void}
   */
  addBatch({ timeMs, samples }) {
    const { metrics, kind, keyOf } = this.#definition;
    this.#table.slideTo(timeMs);
    /** @type {Map<string, number>} */
    const sums = new Map();
    for (const sample of samples) {
      const key = metrics.includes(sample.name) ? keyOf(sample) : null;
      if (key === null || typeof sample.value !== "number") continue;
      const value = kind === "gauge"
        ? sample.value
        : this.#rates.rate(keyText(key), timeMs, sample.value);
      if (value !== null) this.#sum(sums, key, value);
    }
    for (const [name, value] of sums) this.#table.add(timeMs, name, value);
  }

  /** @returns {ChartData} */
  data() {
    const series = this.#definition.arrange(this.#table.names);
    return {
      times: this.#table.times(),
      series,
      values: series.map(({ name }) => this.#table.values(name)),
      window: this.#table.window,
    };
  }

  /**
   * @param {Map<string, number>} sums
   * @param {SeriesKey} key
   * @param {number} value
   */
  #sum(sums, { device, part }, value) {
    const name = device === null ? part : `${this.#fold(device)} ${part}`;
    sums.set(name, (sums.get(name) ?? 0) + value);
  }

  /**
   * @param {string} device
   * @returns {string}
   */
  #fold(device) {
    if (this.#devices.size < SHOWN_DEVICES) this.#devices.add(device);
    return this.#devices.has(device) ? device : OTHER;
  }
}

/**
 * @param {SeriesKey} key
 * @returns {string}
 */
function keyText({ device, part }) {
  return `${device} ${part}`;
}

/**
 * @param {readonly { key: SeriesKey, values: readonly (number | null)[] }[]} drawn
 * @returns {Set<string>} the devices that keep their name
 */
function busiest(drawn) {
  /** @type {Map<string, number>} */
  const totals = new Map();
  for (const { key: { device }, values } of drawn) {
    if (device === null) continue;
    const total = values.reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
    totals.set(device, (totals.get(device) ?? 0) + total);
  }
  const ranked = [...totals].sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
  return new Set(ranked.slice(0, SHOWN_DEVICES).map(([device]) => device));
}

/**
 * @param {ApiClient} api
 * @param {ChartDefinition} definition
 * @param {HistoryWindow} window
 * @param {AbortSignal} signal
 * @returns {Promise<ChartFeed>} in longer steps than asked for, where only a coarser rollup is left of the time
 */
export async function loadFeed(api, definition, window, signal) {
  const ask = (/** @type {MetricQuestion} */ question) => api.metrics(question, signal);
  const answers = await Promise.all(
    historyQuestions(definition, window).map(async ({ values, times }) => {
      const [answer, taken] = await Promise.all([ask(values), times === null ? null : ask(times)]);
      return { answer, taken };
    }),
  );
  const stepSeconds = Math.max(...answers.map(({ answer }) => answer.step_ms)) / 1000;
  const feed = new ChartFeed(definition, { ...window, stepSeconds });
  for (const { answer, taken } of answers) feed.addHistory(answer, taken);
  return feed;
}

// @ts-check
/// <reference lib="dom" />
/** Fills a chart: its past from SQL, then sample by sample. */

import { BucketTable } from "../bucket_table.js";
import { CounterRates } from "../counter_rates.js";
import { historyQuery, MAX_HISTORY_ROWS } from "./chart_history.js";
import { OTHER, SHOWN_DEVICES } from "./overview_charts.js";

/** @import { ApiClient, SqlValue } from "../api_client.js" */
/** @import { ChartData } from "../chart.js" */
/** @import { SampleBatch } from "../live_samples.js" */
/** @import { HistoryWindow } from "./chart_history.js" */
/** @import { ChartDefinition } from "./overview_charts.js" */

/** Owns one chart's values. */
export class ChartFeed {
  #definition;
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
    this.#table = new BucketTable({ fromMs, toMs, stepMs: stepSeconds * 1000 });
  }

  /**
   * @param {readonly SqlValue[][]} rows of {@link historyQuery}
   * @returns {void}
   */
  addHistory(rows) {
    for (const [timeMs, part, value, samples] of rows) {
      if (typeof part !== "string" || typeof value !== "number") continue;
      if (this.#definition.device !== null) {
        const device = part.slice(0, part.lastIndexOf(" "));
        if (device !== OTHER) this.#devices.add(device);
      }
      this.#table.add(Number(timeMs), part, value, Number(samples));
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
        : this.#rates.rate(`${key.device} ${key.part}`, timeMs, sample.value);
      if (value === null) continue;
      const name = key.device === null ? key.part : `${this.#fold(key.device)} ${key.part}`;
      sums.set(name, (sums.get(name) ?? 0) + value);
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
   * @param {string} device
   * @returns {string}
   */
  #fold(device) {
    if (this.#devices.size < SHOWN_DEVICES) this.#devices.add(device);
    return this.#devices.has(device) ? device : OTHER;
  }
}

/**
 * @param {ApiClient} api
 * @param {ChartDefinition} definition
 * @param {HistoryWindow} window
 * @param {AbortSignal} signal
 * @returns {Promise<ChartFeed>}
 */
export async function loadFeed(api, definition, window, signal) {
  const { query, params } = historyQuery(definition, window);
  const { rows } = await api.sql(query, { params, maxRows: MAX_HISTORY_ROWS, signal });
  const feed = new ChartFeed(definition, window);
  feed.addHistory(rows);
  return feed;
}

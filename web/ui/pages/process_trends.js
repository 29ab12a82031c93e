// @ts-check
/** The last minute of each process's CPU, as small lines in the table. */

/** @import { ProcessEntry } from "../api_client.js" */

/** Looks remembered of each process. */
const LENGTH = 30;
/** Size of a line in its own units; the style sheet gives it its place. */
export const TREND_WIDTH = 60;
export const TREND_HEIGHT = 16;

/** Remembers what was seen while the page was open; what has ended is forgotten. */
export class ProcessTrends {
  /** @type {Map<string, number[]>} */
  #values = new Map();

  /**
   * @param {readonly ProcessEntry[]} processes all that run now
   * @returns {void}
   */
  add(processes) {
    /** @type {Map<string, number[]>} */
    const next = new Map();
    for (const entry of processes) {
      const key = keyOf(entry);
      const values = this.#values.get(key) ?? [];
      values.push(entry.cpu_ratio ?? 0);
      if (values.length > LENGTH) values.shift();
      next.set(key, values);
    }
    this.#values = next;
  }

  /**
   * @param {ProcessEntry} entry
   * @returns {string} the outline of its line, as `d` of an SVG path; empty when there is none yet
   */
  path(entry) {
    return trendPath(this.#values.get(keyOf(entry)) ?? []);
  }
}

/** @param {ProcessEntry} entry */
function keyOf({ pid, start_time }) {
  return `${pid} ${start_time ?? ""}`;
}

/**
 * The newest value stands at the right end. A tenth of a core is the least height, so that idling is a flat line.
 * @param {readonly number[]} values
 * @returns {string}
 */
export function trendPath(values) {
  if (values.length < 2) return "";
  const most = Math.max(0.1, ...values);
  const step = TREND_WIDTH / (LENGTH - 1);
  return values.map((value, i) => {
    const x = TREND_WIDTH - (values.length - 1 - i) * step;
    const y = TREND_HEIGHT - 1 - (TREND_HEIGHT - 2) * (Math.max(0, value) / most);
    return `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join("");
}

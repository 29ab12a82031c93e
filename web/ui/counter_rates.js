// @ts-check
/** Rates per second of counters that only grow, from one sample to the next. */

/** Counters remembered at most; the oldest is forgotten first, and its next sample starts anew. */
const MAX_COUNTERS = 4096;

export class CounterRates {
  /** @type {Map<string, { timeMs: number, value: number }>} */
  #previous = new Map();

  /**
   * @param {string} key names the counter
   * @param {number} timeMs
   * @param {number} value
   * @returns {number | null} null for the first sample, after a reset, and for a sample that is not newer
   */
  rate(key, timeMs, value) {
    const previous = this.#previous.get(key);
    if (previous !== undefined && timeMs <= previous.timeMs) return null;
    this.#previous.delete(key);
    this.#previous.set(key, { timeMs, value });
    if (this.#previous.size > MAX_COUNTERS) {
      const oldest = this.#previous.keys().next().value;
      if (oldest !== undefined) this.#previous.delete(oldest);
    }
    if (previous === undefined || value < previous.value) return null;
    return (value - previous.value) / ((timeMs - previous.timeMs) / 1000);
  }

  /** Forgets all, after a gap. */
  clear() {
    this.#previous.clear();
  }
}

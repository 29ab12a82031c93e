// @ts-check
/** The host as the tiles tell it: what the newest sample of each series says. */

import { CounterRates } from "../counter_rates.js";

/** @import { Sample, SampleBatch } from "../live_samples.js" */

/** Series remembered at most; the one not updated for longest goes first. */
const MAX_SERIES = 4096;
/** A series silent for longer is gone: an unplugged disk, a removed interface. */
const STALE_MS = 90_000;

/** Metrics that the tiles need beside those of the charts. */
export const TILE_METRICS = [
  "system.cpu.logical.count",
  "system.memory.limit",
  "system.paging.usage",
  "system.uptime",
];
const COUNTERS = new Set(["system.disk.io", "system.network.io"]);

/** Owns the newest value of each series. */
export class HostState {
  /** @type {Map<string, Sample & { timeMs: number }>} */
  #latest = new Map();
  #rates = new CounterRates();
  #newestMs = 0;

  /**
   * @param {SampleBatch} batch
   * @returns {void}
   */
  add({ timeMs, samples }) {
    this.#newestMs = Math.max(this.#newestMs, timeMs);
    for (const sample of samples) {
      if (typeof sample.value !== "number") continue;
      const key = `${sample.name} ${JSON.stringify(sample.labels)}`;
      const value = COUNTERS.has(sample.name)
        ? this.#rates.rate(key, timeMs, sample.value)
        : sample.value;
      if (value === null) continue;
      this.#latest.delete(key);
      this.#latest.set(key, { ...sample, value, timeMs });
    }
    for (const [key, { timeMs: seenMs }] of this.#latest) {
      const stale = this.#newestMs - seenMs > STALE_MS;
      if (!stale && this.#latest.size <= MAX_SERIES) break;
      this.#latest.delete(key);
    }
  }

  /**
   * @param {string} name
   * @param {(sample: Sample) => boolean} [matches]
   * @returns {number | null} the sum of the series that match, null where there is none
   */
  sum(name, matches = () => true) {
    /** @type {number | null} */
    let sum = null;
    for (const sample of this.#latest.values()) {
      if (sample.name === name && matches(sample)) sum = (sum ?? 0) + sample.value;
    }
    return sum;
  }
}

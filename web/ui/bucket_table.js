// @ts-check
/** Values of a few series on one even grid of time, kept up to date by samples as they come. */

/** A value is held for this long where samples come less often than the grid's step. */
const HOLD_MS = 15_000;
const HOLD_STEPS = 3;

/**
 * Bound of series in one table. A chart with more is unreadable; what is refused is counted in
 * {@link BucketTable.refusedSeries}.
 */
export const MAX_SERIES = 64;

/**
 * Owns the grid: `count` buckets of `stepMs`, the last one holding the newest sample. A bucket's value is the mean
 * of what fell into it.
 */
export class BucketTable {
  #stepMs;
  #count;
  /** Number of the first bucket: its start divided by the step. */
  #first;
  /** @type {Map<string, { sums: Float64Array, weights: Float64Array }>} */
  #series = new Map();
  #refused = new Set();

  /**
   * @param {{ fromMs: number, toMs: number, stepMs: number }} window
   */
  constructor({ fromMs, toMs, stepMs }) {
    this.#stepMs = stepMs;
    this.#first = Math.floor(fromMs / stepMs);
    this.#count = Math.max(1, Math.ceil(toMs / stepMs) - this.#first);
  }

  /** Milliseconds that a bucket spans. */
  get stepMs() {
    return this.#stepMs;
  }

  /** Start of the first bucket and end of the last, in milliseconds since the Unix epoch. */
  get window() {
    const fromMs = this.#first * this.#stepMs;
    return { fromMs, toMs: fromMs + this.#count * this.#stepMs };
  }

  /** How many series did not fit; bounded by {@link MAX_SERIES} as well. */
  get refusedSeries() {
    return this.#refused.size;
  }

  /** Names of the series, in the order they first came. */
  get names() {
    return [...this.#series.keys()];
  }

  /**
   * Adds a sample; one outside of the window is ignored.
   * @param {number} timeMs
   * @param {string} name
   * @param {number} value
   * @param {number} [weight] how many samples the value is the mean of
   * @returns {void}
   */
  add(timeMs, name, value, weight = 1) {
    const index = Math.floor(timeMs / this.#stepMs) - this.#first;
    if (index < 0 || index >= this.#count || !Number.isFinite(value)) return;
    const series = this.#seriesOf(name);
    if (series === null) return;
    series.sums[index] = (series.sums[index] ?? 0) + value * weight;
    series.weights[index] = (series.weights[index] ?? 0) + weight;
  }

  /**
   * Moves the window so that its last bucket holds `timeMs`; never backwards.
   * @param {number} timeMs
   * @returns {void}
   */
  slideTo(timeMs) {
    const first = Math.floor(timeMs / this.#stepMs) - this.#count + 1;
    const shift = first - this.#first;
    if (shift <= 0) return;
    this.#first = first;
    for (const [name, { sums, weights }] of this.#series) {
      for (const values of [sums, weights]) {
        values.copyWithin(0, shift);
        values.fill(0, Math.max(0, this.#count - shift));
      }
      if (weights.every((weight) => weight === 0)) this.#series.delete(name);
    }
  }

  /**
   * Starts of the buckets, in seconds since the Unix epoch.
   * @returns {number[]}
   */
  times() {
    return Array.from({ length: this.#count }, (_, i) => (this.#first + i) * this.#stepMs / 1000);
  }

  /**
   * One value for each bucket; null where there is none. A value is held over a few empty buckets, so that a source
   * slower than the grid draws a line and not dots.
   * @param {string} name
   * @returns {(number | null)[]}
   */
  values(name) {
    const series = this.#series.get(name);
    /** @type {(number | null)[]} */
    const values = new Array(this.#count).fill(null);
    if (series === undefined) return values;
    const last = series.weights.findLastIndex((weight) => weight > 0);
    const hold = Math.max(HOLD_STEPS, Math.floor(HOLD_MS / this.#stepMs));
    /** @type {number | null} */
    let held = null;
    let age = 0;
    for (let i = 0; i <= last; i++) {
      const weight = series.weights[i] ?? 0;
      if (weight > 0) {
        held = (series.sums[i] ?? 0) / weight;
        age = 0;
      } else {
        age += 1;
        if (age > hold) held = null;
      }
      values[i] = held;
    }
    return values;
  }

  /**
   * @param {string} name
   * @returns {{ sums: Float64Array, weights: Float64Array } | null} null at the bound
   */
  #seriesOf(name) {
    const known = this.#series.get(name);
    if (known !== undefined) return known;
    if (this.#series.size >= MAX_SERIES) {
      if (this.#refused.size < MAX_SERIES) this.#refused.add(name);
      return null;
    }
    const added = {
      sums: new Float64Array(this.#count),
      weights: new Float64Array(this.#count),
    };
    this.#series.set(name, added);
    return added;
  }
}

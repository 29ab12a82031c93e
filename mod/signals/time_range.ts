/** Smallest and largest time of a batch. May be wider than the rows after a `truncate`. */
export class TimeRange {
  #min = Infinity;
  #max = -Infinity;

  include(tsUs: number): void {
    if (tsUs < this.#min) this.#min = tsUs;
    if (tsUs > this.#max) this.#max = tsUs;
  }

  take(): { minTsUs: number; maxTsUs: number } {
    const range = { minTsUs: this.#min, maxTsUs: this.#max };
    this.#min = Infinity;
    this.#max = -Infinity;
    return range;
  }
}

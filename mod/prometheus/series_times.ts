const FIRST_SERIES = 1_024;

/**
 * The newest time of each series, by its number, to tell what was sent before: a sender that got
 * no answer sends again. One double a series.
 */
export class SeriesTimes {
  #newestUs = unknownTimes(FIRST_SERIES);

  /** How a point of a series at `tsUs` stands to the newest one before. */
  standing(seriesId: number, tsUs: number): "newer" | "older" | "repeated" {
    const before = this.#newestUs[seriesId] ?? -Infinity;
    return tsUs === before ? "repeated" : tsUs < before ? "older" : "newer";
  }

  /** Notes a point that was taken. */
  note(seriesId: number, tsUs: number): void {
    if (seriesId >= this.#newestUs.length) this.#grow(seriesId);
    if (tsUs > this.#newestUs[seriesId]!) this.#newestUs[seriesId] = tsUs;
  }

  /** After a write that was not kept: what it noted is not there. */
  forget(): void {
    this.#newestUs.fill(-Infinity);
  }

  #grow(seriesId: number): void {
    const larger = unknownTimes(Math.max(seriesId + 1, this.#newestUs.length * 2));
    larger.set(this.#newestUs);
    this.#newestUs = larger;
  }
}

function unknownTimes(length: number): Float64Array {
  return new Float64Array(length).fill(-Infinity);
}

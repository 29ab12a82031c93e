/** Definitions kept for rows of series that get no more samples; past it the oldest go. */
const MAX_RETIRED_SERIES = 500_000;

/**
 * Series that the registry has forgotten. Their definitions stay until the rows that refer to them,
 * of which rollups are kept for months, are gone. Rows are dropped the oldest first, so a
 * series is of no more use once every row that is left is younger than its retirement.
 */
export class RetiredSeries {
  /** In the order of time. */
  readonly #batches: { readonly sinceUs: number; readonly ids: readonly number[] }[] = [];
  #size = 0;
  #lost = 0;

  get size(): number {
    return this.#size;
  }

  /** Definitions given up although rows may refer to them. */
  get lost(): number {
    return this.#lost;
  }

  /** Ids must not be given twice. */
  add(ids: readonly number[], nowUs: number): void {
    if (ids.length === 0) return;
    this.#batches.push({ sinceUs: nowUs, ids });
    this.#size += ids.length;
  }

  /** Takes out the series whose definitions may go. `oldestRowUs`: time of the oldest row kept. */
  takeUnused(oldestRowUs: number): number[] {
    const unused: number[] = [];
    for (let first = this.#batches[0]; first !== undefined; first = this.#batches[0]) {
      const full = this.#size > MAX_RETIRED_SERIES;
      if (!full && first.sinceUs >= oldestRowUs) break;
      if (full && first.sinceUs >= oldestRowUs) this.#lost += first.ids.length;
      this.#batches.shift();
      this.#size -= first.ids.length;
      for (const id of first.ids) unused.push(id);
    }
    return unused;
  }
}

/** How long the answer to an append is held back at most, milliseconds. */
const MAX_HOLD_MS = 2_000;

/**
 * Appends whose rows are kept and whose senders hear of it later: the store's back-pressure while
 * sealing is behind. A caller has few appends under way at a time, so it sends more only once these are
 * answered, and past its own bound refuses what comes.
 */
export class HeldAppends {
  readonly #held: { readonly untilMs: number; readonly settle: () => void }[] = [];
  #total = 0;

  /** How many were held so far. */
  get total(): number {
    return this.#total;
  }

  get waiting(): boolean {
    return this.#held.length > 0;
  }

  hold(settle: () => void, nowMs: number): void {
    this.#total++;
    this.#held.push({ untilMs: nowMs + MAX_HOLD_MS, settle });
  }

  /** Settles those that have waited long enough, oldest first; all when the store is not behind. */
  release(behind: boolean, nowMs: number): void {
    while (this.#held[0] !== undefined && (!behind || nowMs >= this.#held[0].untilMs)) {
      this.#held.shift()?.settle();
    }
  }
}

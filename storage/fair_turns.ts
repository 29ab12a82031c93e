/** Queries get so many times what sealing takes beside them. */
const QUERIES_TO_SEALING = 3;

/**
 * Divides the store's thread between queries and sealing by time, not by slices: a slice of sealing often takes three times as
 * long as one of a query, and somebody waits for the query.
 */
export class FairTurns {
  /** What queries are to have before sealing goes on, milliseconds. */
  #owedMs = 0;

  /**
   * Whether sealing may have a slice now that queries had one.
   *
   * @param queriedMs how long that took; null when no query is under way, and all the time is sealing's
   */
  sealingMay(queriedMs: number | null): boolean {
    this.#owedMs = queriedMs === null ? 0 : Math.max(0, this.#owedMs - queriedMs);
    return this.#owedMs === 0;
  }

  /**
   * Books what a slice of sealing took.
   *
   * @param behind whether senders wait for sealing: it then gets as much as queries
   */
  sealed(tookMs: number, behind: boolean): void {
    this.#owedMs = tookMs * (behind ? 1 : QUERIES_TO_SEALING);
  }
}

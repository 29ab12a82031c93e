/** Restarts of the store's thread within `WINDOW_MS`; one more, and Horizon ends. */
export const MAX_RESTARTS = 3;
export const WINDOW_MS = 600_000;

/**
 * How often the store's thread may be started again. A thread that dies again and again is past
 * mending from within: a supervisor that starts the whole process anew is told by its end.
 */
export class RestartBudget {
  #atMs: number[] = [];

  /** Takes one restart; false when there is none left. */
  take(nowMs: number): boolean {
    this.#atMs = this.#atMs.filter((atMs) => nowMs - atMs < WINDOW_MS);
    if (this.#atMs.length >= MAX_RESTARTS) return false;
    this.#atMs.push(nowMs);
    return true;
  }
}

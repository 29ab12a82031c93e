import type { LogEntry } from "./logger.ts";

/** The newest log entries, in memory, so that Horizon can show its own log. */
export class LogRing {
  readonly #slots: LogEntry[] = [];
  readonly #capacity: number;
  #total = 0;

  /** @param capacity entries kept; an entry's size is bounded where it is made. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`the capacity of a log ring is a whole number from 1, not ${capacity}`);
    }
    this.#capacity = capacity;
  }

  /** Keeps an entry; past the capacity it takes the place of the oldest. */
  add(entry: LogEntry): void {
    this.#slots[this.#total % this.#capacity] = entry;
    this.#total += 1;
  }

  /** Entries that have been overwritten so far. */
  get overwritten(): number {
    return Math.max(0, this.#total - this.#capacity);
  }

  /** The newest entries, oldest first, at most `limit`. */
  newest(limit: number = this.#capacity): LogEntry[] {
    const start = this.#total > this.#capacity ? this.#total % this.#capacity : 0;
    const inOrder = [...this.#slots.slice(start), ...this.#slots.slice(0, start)];
    return limit >= inOrder.length ? inOrder : inOrder.slice(inOrder.length - Math.max(0, limit));
  }
}

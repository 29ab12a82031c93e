import type { ColumnBatch } from "../columns/column.ts";
import { HorizonError } from "../errors.ts";
import { type LiveRow, liveRow, type RowNames } from "./live_row.ts";
import { type LiveSignal, matchingRows, type RowFilter } from "./row_filter.ts";

/** Rows of one append that matched, in order. */
export interface LiveRows {
  readonly signal: LiveSignal;
  readonly rows: readonly LiveRow[];
  /** Further rows that matched; they came before those that are here. */
  readonly leftOut: number;
}

export interface RowFeedDeps {
  readonly names: RowNames;
  /** What a listener throws is its own matter, and must not fail an append. */
  readonly onListenerError: (error: unknown) => void;
}

export interface RowFeedStats {
  readonly subscriptions: number;
  /** Rows handed to subscribers, and rows left out because one append had too many. */
  readonly delivered: number;
  readonly leftOut: number;
  readonly refusedSubscriptions: number;
}

interface Subscription {
  readonly filter: RowFilter;
  readonly listener: (rows: LiveRows) => void;
}

export const MAX_SUBSCRIPTIONS = 256;
/** Rows of one append that one subscriber is given; the newest. */
export const MAX_ROWS_A_DELIVERY = 500;
const RETRY_AFTER_MS = 5_000;

/**
 * Hands rows to whoever follows them, once the store has kept them. Nothing is looked at while
 * nobody does, and only rows that match are decoded. A listener is called at once and must not wait.
 */
export class RowFeed {
  readonly #deps: RowFeedDeps;
  readonly #subscriptions = new Set<Subscription>();
  #delivered = 0;
  #leftOut = 0;
  #refused = 0;

  constructor(deps: RowFeedDeps) {
    this.#deps = deps;
  }

  get stats(): RowFeedStats {
    return {
      subscriptions: this.#subscriptions.size,
      delivered: this.#delivered,
      leftOut: this.#leftOut,
      refusedSubscriptions: this.#refused,
    };
  }

  /**
   * Calls `listener` with rows from now on, until the answer is called.
   * @throws HorizonError `overloaded` when there are too many subscriptions
   */
  subscribe(filter: RowFilter, listener: (rows: LiveRows) => void): () => void {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      this.#refused++;
      throw new HorizonError(
        "overloaded",
        "too many live subscriptions are open",
        { max_subscriptions: MAX_SUBSCRIPTIONS },
        RETRY_AFTER_MS,
      );
    }
    const subscription: Subscription = { filter, listener };
    this.#subscriptions.add(subscription);
    return () => void this.#subscriptions.delete(subscription);
  }

  /** To be called with what an append has kept. Never throws. */
  offer(batches: readonly ColumnBatch[]): void {
    for (const subscription of this.#subscriptions) {
      for (const batch of batches) {
        if (batch.signal !== subscription.filter.signal) continue;
        try {
          this.#deliver(batch, subscription);
        } catch (error) {
          this.#deps.onListenerError(error);
        }
      }
    }
  }

  #deliver(batch: ColumnBatch, { filter, listener }: Subscription): void {
    const matching = matchingRows(batch, filter);
    if (matching.length === 0) return;
    const newest = matching.slice(-MAX_ROWS_A_DELIVERY);
    const leftOut = matching.length - newest.length;
    const rows = newest.map((row) => liveRow(batch, filter.signal, row, this.#deps.names));
    this.#delivered += rows.length;
    this.#leftOut += leftOut;
    listener({ signal: filter.signal, rows, leftOut });
  }
}

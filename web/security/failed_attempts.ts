import type { Clock } from "../../mod/clock.ts";

export interface FailedAttemptLimits {
  /** Wrong tokens an address may present before it has to wait. */
  readonly burst: number;
  /** Milliseconds in which one attempt is given back. */
  readonly refillMs: number;
  /** Addresses remembered; the one unseen for longest is forgotten first. */
  readonly maxAddresses: number;
}

export const FAILED_ATTEMPT_LIMITS: FailedAttemptLimits = {
  burst: 20,
  refillMs: 3_000,
  maxAddresses: 1_024,
};

interface Bucket {
  spent: number;
  atMs: number;
}

/**
 * Counts wrong tokens by address, as a token bucket, so that guessing is slow.
 *
 * A token that was right from this address before goes on working while the address has to
 * wait: one agent with an outdated token on a shared address must not lock the others out.
 */
export class FailedAttempts {
  readonly #limits: FailedAttemptLimits;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #trusted = new Set<string>();
  #failures = 0;
  #refused = 0;

  constructor(limits: FailedAttemptLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Wrong tokens so far, and requests refused because their address had to wait. */
  get stats(): { readonly failures: number; readonly refused: number } {
    return { failures: this.#failures, refused: this.#refused };
  }

  /** Counts a wrong token. */
  fail(address: string): void {
    this.#failures++;
    const spent = this.#spent(address) + 1;
    this.#buckets.delete(address);
    if (this.#buckets.size >= this.#limits.maxAddresses) deleteOldest(this.#buckets);
    this.#buckets.set(address, { spent, atMs: this.#clock.monotonicMs() });
  }

  /** Remembers that a token was right from this address. */
  succeed(address: string, tokenName: string): void {
    const pair = `${address} ${tokenName}`;
    if (this.#trusted.has(pair)) return;
    if (this.#trusted.size >= this.#limits.maxAddresses) deleteOldest(this.#trusted);
    this.#trusted.add(pair);
  }

  /** Milliseconds this address has to wait; 0 when it need not. Counts the refusal. */
  waitMs(address: string, tokenName: string | null): number {
    const spent = this.#spent(address);
    if (spent < this.#limits.burst) return 0;
    if (tokenName !== null && this.#trusted.has(`${address} ${tokenName}`)) return 0;
    this.#refused++;
    return Math.ceil((spent - this.#limits.burst + 1) * this.#limits.refillMs);
  }

  #spent(address: string): number {
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return 0;
    const refilled = (this.#clock.monotonicMs() - bucket.atMs) / this.#limits.refillMs;
    // Spending stops one over the burst: a flood does not lengthen the wait for hours.
    return Math.max(0, Math.min(bucket.spent, this.#limits.burst) - refilled);
  }
}

// Maps and sets keep the order of insertion.
function deleteOldest(collection: {
  keys(): Iterator<string>;
  delete(key: string): boolean;
}): void {
  const oldest = collection.keys().next();
  if (oldest.done !== true) collection.delete(oldest.value);
}

import type { Clock } from "../clock.ts";

const SLOTS = 12;
const SLOT_MS = 5_000;

/** How many a second over the last minute, in steps of five seconds. Needs no timer. */
export class RateWindow {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #counts = new Float64Array(SLOTS);
  readonly #startMs: number;
  /** Number of the slot that was written last, counted from the clock's zero. */
  #slot: number;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#slot = Math.floor(this.#startMs / SLOT_MS);
  }

  add(count: number): void {
    this.#turn();
    this.#counts[this.#slot % SLOTS]! += count;
  }

  /** Over the time since the window was made, while that is less than a minute and over a second. */
  perSecond(): number {
    const nowMs = this.#turn();
    const sum = this.#counts.reduce((total, count) => total + count, 0);
    // The slot in hand is not over yet.
    const coveredMs = nowMs - Math.max(this.#startMs, (this.#slot - SLOTS + 1) * SLOT_MS);
    return sum / Math.max(1, coveredMs / 1000);
  }

  /** Empties the slots whose time has come again. */
  #turn(): number {
    const nowMs = this.#clock.monotonicMs();
    const slot = Math.floor(nowMs / SLOT_MS);
    const passed = Math.min(SLOTS, slot - this.#slot);
    for (let i = 1; i <= passed; i++) this.#counts[(this.#slot + i) % SLOTS] = 0;
    this.#slot = slot;
    return nowMs;
  }
}

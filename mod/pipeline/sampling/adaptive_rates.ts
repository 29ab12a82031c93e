import type { Clock } from "../../clock.ts";

const WINDOW_MS = 1_000;
/** How much of a fall of the rate is believed at once; a rise is believed whole. */
const FALL_WEIGHT = 0.3;
/** Services with a rate of their own; the others share one. */
const MAX_SERVICES = 1_000;
const OTHERS = "\0others";

interface Rate {
  windowStartMs: number;
  /** Spans since then. */
  count: number;
  /** Spans a second, as far as is known. */
  perSecond: number;
}

/**
 * For each service the share of its traces to keep, so that about `target` spans a second are left.
 * It follows the rate of the last second; spans that have come within the present second count at
 * once, so that a burst does not pass before it is noticed.
 */
export class AdaptiveRates {
  readonly #target: number;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #rates = new Map<string, Rate>();

  constructor(target: number, clock: Pick<Clock, "monotonicMs">) {
    this.#target = target;
    this.#clock = clock;
  }

  /** Takes note that `spans` have come, and answers the share to keep of them, in (0, 1]. */
  share(service: string, spans: number): number {
    const rate = this.#rate(service);
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - rate.windowStartMs;
    if (elapsedMs >= WINDOW_MS) {
      const seen = rate.count * 1_000 / elapsedMs;
      const weight = seen > rate.perSecond ? 1 : FALL_WEIGHT;
      rate.perSecond += (seen - rate.perSecond) * weight;
      rate.windowStartMs = nowMs;
      rate.count = 0;
    }
    rate.count += spans;
    return Math.min(1, this.#target / Math.max(rate.perSecond, rate.count));
  }

  #rate(service: string): Rate {
    const known = this.#rates.get(service);
    if (known !== undefined) return known;
    if (this.#rates.size >= MAX_SERVICES && service !== OTHERS) return this.#rate(OTHERS);
    const made = { windowStartMs: this.#clock.monotonicMs(), count: 0, perSecond: 0 };
    this.#rates.set(service, made);
    return made;
  }
}

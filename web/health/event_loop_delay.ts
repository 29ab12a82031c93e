import type { HealthFinding } from "./health_checks.ts";

/** How often it is measured, and over how long it is told. */
const EVERY_MS = 500;
const MAX_MEASURED = 20;
/** A delay that senders and the page notice. */
const NOTICED_MS = 1_000;

/**
 * How late timers run: what the main thread does in one piece delays everything else there,
 * HTTP, collectors and checks.
 */
export class EventLoopDelay {
  readonly #clock: { monotonicMs(): number };
  readonly #timers: { after(delayMs: number, run: () => void): () => void };
  readonly #delaysMs: number[] = [];
  #cancel: () => void = () => {};

  constructor(
    clock: { monotonicMs(): number },
    timers: { after(delayMs: number, run: () => void): () => void },
  ) {
    this.#clock = clock;
    this.#timers = timers;
  }

  start(): void {
    const dueMs = this.#clock.monotonicMs() + EVERY_MS;
    this.#cancel = this.#timers.after(EVERY_MS, () => {
      this.#delaysMs.push(Math.max(0, this.#clock.monotonicMs() - dueMs));
      if (this.#delaysMs.length > MAX_MEASURED) this.#delaysMs.shift();
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }

  /** Never failing: what waits is late, not lost. */
  check(): HealthFinding {
    const worstMs = Math.round(Math.max(0, ...this.#delaysMs));
    if (worstMs <= NOTICED_MS) return { status: "ok", message: "timers run in time" };
    return { status: "degraded", message: `timers ran ${worstMs} ms late within ten seconds` };
  }
}

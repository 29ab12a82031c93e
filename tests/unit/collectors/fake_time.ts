import type { Clock } from "../../../mod/clock.ts";
import type { Timers } from "../../../collectors/scheduler.ts";

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that moves only when told to. */
export class FakeTime implements Clock, Timers {
  #wallMs: number;
  #monotonicMs = 1000;
  readonly #waiting = new Set<Waiting>();

  constructor(wallMs: number) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  get timers(): number {
    return this.#waiting.size;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + delayMs, run };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }

  /** Somebody sets the wall clock. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  /** Time passes while nothing gets to run, as when the process is too busy. */
  stall(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Lets time pass, running what comes due at its own time. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      const due = [...this.#waiting].filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.stall(Math.max(0, due.atMs - this.#monotonicMs));
      this.#waiting.delete(due);
      due.run();
      await settle();
    }
    this.stall(Math.max(0, endMs - this.#monotonicMs));
    await settle();
  }
}

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

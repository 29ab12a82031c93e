import { HorizonError } from "../mod/errors.ts";

/** How long a statement that held the store is refused, and how many are remembered. */
const BARRED_MS = 600_000;
const MAX_BARRED = 64;

/**
 * Statements that held the store's thread until it was restarted. A page that asks the same every
 * few seconds would use up the restarts there are; so they are refused for a while.
 */
export class BarredQueries {
  readonly #untilMs = new Map<string, number>();

  bar(sql: string, nowMs: number): void {
    this.#untilMs.delete(sql);
    const oldest = this.#untilMs.keys().next();
    if (this.#untilMs.size >= MAX_BARRED && !oldest.done) this.#untilMs.delete(oldest.value);
    this.#untilMs.set(sql, nowMs + BARRED_MS);
  }

  /** @throws HorizonError `deadline_exceeded` when this statement is barred */
  check(sql: string, nowMs: number): void {
    const untilMs = this.#untilMs.get(sql);
    if (untilMs === undefined) return;
    if (untilMs <= nowMs) {
      this.#untilMs.delete(sql);
      return;
    }
    throw new HorizonError(
      "deadline_exceeded",
      "this statement held the store so long that the store had to be restarted; it is refused " +
        "for ten minutes: select fewer rows, or shorter lists",
      { barred_for_ms: Math.ceil(untilMs - nowMs) },
    );
  }
}

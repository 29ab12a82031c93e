import type { Signal } from "../columns/column.ts";

/** Rows that a step of the pipeline dropped, or changed, so far. */
export interface ProcessedRows {
  readonly processor: string;
  readonly signal: Signal;
  readonly rows: number;
}

/** A number that only rises, with what it is about. */
export interface PipelineCounter {
  readonly metric: string;
  /** UCUM. */
  readonly unit: string;
  readonly service: string;
  readonly labels: readonly (readonly [key: string, value: string])[];
  value: number;
}

/**
 * What the steps want to count of the batches of one append. It is entered into the books only
 * once the store has kept them: rows that are sent again are counted once.
 */
export class Ledger {
  readonly #dropped: { processor: string; signal: Signal; rows: number }[] = [];
  readonly #changed: { processor: string; signal: Signal; rows: number }[] = [];
  readonly #raised = new Map<PipelineCounter, number>();

  drop(processor: string, signal: Signal, rows: number): void {
    if (rows > 0) this.#dropped.push({ processor, signal, rows });
  }

  change(processor: string, signal: Signal, rows: number): void {
    if (rows > 0) this.#changed.push({ processor, signal, rows });
  }

  raise(counter: PipelineCounter, by: number): void {
    this.#raised.set(counter, (this.#raised.get(counter) ?? 0) + by);
  }

  /** Enters all of it, once. */
  enter(dropped: RowBooks, changed: RowBooks): void {
    for (const { processor, signal, rows } of this.#dropped) dropped.add(processor, signal, rows);
    for (const { processor, signal, rows } of this.#changed) changed.add(processor, signal, rows);
    for (const [counter, by] of this.#raised) counter.value += by;
  }
}

/** Rows by processor and signal; processors are as many as are configured. */
export class RowBooks {
  readonly #rows = new Map<string, Map<Signal, number>>();

  add(processor: string, signal: Signal, rows: number): void {
    const bySignal = this.#rows.get(processor) ?? new Map<Signal, number>();
    bySignal.set(signal, (bySignal.get(signal) ?? 0) + rows);
    this.#rows.set(processor, bySignal);
  }

  entries(): ProcessedRows[] {
    return [...this.#rows].flatMap(([processor, bySignal]) =>
      [...bySignal].map(([signal, rows]) => ({ processor, signal, rows }))
    );
  }
}

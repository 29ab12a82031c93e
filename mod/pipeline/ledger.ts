import type { Signal } from "../columns/column.ts";

/** Rows that a step of the pipeline dropped so far. */
export interface DroppedRows {
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
  readonly #raised = new Map<PipelineCounter, number>();

  drop(processor: string, signal: Signal, rows: number): void {
    if (rows > 0) this.#dropped.push({ processor, signal, rows });
  }

  raise(counter: PipelineCounter, by: number): void {
    this.#raised.set(counter, (this.#raised.get(counter) ?? 0) + by);
  }

  /** Enters all of it, once. */
  enter(books: DropBooks): void {
    for (const { processor, signal, rows } of this.#dropped) books.add(processor, signal, rows);
    for (const [counter, by] of this.#raised) counter.value += by;
  }
}

/** Dropped rows by processor and signal; processors are as many as are configured. */
export class DropBooks {
  readonly #rows = new Map<string, Map<Signal, number>>();

  add(processor: string, signal: Signal, rows: number): void {
    const bySignal = this.#rows.get(processor) ?? new Map<Signal, number>();
    bySignal.set(signal, (bySignal.get(signal) ?? 0) + rows);
    this.#rows.set(processor, bySignal);
  }

  entries(): DroppedRows[] {
    return [...this.#rows].flatMap(([processor, bySignal]) =>
      [...bySignal].map(([signal, rows]) => ({ processor, signal, rows }))
    );
  }
}

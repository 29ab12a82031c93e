import type { PipelineCounter } from "./ledger.ts";

/** Counters that the pipeline keeps, of all its steps together. */
const MAX_COUNTERS = 10_000;
/** Longer values of labels are cut. */
const MAX_LABEL_LENGTH = 256;

/**
 * Counters by metric, service and labels. They become metrics like any other when a collector
 * reads them, so that what is counted here never comes back to what counts.
 *
 * A counter stays once it is there; a new one beyond the bound is refused and counted.
 */
export class CounterTable {
  readonly #counters = new Map<string, PipelineCounter>();
  #refused = 0;

  /** Rows that were not counted because there was no room for their counter. */
  get refused(): number {
    return this.#refused;
  }

  counter(
    metric: string,
    unit: string,
    service: string,
    labels: PipelineCounter["labels"],
  ): PipelineCounter | null {
    const cut = labels.map(([key, value]) => [key, value.slice(0, MAX_LABEL_LENGTH)] as const);
    const id = JSON.stringify([metric, service, cut]);
    const known = this.#counters.get(id);
    if (known !== undefined) return known;
    if (this.#counters.size >= MAX_COUNTERS) {
      this.#refused++;
      return null;
    }
    const made: PipelineCounter = { metric, unit, service, labels: cut, value: 0 };
    this.#counters.set(id, made);
    return made;
  }

  all(): Iterable<Readonly<PipelineCounter>> {
    return this.#counters.values();
  }
}

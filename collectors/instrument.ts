import { SERIES_REFUSED } from "../mod/intern/series_registry.ts";
import type { Metric } from "./metric.ts";
import type { SampleSink } from "./sample_sink.ts";

/**
 * Handles remembered per metric. Past it all are forgotten and asked for again, which gives the
 * same handles: hosts whose interfaces come and go must not grow this without end.
 */
const MAX_REMEMBERED = 4096;

/** A metric of a collector, with the handles of the series it has so far. */
export class Instrument {
  readonly #sink: SampleSink;
  readonly #metric: Metric;
  readonly #handles = new Map<string, number>();
  #generation = 0;

  constructor(sink: SampleSink, metric: Metric) {
    this.#sink = sink;
    this.#metric = metric;
  }

  /**
   * Pushes a sample. `attributes` are the values of the metric's attributes in their order; an
   * empty one is left out. A value that is null or undefined was not there, and is skipped.
   */
  record(tsUs: number, value: number | null | undefined, ...attributes: readonly string[]): void {
    if (value === null || value === undefined) return;
    if (this.#generation !== this.#sink.generation) {
      this.#generation = this.#sink.generation;
      this.#handles.clear();
    }
    const key = attributes.join("\0");
    let handle = this.#handles.get(key);
    if (handle === undefined) {
      handle = this.#resolve(attributes);
      if (this.#handles.size >= MAX_REMEMBERED) this.#handles.clear();
      // A refused series is asked for again: there may be room by then.
      if (handle !== SERIES_REFUSED) this.#handles.set(key, handle);
    }
    this.#sink.push(handle, tsUs, value);
  }

  #resolve(values: readonly string[]): number {
    const { name, kind, unit, attributes } = this.#metric;
    const labels = attributes.flatMap((key, i) => {
      const value = values[i] ?? "";
      return value === "" ? [] : [[key, value] as const];
    });
    const service = labels.find(([key]) => key === "service.name")?.[1] ?? "";
    return this.#sink.resolve(name, kind, unit, labels, service);
  }
}

/** One instrument for each metric of a table. */
export function instruments<K extends string>(
  sink: SampleSink,
  table: Readonly<Record<K, Metric>>,
): Record<K, Instrument> {
  const made: Partial<Record<K, Instrument>> = {};
  for (const key in table) made[key] = new Instrument(sink, table[key]);
  return made as Record<K, Instrument>;
}

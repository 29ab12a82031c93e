import { SERIES_REFUSED, SeriesRegistry, sortLabels } from "../../../mod/intern/series_registry.ts";
import type { SampleSink } from "../../../collectors/sample_sink.ts";

/** A sink that remembers what was committed: by `name{label=value,…}`, labels sorted. */
export class RecordingSink implements SampleSink {
  readonly series: SeriesRegistry;
  readonly commits: { tsUs: number; samples: Map<string, number> }[] = [];
  readonly forgotten: string[] = [];
  #open = new Map<string, number>();

  constructor(maxSeries = 100_000) {
    this.series = new SeriesRegistry({ maxSeries, maxSeriesPerMetric: maxSeries });
  }

  get generation(): number {
    return this.series.generation;
  }

  resolve: SampleSink["resolve"] = (name, kind, unit, labels, service = "") =>
    this.series.resolve(name, kind, unit, sortLabels(labels), service);

  push(seriesId: number, _tsUs: number, value: number): void {
    if (seriesId !== SERIES_REFUSED) this.#open.set(this.key(seriesId), value);
  }

  commit(tsUs: number): void {
    this.commits.push({ tsUs, samples: this.#open });
    this.#open = new Map();
  }

  discard(): void {
    this.#open = new Map();
  }

  forget(seriesIds: Iterable<number>): void {
    for (const id of seriesIds) this.forgotten.push(this.key(id));
  }

  /** What the last commit held. */
  get last(): Map<string, number> {
    return this.commits.at(-1)?.samples ?? new Map();
  }

  /** The samples of the last commit whose key begins so. */
  lastOf(prefix: string): Record<string, number> {
    return Object.fromEntries([...this.last].filter(([key]) => key.startsWith(prefix)));
  }

  key(seriesId: number): string {
    const definition = this.series.get(seriesId);
    if (definition === undefined) return `unknown ${seriesId}`;
    const labels = definition.labels.map(([key, value]) => `${key}=${value}`).join(",");
    return `${definition.name}{${labels}}`;
  }
}

/** Why a new series was refused. Existing series go on either way. */
export type SeriesRefusal = "max_series" | "max_series_per_metric" | "max_series_characters";

export const SERIES_REFUSALS: readonly SeriesRefusal[] = [
  "max_series",
  "max_series_per_metric",
  "max_series_characters",
];

/** What raises each limit: the key of the configuration. */
export const REFUSAL_SETTINGS: Readonly<Record<SeriesRefusal, string>> = {
  max_series: "storage.max_series",
  max_series_per_metric: "storage.max_series_per_metric",
  max_series_characters: "storage.max_series",
};

/** Metrics whose refusals are counted under their own name; those of further ones count together. */
const MAX_NAMES = 1_000;
/** Stands for all metrics past `MAX_NAMES`. */
export const OTHER_METRICS = "(others)";

export interface MetricSeries {
  readonly name: string;
  readonly series: number;
}

/** A refusal: of which metric, by which limit. */
export interface RefusedSeries {
  readonly metric: string;
  readonly reason: SeriesRefusal;
  /** Series, or bytes, that the limit allows. */
  readonly limit: number;
  /** Metrics with the most series, the largest first. */
  readonly largest: readonly MetricSeries[];
}

/** New series that were refused, by metric and reason, since the start. Bounded by `MAX_NAMES`. */
export class SeriesRefusals {
  readonly #byMetric = new Map<string, Record<SeriesRefusal, number>>();
  readonly #totals = none();

  get totals(): Readonly<Record<SeriesRefusal, number>> {
    return this.#totals;
  }

  get total(): number {
    return sumOf(this.#totals);
  }

  add(metric: string, reason: SeriesRefusal): void {
    this.#totals[reason]++;
    let counts = this.#byMetric.get(metric);
    if (counts === undefined) {
      const name = this.#byMetric.size < MAX_NAMES ? metric : OTHER_METRICS;
      counts = this.#byMetric.get(name) ?? none();
      this.#byMetric.set(name, counts);
    }
    counts[reason]++;
  }

  /** Those of a metric, whatever the reason. */
  of(metric: string): number {
    const counts = this.#byMetric.get(metric);
    return counts === undefined ? 0 : sumOf(counts);
  }

  /** Metrics that had refusals, in the order of their first. */
  byMetric(): Iterable<readonly [metric: string, counts: Readonly<Record<SeriesRefusal, number>>]> {
    return this.#byMetric;
  }
}

/** One clause for whoever sent the series: which metric, which limit, what raises it. */
export function refusalText({ metric, reason, limit, largest }: RefusedSeries): string {
  const setting = REFUSAL_SETTINGS[reason];
  const most = largest.map(({ name, series }) => `${shown(name)} (${series})`).join(", ");
  switch (reason) {
    case "max_series_per_metric":
      return `metric ${shown(metric)} has ${limit} series, the most that ${setting} allows`;
    case "max_series":
      return `${
        shown(metric)
      } would be one series more than the ${limit} that ${setting} allows; ` +
        `most series are of ${most}`;
    case "max_series_characters":
      return `the names and labels of all series take ${limit} characters, the most that ${setting} ` +
        `allows, and ${shown(metric)} would have more; most series are of ${most}`;
  }
}

/** Characters of a metric's name in a message. */
const SHOWN_CHARACTERS = 200;

function shown(name: string): string {
  return JSON.stringify(
    name.length <= SHOWN_CHARACTERS ? name : `${name.slice(0, SHOWN_CHARACTERS)}…`,
  );
}

const none = (): Record<SeriesRefusal, number> => ({
  max_series: 0,
  max_series_per_metric: 0,
  max_series_characters: 0,
});

function sumOf(counts: Readonly<Record<SeriesRefusal, number>>): number {
  return SERIES_REFUSALS.reduce((sum, reason) => sum + counts[reason], 0);
}

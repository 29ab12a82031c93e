import type { SeriesKind } from "../intern/definitions.ts";

/** Types of metric families (OpenMetrics 1.0, "Metric Types"); `unknown` where none was said. */
export type MetricType =
  | "unknown"
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset";

/** Types by the number that both versions of remote write give them. */
export const METRIC_TYPES: readonly MetricType[] = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
];

/** What is known of a metric family besides its series. */
export interface MetricFamily {
  readonly type: MetricType;
  /** As the source says it ("seconds"); "" when it does not. */
  readonly unit: string;
}

export const UNKNOWN_FAMILY: MetricFamily = { type: "unknown", unit: "" };

/** Prometheus' base units and some others (prometheus.io, "Metric and label naming"), as UCUM. */
const UCUM: ReadonlyMap<string, string> = new Map([
  ["seconds", "s"],
  ["milliseconds", "ms"],
  ["microseconds", "us"],
  ["nanoseconds", "ns"],
  ["bytes", "By"],
  ["bits", "bit"],
  ["ratio", "1"],
  ["percent", "%"],
  ["celsius", "Cel"],
  ["meters", "m"],
  ["volts", "V"],
  ["amperes", "A"],
  ["joules", "J"],
  ["watts", "W"],
  ["hertz", "Hz"],
  ["grams", "g"],
]);

/** Endings that a sample's name has past the name of its family, and the types that have them. */
const SUFFIXES: readonly (readonly [suffix: string, types: readonly MetricType[]])[] = [
  ["_bucket", ["histogram", "gaugehistogram"]],
  ["_sum", ["histogram", "summary"]],
  ["_count", ["histogram", "summary"]],
  ["_gsum", ["gaugehistogram"]],
  ["_gcount", ["gaugehistogram"]],
  ["_total", ["counter"]],
  ["_created", ["counter", "histogram", "summary"]],
  ["_info", ["info"]],
];

/** The family that samples of this name belong to, among those that `find` knows. */
export function familyOfSample<F extends MetricFamily>(
  name: string,
  find: (family: string) => F | undefined,
): F | undefined {
  const own = find(name);
  if (own !== undefined) return own;
  for (const [suffix, types] of SUFFIXES) {
    if (!name.endsWith(suffix)) continue;
    const family = find(name.slice(0, -suffix.length));
    return family !== undefined && types.includes(family.type) ? family : undefined;
  }
  return undefined;
}

/**
 * How the samples of a name are stored. Counts, sums and buckets of histograms and summaries only
 * rise: counters, except those of a gauge histogram. The quantiles of a summary have its kind.
 *
 * Where no type was said the name decides, by the endings that Prometheus' conventions reserve.
 */
export function sampleKind(name: string, type: MetricType): Exclude<SeriesKind, "histogram"> {
  switch (type) {
    case "counter":
      // Since OpenMetrics a counter also has the time when it began.
      return name.endsWith("_created") ? "gauge" : "counter";
    case "histogram":
      return name.endsWith("_created") ? "gauge" : "counter";
    case "summary":
      if (name.endsWith("_count") || name.endsWith("_sum")) return "counter";
      return name.endsWith("_created") ? "gauge" : "summary";
    case "unknown":
      return /_(total|bucket|count|sum)$/.test(name) ? "counter" : "gauge";
    default:
      return "gauge";
  }
}

/**
 * Unit of a name's samples in UCUM: what the source says, else what the name ends in. Counts of
 * things have the unit "".
 */
export function sampleUnit(name: string, unit: string): string {
  const count = name.endsWith("_count") || name.endsWith("_bucket");
  if (count) return "";
  if (unit !== "") return UCUM.get(unit) ?? unit;
  const base = name.replace(/_(total|sum)$/, "");
  return UCUM.get(base.slice(base.lastIndexOf("_") + 1)) ?? "";
}

import type { SeriesKind } from "../../mod/intern/definitions.ts";

/** Types of the exposition formats that Horizon writes. */
export type FamilyType = "counter" | "gauge" | "histogram" | "unknown";

/** An OpenTelemetry metric as Prometheus names it. */
export interface FamilyName {
  /** With unit suffix, and `_total` for a counter. */
  readonly name: string;
  readonly type: FamilyType;
  /** Unit as it stands in the name, such as `seconds`; empty when there is none. */
  readonly unit: string;
}

// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/, "Metric
// Metadata"; words as in the Collector's Prometheus translator.
const UNIT_WORDS: ReadonlyMap<string, string> = new Map(Object.entries({
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  TiBy: "tibibytes",
  KBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  TBy: "terabytes",
  m: "meters",
  V: "volts",
  A: "amperes",
  J: "joules",
  W: "watts",
  g: "grams",
  Cel: "celsius",
  Hz: "hertz",
  "%": "percent",
}));

const PER_UNIT_WORDS: ReadonlyMap<string, string> = new Map(Object.entries({
  s: "second",
  m: "minute",
  min: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
}));

/**
 * The Prometheus name of an OpenTelemetry metric: what is not a letter or digit becomes `_`,
 * the unit is appended unless the name has it, counters end in `_total`, and a gauge of unit
 * `1` in `_ratio`. Unit annotations (`{request}`) are left out.
 */
export function familyName(name: string, kind: SeriesKind, unit: string): FamilyName {
  const type = familyType(kind);
  const tokens = name.split(/[^A-Za-z0-9]+/).filter((token) => token !== "");
  const unitTokens = unitWords(unit, type);
  for (const token of unitTokens) {
    const at = tokens.indexOf(token);
    if (at !== -1) tokens.splice(at, 1);
  }
  // OpenMetrics wants the unit at the end of the name.
  tokens.push(...unitTokens);
  if (type === "counter") {
    const rest = tokens.filter((token) => token !== "total");
    tokens.splice(0, tokens.length, ...rest, "total");
  }
  const joined = tokens.join("_");
  return {
    name: joined === "" ? "unnamed" : /^[0-9]/.test(joined) ? `_${joined}` : joined,
    type,
    unit: unitTokens.join("_"),
  };
}

function familyType(kind: SeriesKind): FamilyType {
  switch (kind) {
    case "counter":
      return "counter";
    case "gauge":
    case "updown":
      return "gauge";
    case "summary":
    case "histogram":
      // One number of a larger whole: its parts are not known here.
      return "unknown";
  }
}

function unitWords(unit: string, type: FamilyType): string[] {
  const plain = unit.replaceAll(/\{[^}]*\}/g, "").trim();
  if (plain === "1") return type === "gauge" ? ["ratio"] : [];
  const [main = "", per = ""] = plain.split("/", 2);
  const words = main === "1" ? [] : tokensOf(UNIT_WORDS.get(main) ?? main);
  if (per === "") return words;
  return [...words, "per", ...tokensOf(PER_UNIT_WORDS.get(per) ?? UNIT_WORDS.get(per) ?? per)];
}

function tokensOf(text: string): string[] {
  return text.split(/[^A-Za-z0-9]+/).filter((token) => token !== "");
}

/** The Prometheus name of an attribute key: `[a-zA-Z_][a-zA-Z0-9_]*`, never starting with `__`. */
export function labelName(key: string): string {
  const name = key.replaceAll(/[^A-Za-z0-9_]/g, "_").replace(/^__+/, "_");
  if (name === "") return "_";
  return /^[0-9]/.test(name) ? `key_${name}` : name;
}

/**
 * Labels as Prometheus wants them. Keys that become the same name are one label, their values
 * joined by `;` in the order of the original keys (the specification's rule).
 */
export function prometheusLabels(
  labels: readonly (readonly [key: string, value: string])[],
): (readonly [name: string, value: string])[] {
  const merged = new Map<string, string>();
  for (const [key, value] of labels) {
    const name = labelName(key);
    const known = merged.get(name);
    merged.set(name, known === undefined ? value : `${known};${value}`);
  }
  return [...merged];
}

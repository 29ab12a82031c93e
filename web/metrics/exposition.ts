import type { FamilyType } from "./prometheus_names.ts";

/** Prometheus text format 0.0.4, or OpenMetrics 1.0. */
export type ExpositionFormat = "prometheus" | "openmetrics";

export const EXPOSITION_CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

export interface Sample {
  /** The family's name, or with `_bucket`, `_sum`, `_count` behind it. */
  readonly name: string;
  /** As it stands between braces, from `labelText`; empty when there is none. */
  readonly labels: string;
  readonly value: number;
}

/** A metric with its samples. A counter's name ends in `_total`. */
export interface MetricFamily {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly unit: string;
  readonly samples: readonly Sample[];
}

/** Writes families, each as a contiguous group, as both formats demand. */
export function* expositionText(
  families: Iterable<MetricFamily>,
  format: ExpositionFormat,
): Generator<string> {
  for (const family of families) {
    yield head(family, format);
    for (const { name, labels, value } of family.samples) {
      yield `${name}${labels === "" ? "" : `{${labels}}`} ${numberText(value)}\n`;
    }
  }
  if (format === "openmetrics") yield "# EOF\n";
}

function head({ name, type, help, unit }: MetricFamily, format: ExpositionFormat): string {
  if (format === "prometheus") {
    return `# HELP ${name} ${escapeHelp(help)}\n` +
      `# TYPE ${name} ${type === "unknown" ? "untyped" : type}\n`;
  }
  // OpenMetrics names the family without the counter's suffix, and wants the unit to end it.
  const family = type === "counter" ? name.replace(/_total$/, "") : name;
  const unitLine = unit !== "" && family.endsWith(`_${unit}`) ? `# UNIT ${family} ${unit}\n` : "";
  return `# TYPE ${family} ${type}\n${unitLine}# HELP ${family} ${escapeLabel(help)}\n`;
}

/** Labels as text between braces: `a="1",b="x\ny"`. Names must be valid already. */
export function labelText(labels: Iterable<readonly [name: string, value: string]>): string {
  let text = "";
  for (const [name, value] of labels) {
    text += `${text === "" ? "" : ","}${name}="${escapeLabel(value)}"`;
  }
  return text;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

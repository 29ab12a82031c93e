import type { Registry } from "prom-client";
import { labelText, type MetricFamily, type Sample } from "./exposition.ts";
import type { FamilyType } from "./prometheus_names.ts";

/** What a prom-client registry holds, as metric families; without those that have no value yet. */
export async function registryFamilies(registry: Registry): Promise<MetricFamily[]> {
  const metrics = await registry.getMetricsAsJSON();
  const families = metrics.map((metric): MetricFamily => ({
    name: metric.name,
    // Typed as a numeric enum, but it is the type's name.
    type: familyType(String(metric.type)),
    help: metric.help,
    unit: /_(seconds|bytes)(_total)?$/.exec(metric.name)?.[1] ?? "",
    samples: metric.values.map((value): Sample => ({
      name: "metricName" in value && typeof value.metricName === "string"
        ? value.metricName
        : metric.name,
      labels: labelText(
        Object.entries(value.labels).map(([name, label]) => [name, boundText(label)] as const),
      ),
      value: value.value,
    })),
  }));
  return families.filter(({ samples }) => samples.length > 0);
}

function familyType(type: string): FamilyType {
  return type === "counter" || type === "gauge" || type === "histogram" ? type : "unknown";
}

function boundText(label: string | number | undefined): string {
  return label === Infinity ? "+Inf" : String(label ?? "");
}

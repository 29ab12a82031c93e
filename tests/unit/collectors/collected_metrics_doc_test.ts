import assert from "node:assert/strict";
import { hostParts } from "../../../collectors/host/host_collectors.ts";
import { HEALTH_METRICS } from "../../../collectors/health/health_metrics.ts";
import { CGROUP_METRICS } from "../../../collectors/cgroups/cgroup_metrics.ts";
import type { Metric } from "../../../collectors/metric.ts";
import {
  FAST_PROCESS_METRICS,
  LIMIT_METRICS,
  PROCESS_COUNT_METRICS,
  SLOW_PROCESS_METRICS,
} from "../../../collectors/processes/process_metrics.ts";

function allMetrics(): Metric[] {
  return [
    ...hostParts("", /^$/).flatMap(({ part }) => Object.values(part.metrics)),
    ...Object.values(PROCESS_COUNT_METRICS),
    ...Object.values(FAST_PROCESS_METRICS),
    ...Object.values(SLOW_PROCESS_METRICS),
    ...Object.values(LIMIT_METRICS),
    ...Object.values(CGROUP_METRICS),
    ...Object.values(HEALTH_METRICS),
  ];
}

/** A row of the tables in docs/collected-metrics.md. */
function row({ name, kind, unit, attributes, description }: Metric): string {
  const labels = attributes.map((key) => `\`${key}\``).join(", ");
  return `| \`${name}\` | ${kind} | \`${unit}\` | ${labels} | ${description} |`;
}

Deno.test("docs/collected-metrics.md: has a row for each metric, and no other", async () => {
  const text = await Deno.readTextFile(
    new URL("../../../docs/collected-metrics.md", import.meta.url),
  );
  const documented = text.split("\n").filter((line) =>
    /^\| `(?:system|cgroup|process|health)\./.test(line)
  );
  assert.deepEqual(documented.sort(), [...new Set(allMetrics().map(row))].sort());
});

Deno.test("metrics: names, units and attributes look as the conventions want them", () => {
  for (const { name, unit, kind, attributes, description } of allMetrics()) {
    assert.match(name, /^(?:system|cgroup|process|health)(?:\.[a-z0-9_]+)+$/);
    assert.match(unit, /^(?:s|1|By|\{[a-z_]+\})$/, name);
    assert.ok(["gauge", "counter", "updown"].includes(kind), name);
    for (const key of attributes) assert.match(key, /^[a-z]+(?:\.[a-z0-9_]+)+$/, name);
    assert.ok(description.endsWith("."), name);
  }
});

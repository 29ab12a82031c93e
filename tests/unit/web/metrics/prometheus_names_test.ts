import assert from "node:assert/strict";
import fc from "fast-check";
import type { SeriesKind } from "../../../../mod/intern/definitions.ts";
import {
  familyName,
  labelName,
  prometheusLabels,
} from "../../../../web/metrics/prometheus_names.ts";

Deno.test("familyName: names as the OpenTelemetry specification maps them", () => {
  const table: [string, SeriesKind, string, string][] = [
    ["system.cpu.time", "counter", "s", "system_cpu_time_seconds_total"],
    ["system.memory.usage", "updown", "By", "system_memory_usage_bytes"],
    ["system.memory.utilization", "gauge", "1", "system_memory_utilization_ratio"],
    ["system.cpu.load_average.1m", "gauge", "{thread}", "system_cpu_load_average_1m"],
    ["system.network.io", "counter", "By", "system_network_io_bytes_total"],
    ["process.context_switches", "counter", "{context_switch}", "process_context_switches_total"],
    ["process.uptime", "gauge", "s", "process_uptime_seconds"],
    ["jobs.count", "counter", "1", "jobs_count_total"],
    ["requests.total", "counter", "{request}", "requests_total"],
    ["total.requests", "counter", "", "requests_total"],
    ["io.bytes", "counter", "By", "io_bytes_total"],
    ["bytes.read", "counter", "By", "read_bytes_total"],
    ["disk.rate", "gauge", "By/s", "disk_rate_bytes_per_second"],
    ["disk.rate", "gauge", "{operation}/s", "disk_rate_per_second"],
    ["temperature", "gauge", "Cel", "temperature_celsius"],
    ["usage", "gauge", "%", "usage_percent"],
    ["odd", "gauge", "foo bar", "odd_foo_bar"],
    ["99.percentile", "gauge", "", "_99_percentile"],
    ["a--b..c__d", "gauge", "", "a_b_c_d"],
    ["größe", "gauge", "", "gr_e"],
    ["…", "gauge", "", "unnamed"],
  ];
  for (const [name, kind, unit, expected] of table) {
    assert.equal(familyName(name, kind, unit).name, expected, `${name} ${unit}`);
  }
  assert.deepEqual(familyName("x", "updown", "By"), {
    name: "x_bytes",
    type: "gauge",
    unit: "bytes",
  });
  assert.equal(familyName("x", "summary", "s").type, "unknown");
});

Deno.test("familyName, labelName: whatever comes in, valid names come out", () => {
  const kinds = fc.constantFrom<SeriesKind>("gauge", "counter", "updown", "summary", "histogram");
  fc.assert(fc.property(fc.string(), kinds, fc.string(), (name, kind, unit) => {
    const family = familyName(name, kind, unit);
    assert.match(family.name, /^[a-zA-Z_][a-zA-Z0-9_]*$/);
    if (kind === "counter") assert.match(family.name, /(^|_)total$/);
    assert.match(labelName(name), /^[a-zA-Z_][a-zA-Z0-9_]*$/);
    assert.doesNotMatch(labelName(name), /^__/);
  }));
});

Deno.test("labelName: keys as the specification maps them", () => {
  assert.equal(labelName("process.pid"), "process_pid");
  assert.equal(labelName("1st"), "key_1st");
  assert.equal(labelName("__name__"), "_name__");
  assert.equal(labelName(""), "_");
});

Deno.test("prometheusLabels: keys that become one name become one label", () => {
  assert.deepEqual(prometheusLabels([["a.b", "1"], ["a_b", "2"], ["c", "3"]]), [
    ["a_b", "1;2"],
    ["c", "3"],
  ]);
});

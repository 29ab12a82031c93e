import assert from "node:assert/strict";
import { HorizonError } from "../../../../../mod/errors.ts";
import { SampleBatchBuilder } from "../../../../../mod/signals/samples.ts";
import { pushSpan } from "../../../../support/store_fixture.ts";
import { type LogSketch, pipelineConfig, PipelineFixture } from "../pipeline_fixture.ts";

async function fixture(
  processors: readonly unknown[],
  env: Readonly<Record<string, string>> = {},
): Promise<PipelineFixture> {
  return new PipelineFixture(await pipelineConfig({ processors }), env);
}

async function bodiesLeft(
  processors: readonly unknown[],
  logs: readonly LogSketch[],
): Promise<unknown[]> {
  const one = await fixture(processors);
  return one.process(one.logs(logs)).map(({ body }) => body);
}

const LOGS: readonly LogSketch[] = [
  { body: "GET /healthz 200", attributes: { "http.route": "/healthz" } },
  { body: "GET /cart 200", attributes: { "http.route": "/cart" }, eventName: "request" },
  { body: "boom", severityNumber: 17, severity: "ERROR", service: "pay" },
  { body: "no severity", severityNumber: 0, severity: "" },
];

Deno.test("processors: drop takes what matches, by any of the conditions", async () => {
  const cases: readonly (readonly [when: unknown, left: readonly string[]])[] = [
    [{ body: "healthz" }, ["GET /cart 200", "boom", "no severity"]],
    [{ attributes: { "http.route": "^/health" } }, ["GET /cart 200", "boom", "no severity"]],
    [{ service: "^pay$" }, ["GET /healthz 200", "GET /cart 200", "no severity"]],
    [{ name: "request" }, ["GET /healthz 200", "boom", "no severity"]],
    [{ severity_below: "warn" }, ["boom", "no severity"]],
    [{ severity_at_least: "error" }, ["GET /healthz 200", "GET /cart 200", "no severity"]],
    [{ body: "GET", attributes: { "http.route": "cart" } }, [
      "GET /healthz 200",
      "boom",
      "no severity",
    ]],
    [{ attributes: { missing: "." } }, LOGS.map(({ body }) => body)],
    [{}, []],
  ];
  for (const [when, left] of cases) {
    assert.deepEqual(await bodiesLeft([{ name: "it", action: "drop", when }], LOGS), left);
  }
});

Deno.test("processors: keep drops the rest, in the order of the list, each in its own books", async () => {
  const one = await fixture([
    { name: "only-gets", action: "keep", when: { body: "^GET" }, signals: ["logs"] },
    { name: "no-health", action: "drop", when: { body: "healthz" } },
  ]);
  assert.deepEqual(one.process(one.logs(LOGS)).map(({ body }) => body), ["GET /cart 200"]);
  assert.deepEqual(one.pipeline.stats.dropped, [
    { processor: "only-gets", signal: "logs", rows: 2 },
    { processor: "no-health", signal: "logs", rows: 1 },
  ]);
});

Deno.test("processors: what the store did not keep is not counted", async () => {
  const one = await fixture([
    { name: "count", action: "count", metric: "records" },
    { name: "all", action: "drop" },
  ]);
  one.pipeline.process([one.logs(LOGS)]).settle(false);
  assert.deepEqual(one.pipeline.stats.dropped, []);
  assert.deepEqual([...one.pipeline.counters!.all()].map(({ value }) => value), [0, 0]);
});

Deno.test("processors: set, rename and remove edit the attributes of what matches", async () => {
  const one = await fixture([
    {
      name: "enrich",
      action: "set",
      attributes: { "deployment.environment.name": "prod", region: "${REGION}-1", a: "new" },
      when: { body: "^one" },
    },
    { name: "rename", action: "rename", attributes: { old: "new", b: "c" } },
    { name: "remove", action: "remove", names: ["noise"] },
  ], { REGION: "eu" });
  const rows = one.process(one.logs([
    { body: "one", attributes: { a: "1", old: "2", noise: "3" } },
    { body: "two", attributes: { b: "1", c: "2", noise: "" } },
    { body: "three" },
  ]));
  assert.deepEqual(rows.map(({ attributes }) => attributes), [
    { new: "2", "deployment.environment.name": "prod", region: "eu-1", a: "new" },
    { c: "2" },
    {},
  ]);
});

Deno.test("processors: a variable that is not set is told at start", async () => {
  await assert.rejects(
    () => fixture([{ name: "enrich", action: "set", attributes: { region: "${NOPE}" } }]),
    (error) => error instanceof HorizonError && /enrich needs NOPE/.test(error.message),
  );
});

Deno.test("processors: logs become counters by service and labels, and may then be dropped", async () => {
  const one = await fixture([
    {
      name: "errors",
      action: "count",
      metric: "app.log.records",
      by: ["severity", "http.route"],
    },
    { name: "noise", action: "drop", when: { body: "healthz" } },
  ]);
  for (let i = 0; i < 3; i++) assert.equal(one.process(one.logs(LOGS)).length, 3);
  assert.deepEqual(
    [...one.pipeline.counters!.all()].map(({ metric, service, labels, value }) =>
      `${metric} ${service} ${labels.map((pair) => pair.join("=")).join(",")} ${value}`
    ),
    [
      "app.log.records shop severity=INFO,http.route=/healthz 3",
      "app.log.records shop severity=INFO,http.route=/cart 3",
      "app.log.records pay severity=ERROR 3",
      "app.log.records shop severity= 3",
    ],
  );
});

Deno.test("processors: counters are bounded, and what is not counted is counted", async () => {
  const one = await fixture([{ name: "c", action: "count", metric: "m", by: ["id"] }]);
  const logs = Array.from({ length: 10_005 }, (_, i) => ({ body: "", attributes: { id: `${i}` } }));
  one.process(one.logs(logs));
  assert.equal([...one.pipeline.counters!.all()].length, 10_000);
  assert.equal(one.pipeline.stats.uncounted, 5);
});

Deno.test("processors: spans by name and attribute", async () => {
  const one = await fixture([{
    name: "health",
    action: "drop",
    when: { name: "^GET /health", attributes: { "http.route": "z$" } },
  }]);
  const rows = one.process(one.spans((spans, registries) => {
    for (const name of ["GET /healthz", "GET /cart"]) {
      pushSpan(spans, registries, {
        traceId: "a".repeat(32),
        spanId: "b".repeat(16),
        name,
        tsUs: 1,
        attributes: { "http.route": name.slice(4) },
      });
    }
  }));
  assert.deepEqual(rows.map(({ name }) => name), ["GET /cart"]);
});

Deno.test("processors: samples by metric, service and label, only where asked for", async () => {
  const when = { name: "^go\\.", service: "shop", attributes: { kind: "gc" } };
  for (const [signals, left] of [[["metrics"], 3], [undefined, 4]] as const) {
    const one = await fixture([{ name: "go", action: "drop", when, signals }]);
    const { series } = one.registries;
    const builder = new SampleBatchBuilder();
    const labels: readonly (readonly [string, string])[] = [["kind", "gc"]];
    builder.push(series.resolve("go.pauses", "counter", "1", labels, "shop"), 1, 1);
    builder.push(series.resolve("go.pauses", "counter", "1", [], "shop"), 1, 1);
    builder.push(series.resolve("go.pauses", "gauge", "1", labels, "other"), 1, 1);
    builder.push(series.resolve("jvm.pauses", "counter", "1", labels, "shop"), 1, 1);
    assert.equal(one.process(builder.finish()).length, left);
  }
});

Deno.test("processors: secrets that a processor adds are taken out as well", async () => {
  const one = await fixture(
    [{ name: "enrich", action: "set", attributes: { note: "password=${PW}" } }],
    { PW: "hunter2" },
  );
  const [row] = one.process(one.logs([{ body: "x" }]));
  assert.deepEqual(row?.attributes, { note: "password=[redacted]" });
});

import assert from "node:assert/strict";
import { mulberry32 } from "../../../../support/mulberry32.ts";
import { pushSpan } from "../../../../support/store_fixture.ts";
import type { Row } from "../../otlp/column_values.ts";
import { type LogSketch, pipelineConfig, PipelineFixture } from "../pipeline_fixture.ts";

const COUNT = "sampling.adjusted_count";
const RULE = "sampling.rule";

async function sampler(
  processor: object,
  section: object = {},
  random?: () => number,
): Promise<PipelineFixture> {
  const processors = [{ name: "some", action: "sample", ...processor }];
  return new PipelineFixture(await pipelineConfig({ processors, ...section }), {}, random);
}

function attribute(row: Row, key: string): unknown {
  const { attributes } = row;
  return typeof attributes === "object" && attributes !== null
    ? Reflect.get(attributes, key)
    : null;
}

function estimated(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + Number(attribute(row, COUNT) ?? 1), 0);
}

/** Four standard deviations of a binomial distribution. */
function near(count: number, of: number, share: number): void {
  const off = Math.abs(count - of * share);
  assert.ok(off < 4 * Math.sqrt(of * share * (1 - share)), `${count} of ${of} at ${share}`);
}

function traceIds(seed: number, count: number): string[] {
  const random = mulberry32(seed);
  const word = () => random().toString(16).padStart(8, "0");
  return Array.from({ length: count }, () => word() + word() + word() + word());
}

Deno.test("sample: keeps the share of records without a trace, and they say how many they stand for", async () => {
  const random = mulberry32(7);
  const one = await sampler({ share: 0.25 }, {}, () => random() / 2 ** 32);
  const sketches: LogSketch[] = Array.from({ length: 20_000 }, (_, i) => ({ body: `${i}` }));
  const rows = one.process(one.logs(sketches));
  near(rows.length, sketches.length, 0.25);
  assert.deepEqual(rows[0]?.["attributes"], { [COUNT]: "4", [RULE]: "probability" });
  assert.equal(estimated(rows), rows.length * 4);
  assert.deepEqual(one.pipeline.stats.dropped, [
    { processor: "some", signal: "logs", rows: sketches.length - rows.length },
  ]);
});

Deno.test("sample: the records of a trace stay or go together, and with its spans", async () => {
  const one = await sampler({ share: 0.1 }, { sampling: { enabled: true, probability: 0.1 } });
  const ids = traceIds(3, 5_000);
  const logs = one.process(
    one.logs(ids.flatMap((traceId) => [{ body: "a", traceId }, { body: "b", traceId }])),
  );
  const spans = one.process(one.spans((builder, registries) => {
    for (const traceId of ids) {
      pushSpan(builder, registries, { traceId, spanId: "b".repeat(16), name: "x", tsUs: 1 });
    }
  }));
  const perTrace = Map.groupBy(logs, (row) => String(row["trace_id"]));
  for (const records of perTrace.values()) assert.equal(records.length, 2);
  assert.deepEqual(new Set(perTrace.keys()), new Set(spans.map((row) => String(row["trace_id"]))));
  near(perTrace.size, ids.length, 0.1);
});

Deno.test("sample: errors stay unless told otherwise, and what does not match stays as it is", async () => {
  const sketches: readonly LogSketch[] = [
    { body: "info" },
    { body: "unknown", severityNumber: 0, severity: "" },
    { body: "error", severityNumber: 17 },
    { body: "fatal", severityNumber: 24 },
    { body: "other", service: "pay", attributes: { a: "b", [COUNT]: "3", [RULE]: "rate" } },
  ];
  const cases: readonly (readonly [boolean | undefined, readonly string[]])[] = [
    [undefined, ["error", "fatal", "other"]],
    [true, ["error", "fatal", "other"]],
    [false, ["other"]],
  ];
  for (const [keep_errors, left] of cases) {
    const one = await sampler({ share: 0, keep_errors, when: { service: "shop" } });
    const rows = one.process(one.logs(sketches));
    assert.deepEqual(rows.map(({ body }) => body), left);
    assert.deepEqual(rows.at(-1)?.["attributes"], { a: "b", [COUNT]: "3", [RULE]: "rate" });
    if (left.length > 1) {
      assert.deepEqual(rows[0]?.["attributes"], { [COUNT]: "1", [RULE]: "error" });
    }
  }
});

Deno.test("sample: counts of a step before are multiplied; a whole share changes nothing", async () => {
  const attributes = { [COUNT]: "2.5", [RULE]: "rate", a: "b" };
  const half = await sampler({ share: 0.5 });
  const [row] = half.process(half.logs([{ body: "x", attributes }]));
  assert.deepEqual(row?.["attributes"], { a: "b", [COUNT]: "5", [RULE]: "probability" });
  const all = await sampler({ share: 1 });
  const batch = all.logs([{ body: "x", attributes }, { body: "y", severityNumber: 17 }]);
  assert.deepEqual(all.process(batch).map((one) => one["attributes"]), [attributes, {}]);
  assert.deepEqual(all.pipeline.stats.dropped, []);
});

Deno.test("sample: of trace ids that are none the share is kept, records of one together", async () => {
  const one = await sampler({ share: 0.5 });
  const ids = Array.from({ length: 2_000 }, (_, i) => `-${i}`);
  const rows = one.process(
    one.logs(ids.flatMap((traceId) => [{ body: "a", traceId }, { body: "b", traceId }])),
  );
  const perTrace = Map.groupBy(rows, (row) => String(row["trace_id"]));
  for (const records of perTrace.values()) assert.equal(records.length, 2);
  near(perTrace.size, ids.length, 0.5);
});

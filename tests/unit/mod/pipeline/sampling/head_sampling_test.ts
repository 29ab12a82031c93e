import assert from "node:assert/strict";
import type { ColumnBatch } from "../../../../../mod/columns/column.ts";
import type { SpanBatchBuilder } from "../../../../../mod/signals/spans.ts";
import { pipelineConfig, PipelineFixture } from "../pipeline_fixture.ts";

interface SpanLike {
  readonly traceId: string;
  readonly service?: string;
  readonly status?: string;
  readonly durationMs?: number;
  readonly traceState?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Trace ids from a seed (Mulberry32), so that every run sees the same. */
function traceIds(seed: number, count: number): string[] {
  let state = seed;
  const word = (): string => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0).toString(16).padStart(8, "0");
  };
  return Array.from({ length: count }, () => word() + word() + word() + word());
}

function batchOf(fixture: PipelineFixture, spans: readonly SpanLike[]): ColumnBatch {
  return fixture.spans((builder) => spans.forEach((span) => push(fixture, builder, span)));
}

function push(fixture: PipelineFixture, spans: SpanBatchBuilder, span: SpanLike): void {
  spans.pushTime(1_000, 0, (span.durationMs ?? 1) * 1e6);
  spans.traceId.push(span.traceId);
  spans.spanId.push("b".repeat(16));
  spans.parentSpanId.pushNull();
  spans.name.push("GET /");
  spans.kind.push("server");
  spans.service.push(span.service ?? "shop");
  spans.status.push(span.status ?? "unset");
  spans.statusMessage.pushNull();
  for (const [key, value] of Object.entries(span.attributes ?? {})) {
    spans.attributes.pushKey(fixture.registries.attributeKeys.idOf(key));
    spans.attributes.values.push(value);
  }
  spans.resourceId.push(0);
  spans.scopeName.push("");
  spans.scopeVersion.push("");
  if (span.traceState === undefined) spans.traceState.pushNull();
  else spans.traceState.push(span.traceState);
  spans.flags.push(1);
  spans.droppedAttributes.push(0);
  spans.droppedEvents.push(0);
  spans.droppedLinks.push(0);
  spans.closeRow();
}

async function sampler(sampling: object): Promise<PipelineFixture> {
  return new PipelineFixture(await pipelineConfig({ sampling: { enabled: true, ...sampling } }));
}

function attributeOf(row: { readonly [key: string]: unknown }, key: string): string | null {
  const attributes = row["attributes"];
  if (typeof attributes !== "object" || attributes === null) return null;
  const value: unknown = Reflect.get(attributes, key);
  return typeof value === "string" ? value : null;
}

Deno.test("sampling: keeps the share, whole traces, and says how many each span stands for", async () => {
  const one = await sampler({ probability: 0.1 });
  const ids = traceIds(1, 20_000);
  const rows = one.process(batchOf(one, ids.flatMap((traceId) => [{ traceId }, { traceId }])));
  const perTrace = Map.groupBy(rows, (row) => String(row.trace_id));
  for (const spans of perTrace.values()) assert.equal(spans.length, 2);
  // Four standard deviations of a binomial distribution.
  assert.ok(
    Math.abs(perTrace.size - 2_000) < 4 * Math.sqrt(20_000 * 0.1 * 0.9),
    `${perTrace.size}`,
  );
  const estimated = rows.reduce(
    (sum, row) => sum + Number(attributeOf(row, "sampling.adjusted_count")),
    0,
  );
  assert.ok(Math.abs(estimated - 40_000) < 40_000 * 0.1, `${estimated}`);
  assert.ok(rows.every((row) => attributeOf(row, "sampling.rule") === "probability"));
  assert.deepEqual(one.pipeline.stats.dropped, [
    { processor: "sampling", signal: "spans", rows: 40_000 - rows.length },
  ]);
});

Deno.test("sampling: who keeps less keeps a subset of who keeps more", async () => {
  const ids = traceIds(2, 5_000);
  const [less, more] = await Promise.all([0.05, 0.3].map(async (probability) => {
    const one = await sampler({ probability });
    const rows = one.process(batchOf(one, ids.map((traceId) => ({ traceId }))));
    return new Set(rows.map((row) => String(row.trace_id)));
  }));
  assert.ok(less!.size > 0 && less!.isSubsetOf(more!));
});

Deno.test("sampling: errors and slow spans are always kept, each standing for itself", async () => {
  const one = await sampler({ probability: 0.000001, keep_slower_than: "1s" });
  const ids = traceIds(3, 3_000);
  const rows = one.process(batchOf(
    one,
    ids.map((traceId, i) =>
      i % 3 === 0
        ? { traceId, status: "error" }
        : i % 3 === 1
        ? { traceId, durationMs: 1_001 }
        : { traceId }
    ),
  ));
  const rules = rows.map((row) =>
    `${attributeOf(row, "sampling.rule")} ${attributeOf(row, "sampling.adjusted_count")}`
  );
  assert.equal(rules.filter((rule) => rule === "error 1").length, 1_000);
  assert.equal(rules.filter((rule) => rule === "slow 1").length, 1_000);
  const none = await sampler({ probability: 0.000001, keep_errors: false });
  assert.equal(none.process(batchOf(none, [{ traceId: ids[0]!, status: "error" }])).length, 0);
});

Deno.test("sampling: a sampler upstream is respected", async () => {
  const one = await sampler({ probability: 0.5 });
  const random = (share: number): string =>
    "a".repeat(18) + Math.floor(share * 16 ** 14).toString(16).padStart(14, "0");
  const rows = one.process(batchOf(one, [
    // Upstream kept one in four (th 0.75), which is less than we would.
    { traceId: random(0.8), traceState: "ot=th:c" },
    // Upstream kept three in four, of which we keep those above one half.
    { traceId: random(0.6), traceState: "ot=th:4" },
    { traceId: random(0.3), traceState: "ot=th:4" },
    { traceId: random(0.3), traceState: "ot=th:4", status: "error" },
    // Another Horizon before us wrote what its spans stand for.
    { traceId: random(0.9), attributes: { "sampling.adjusted_count": "3", a: "b" } },
  ]));
  assert.deepEqual(rows.map(({ attributes }) => attributes), [
    { "sampling.adjusted_count": "4", "sampling.rule": "upstream" },
    { "sampling.adjusted_count": "2", "sampling.rule": "probability" },
    { "sampling.adjusted_count": "1.33333", "sampling.rule": "error" },
    { a: "b", "sampling.adjusted_count": "6", "sampling.rule": "probability" },
  ]);
});

Deno.test("sampling: brings a busy service down to its rate and leaves a quiet one alone", async () => {
  const one = await sampler({ spans_per_second: 100 });
  const kept = { busy: 0, quiet: 0 };
  for (let i = 0; i < 100; i++, one.nowMs += 100) {
    const spans = [
      ...traceIds(10 + i, 500).map((traceId) => ({ traceId, service: "busy" })),
      ...traceIds(20_000 + i, 2).map((traceId) => ({ traceId, service: "quiet" })),
    ];
    for (const row of one.process(batchOf(one, spans))) {
      if (i < 20) continue;
      if (row.service === "busy") kept.busy++;
      else kept.quiet++;
    }
  }
  assert.equal(kept.quiet, 160);
  assert.ok(Math.abs(kept.busy - 800) < 4 * Math.sqrt(800), `${kept.busy}`);
});

Deno.test("sampling: calls and durations are counted before anything is dropped", async () => {
  const one = await sampler({ probability: 0.01 });
  const ids = traceIds(4, 1_000);
  one.process(batchOf(
    one,
    ids.map((traceId, i) => i % 10 === 0 ? { traceId, status: "error" } : { traceId }),
  ));
  const counted = [...one.pipeline.counters!.all()].map(({ metric, service, labels, value }) =>
    `${metric} ${service} ${labels.map(([, label]) => label).join(" ")} ${value.toFixed(3)}`
  );
  assert.deepEqual(counted, [
    "traces.span.metrics.calls shop GET / server error 100.000",
    "traces.span.metrics.duration shop GET / server error 0.100",
    "traces.span.metrics.calls shop GET / server unset 900.000",
    "traces.span.metrics.duration shop GET / server unset 0.900",
  ]);
});

Deno.test("sampling: where all is kept, batches are as they came", async () => {
  const one = await sampler({});
  const rows = one.process(batchOf(one, [{ traceId: "a".repeat(32) }]));
  assert.deepEqual(rows.map(({ attributes }) => attributes), [{}]);
});

Deno.test("sampling: a flood of attribute keys does not take the room of its own", async () => {
  const one = await sampler({ probability: 0.5 });
  const { attributeKeys } = one.registries;
  const batch = batchOf(one, traceIds(7, 200).map((traceId) => ({ traceId })));
  for (let i = 0; attributeKeys.refused === 0; i++) attributeKeys.idOf(`bomb.${i}`);
  const rows = one.process(batch);
  assert.ok(rows.length > 0 && rows.length < 200, `${rows.length}`);
  for (const row of rows) {
    assert.deepEqual(row["attributes"], {
      "sampling.adjusted_count": "2",
      "sampling.rule": "probability",
    });
  }
});

Deno.test("sampling: with no room for its own attribute keys the spans are kept as they are", async () => {
  const one = await sampler({ probability: 0.5 });
  const { attributeKeys } = one.registries;
  const batch = batchOf(
    one,
    traceIds(7, 200).map((traceId) => ({ traceId, attributes: { own: "1" } })),
  );
  for (let i = 0; attributeKeys.refused === 0; i++) attributeKeys.pinnedIdOf(`bomb.${i}`);
  const rows = one.process(batch);
  assert.ok(rows.length > 0 && rows.length < 200, `${rows.length}`);
  for (const row of rows) assert.deepEqual(row["attributes"], { own: "1" });
});

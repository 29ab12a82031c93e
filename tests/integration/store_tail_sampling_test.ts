import assert from "node:assert/strict";
import type { StoreOptions } from "../../storage/messages.ts";
import { CoreFixture } from "../support/core_fixture.ts";
import { mulberry32 } from "../support/mulberry32.ts";
import { pushSpan } from "../support/store_fixture.ts";

/** A whole hour, so that its chunk is closed and sealed when the clock has passed it. */
const START_MS = Date.parse("2026-11-20T10:00:00Z");
const SEALED_MS = START_MS + 2 * 3_600_000;
const TRACES = 2_000;
const SPANS_A_TRACE = 3;
const TAIL = { probability: 0.25, keepErrors: true, keepSlowerThanNs: 2e9 };

interface Trace {
  readonly id: string;
  readonly fate: "error" | "slow" | "usual";
}

function traces(): Trace[] {
  const random = mulberry32(7);
  return Array.from({ length: TRACES }, (_, i) => ({
    id: Array.from({ length: 4 }, () => random().toString(16).padStart(8, "0")).join(""),
    fate: i % 100 === 0 ? "error" : i % 100 === 1 ? "slow" : "usual",
  }));
}

/** The last 56 bits of a trace id as a share (W3C Trace Context, level 2). */
const randomness = (id: string) => Number.parseInt(id.slice(-14), 16) / 2 ** 56;

function pushTraces(fixture: CoreFixture, all: readonly Trace[]): void {
  // Spans of one trace lie far apart, and the one that decides comes last.
  for (let part = 0; part < SPANS_A_TRACE; part++) {
    all.forEach(({ id, fate }, i) =>
      pushSpan(fixture.spans, fixture.registries, {
        traceId: id,
        spanId: (i * SPANS_A_TRACE + part + 1).toString(16).padStart(16, "0"),
        name: "op",
        tsUs: START_MS * 1_000 + part * 600e6 + i,
        attributes: {
          part: String(part),
          ...i % 7 === 0 ? { "sampling.adjusted_count": "10" } : {},
        },
        ...part === 2 && fate === "error" ? { status: "error" as const } : {},
        ...part === 2 && fate === "slow" ? { durationNs: 3e9 } : {},
      })
    );
  }
  fixture.append();
}

async function withCore(
  changes: Partial<StoreOptions>,
  test: (fixture: CoreFixture) => void,
): Promise<void> {
  const fixture = await CoreFixture.open(START_MS + 3_500_000, changes);
  try {
    test(fixture);
  } finally {
    fixture.core.close();
  }
}

const KEPT = "SELECT trace_id, count(*), min(attributes['sampling.rule']), " +
  "min(attributes['sampling.adjusted_count']) FROM spans GROUP BY trace_id ORDER BY trace_id";

Deno.test("tail sampling: whole traces stay or go; failed and slow ones stay", async () => {
  const all = traces();
  await withCore({ tailSampling: TAIL }, (fixture) => {
    pushTraces(fixture, all);
    assert.deepEqual(fixture.rows("SELECT count(*) FROM spans"), [[TRACES * SPANS_A_TRACE]]);
    fixture.advanceTo(SEALED_MS);
    const expected = all.flatMap(({ id, fate }, i): unknown[][] => {
      const before = i % 7 === 0 ? "10" : null;
      if (fate !== "usual") return [[id, SPANS_A_TRACE, `trace_${fate}`, before]];
      if (randomness(id) < 1 - TAIL.probability) return [];
      return [[id, SPANS_A_TRACE, "trace_probability", i % 7 === 0 ? "10.0" : "4.0"]];
    }).sort(([a], [b]) => String(a) < String(b) ? -1 : 1);
    assert.deepEqual(fixture.rows(KEPT), expected);
    // About a quarter, by chance.
    assert.ok(expected.length > TRACES * 0.2 && expected.length < TRACES * 0.32);
    const { signals, evicted } = fixture.core.stats();
    const left = expected.length * SPANS_A_TRACE;
    assert.equal(signals.find(({ signal }) => signal === "spans")?.rows, left);
    assert.deepEqual(evicted, [{
      signal: "spans",
      reason: "sampled",
      rows: TRACES * SPANS_A_TRACE - left,
    }]);
    assert.deepEqual(fixture.rows("SELECT count(DISTINCT attributes['part']) FROM spans"), [[3]]);
  });
});

Deno.test("tail sampling: the tracestate's randomness counts before the trace id's", async () => {
  await withCore({ tailSampling: TAIL }, (fixture) => {
    const ids = ["f", "0"].map((digit) => digit.repeat(32));
    const states = ["ot=th:8;rv:00000000000001", "vendor=x,ot=rv:ffffffffffffff"];
    ids.forEach((traceId, i) =>
      pushSpan(fixture.spans, fixture.registries, {
        traceId,
        spanId: "b7ad6b7169203331",
        name: "op",
        tsUs: START_MS * 1_000,
        traceState: states[i]!,
      })
    );
    fixture.append();
    fixture.advanceTo(SEALED_MS);
    assert.deepEqual(fixture.rows("SELECT trace_id FROM spans"), [[ids[1]]]);
  });
});

Deno.test("tail sampling: a chunk of which nothing is left is gone", async () => {
  const tailSampling = { ...TAIL, probability: 1e-6, keepErrors: false, keepSlowerThanNs: 1e18 };
  await withCore({ tailSampling }, (fixture) => {
    pushTraces(fixture, traces().slice(0, 50));
    fixture.advanceTo(SEALED_MS);
    assert.deepEqual(fixture.rows("SELECT count(*) FROM spans"), [[0]]);
    pushTraces(fixture, traces().slice(0, 1));
    assert.deepEqual(fixture.rows("SELECT count(*) FROM spans"), [[SPANS_A_TRACE]]);
  });
});

Deno.test("tail sampling: a restart comes to the same decision", async () => {
  const path = await Deno.makeTempDir();
  const changes = {
    tailSampling: TAIL,
    disk: { path, fsync: "every_batch" as const, budgetBytes: 1e9 },
  };
  let before: unknown[][] = [];
  await withCore(changes, (fixture) => {
    pushTraces(fixture, traces());
    fixture.advanceTo(SEALED_MS);
    before = fixture.rows(KEPT);
  });
  await withCore(changes, (fixture) => {
    fixture.advanceTo(SEALED_MS);
    assert.deepEqual(fixture.rows(KEPT), before);
  });
  await Deno.remove(path, { recursive: true });
});

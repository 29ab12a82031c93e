import assert from "node:assert/strict";
import fc from "fast-check";
import { parseStatsdLine, statsdLabels } from "../../../../mod/line_protocols/statsd_line.ts";
import {
  STATSD_BOUNDS,
  type StatsdLimits,
  StatsdMetrics,
} from "../../../../mod/line_protocols/statsd_metrics.ts";
import { NOW_MS, NOW_US, ReceiverFixture } from "../otlp/receiver_fixture.ts";
import { sampleWriter } from "./written_lines.ts";

const LIMITS: StatsdLimits = { maxSeries: 100, maxSetValues: 5, idleAfterMs: 60_000 };

function setUp(limits: Partial<StatsdLimits> = {}) {
  const metrics = new StatsdMetrics({ ...LIMITS, ...limits });
  const send = (line: string, nowMs = NOW_MS) => {
    const parsed = parseStatsdLine(line);
    return "problem" in parsed ? parsed.reason : metrics.add(parsed, nowMs);
  };
  const flush = async (nowMs = NOW_MS) => {
    const fixture = new ReceiverFixture();
    await sampleWriter(fixture).write({ bytes: 1, push: (rows) => metrics.flush(rows, nowMs) });
    const shown = (row: Parameters<typeof fixture.series>[0]) => {
      const { name, kind, labels } = fixture.series(row);
      return `${kind} ${name}{${labels.map(([key, value]) => `${key}=${value}`).join(",")}}`;
    };
    return {
      samples: fixture.rows("metrics").map((row) => [shown(row), row["value"], Number(row["ts"])]),
      histograms: fixture.rows("histograms"),
    };
  };
  return { metrics, send, flush };
}

Deno.test("StatsdMetrics: counters rise from zero, sample rates are corrected", async () => {
  const { send, flush } = setUp();
  send("hits:3|c", NOW_MS - 5_000);
  send("hits:2|c|@0.1");
  assert.deepEqual((await flush()).samples, [
    ["counter hits{}", 0, NOW_US - 5_000_000],
    ["counter hits{}", 23, NOW_US],
  ]);
  send("hits:1|c");
  assert.deepEqual((await flush(NOW_MS + 1)).samples, [["counter hits{}", 24, NOW_US + 1_000]]);
});

Deno.test("StatsdMetrics: gauges are set, a sign changes them", async () => {
  const { send, flush } = setUp();
  for (const line of ["depth:10|g", "depth:+5|g", "depth:-3|g"]) send(line);
  assert.deepEqual((await flush()).samples, [["gauge depth{}", 12, NOW_US]]);
});

Deno.test("StatsdMetrics: timers become a histogram, with the extremes of the interval", async () => {
  const { send, flush } = setUp();
  send("took:1:3:1000|ms");
  send("took:1e9|ms|@0.5");
  const [first] = (await flush()).histograms;
  assert.equal(first?.["count"], 5n);
  assert.equal(first?.["sum"], 2_000_001_004);
  assert.deepEqual([first?.["min"], first?.["max"]], [1, 1e9]);
  assert.deepEqual(first?.["bounds"], STATSD_BOUNDS);
  const counts = first?.["counts"];
  assert.ok(Array.isArray(counts));
  const filled = counts.flatMap((n, i) => n === 0n ? [] : [[STATSD_BOUNDS[i], n]]);
  assert.deepEqual(filled, [[1, 1n], [5, 1n], [1000, 1n], [undefined, 2n]]);
  send("took:2|ms");
  const [second] = (await flush()).histograms;
  assert.deepEqual([second?.["count"], second?.["min"], second?.["max"]], [6n, 2, 2]);
});

Deno.test("StatsdMetrics: sets count distinct values of an interval, up to a bound", async () => {
  const { send, flush } = setUp();
  for (const user of ["a", "b:c", "a", "d", "e", "f"]) assert.equal(send(`users:${user}|s`), null);
  assert.equal(send("users:g|s"), "set_limit");
  assert.deepEqual((await flush()).samples, [["gauge users{}", 5, NOW_US]]);
  assert.equal(send("users:g|s"), null);
  assert.deepEqual((await flush()).samples, [["gauge users{}", 1, NOW_US]]);
});

Deno.test("StatsdMetrics: tags in any order and both dialects are one metric", async () => {
  const { send, flush } = setUp();
  send("r:1|c|#env:prod,fast");
  send("r:1|c|#fast,env:prod|c:container|T1656581400");
  send("r,env=prod,fast=true:1|c");
  const { samples } = await flush();
  assert.deepEqual(samples, [["counter r{env=prod,fast=true}", 3, NOW_US]]);
});

Deno.test("StatsdMetrics: names are bounded, and forgotten when nobody sends them", async () => {
  const { metrics, send, flush } = setUp({ maxSeries: 2 });
  assert.equal(send("a:1|c"), null);
  assert.equal(send("b:1|c"), null);
  assert.equal(send("c:1|c"), "series_limit");
  assert.equal(send("a:1|c"), null);
  send("b:1|c", NOW_MS + 30_000);
  assert.equal((await flush(NOW_MS + 60_001)).samples.length, 2, "b, with its zero");
  assert.equal(metrics.size, 1);
  assert.equal(send("c:1|c"), null);
});

Deno.test("parseStatsdLine: what is not a line is told why", () => {
  const table: [string, string][] = [
    ["", "malformed_line"],
    ["name", "malformed_line"],
    [":1|c", "malformed_line"],
    ["a:1", "malformed_line"],
    ["a:x|c", "malformed_line"],
    ["a:|c", "malformed_line"],
    ["a:1:|c", "malformed_line"],
    ["a:1|c|@0", "malformed_line"],
    ["a:1|c|@2", "malformed_line"],
    ["a:1|c|@x", "malformed_line"],
    ["a:0x1|g", "malformed_line"],
    [",a=b:1|c", "malformed_line"],
    [`a${":1".repeat(1_001)}|ms`, "malformed_line"],
    ["a:1|kv", "unsupported_type"],
    ["_e{5,4}:title|text", "unsupported_type"],
    ["_sc|redis|0", "malformed_line"],
  ];
  for (const [line, reason] of table) {
    const parsed = parseStatsdLine(line);
    assert.ok("reason" in parsed, line.slice(0, 40));
    assert.equal(parsed.reason, reason, line.slice(0, 40));
  }
  assert.equal(setUp().send("a\u0001:1|c"), "malformed_line");
});

Deno.test("statsdLabels: empty tags are passed over, colons stay in values", () => {
  assert.deepEqual(statsdLabels("a:b:c,,d,:e"), [["a", "b:c"], ["d", "true"], [":e", "true"]]);
});

Deno.test("StatsdMetrics: whatever comes, a flush is bounded and counts add up", async () => {
  const line = fc.oneof(
    fc.string({ maxLength: 60, unit: "binary" }),
    fc.array(fc.constantFrom(..."ab:|cgms#@+-.1,=".split("")), { maxLength: 30 })
      .map((parts) => parts.join("")),
    fc.tuple(fc.stringMatching(/^[a-z]{1,2}$/), fc.double({ noNaN: true })).map(([name, value]) =>
      `${name}:${value}|ms`
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 100 }), async (lines) => {
      const { metrics, send, flush } = setUp({ maxSeries: 10 });
      for (const one of lines) send(one);
      assert.ok(metrics.size <= 10);
      for (const histogram of (await flush()).histograms) {
        const counts = histogram["counts"];
        assert.ok(Array.isArray(counts));
        const sum = counts.reduce((total: number, n) => total + Number(n), 0);
        assert.equal(sum, Number(histogram["count"]));
      }
    }),
    { numRuns: 200 },
  );
});

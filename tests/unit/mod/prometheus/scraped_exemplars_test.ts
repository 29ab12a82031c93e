import assert from "node:assert/strict";
import fc from "fast-check";
import { SampleWriter } from "../../../../mod/intake/sample_writer.ts";
import { DEFAULT_OTLP_LIMITS } from "../../../../mod/otlp/limits.ts";
import { readExemplarText } from "../../../../mod/prometheus/exemplar_text.ts";
import { MetricFamilies } from "../../../../mod/prometheus/metric_families.ts";
import { ScrapeDecoder } from "../../../../mod/prometheus/scrape_decoder.ts";
import { NOW_MS, NOW_US, ReceiverFixture } from "../otlp/receiver_fixture.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const SECONDS = NOW_MS / 1_000;

/** A target in OpenMetrics, scraped by hand. */
function setUp() {
  const fixture = new ReceiverFixture({ maxSeries: 100_000 });
  const writer = new SampleWriter({
    intake: fixture.intake,
    registries: fixture.registries,
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    limits: DEFAULT_OTLP_LIMITS,
  });
  const decoder = new ScrapeDecoder({
    targetLabels: new Map([["job", "shop"]]),
    honorLabels: false,
    honorTimestamps: true,
    metricRelabel: [],
    limits: { samples: 100_000, labels: 10, labelName: 50, labelValue: 50 },
    families: new MetricFamilies(fixture.registries.series),
    salt: 1,
  });
  let scrapes = 0;
  const scrape = async (lines: readonly string[]): Promise<number> => {
    const body = new TextEncoder().encode(`${lines.join("\n")}\n# EOF\n`);
    const tsUs = NOW_US + scrapes++;
    let dropped = -1;
    await writer.write({
      bytes: body.length,
      push: (rows) => {
        dropped = decoder.decode(body, "openmetrics", tsUs, rows).droppedExemplars;
      },
    });
    return dropped;
  };
  const kept = () =>
    fixture.rows("exemplars").map((row) => [row["value"], row["trace_id"], row["span_id"]]);
  return { fixture, decoder, scrape, kept };
}

Deno.test("ScrapeDecoder: exemplars are kept once, though each scrape shows them", async () => {
  const { scrape, kept } = setUp();
  const lines = (value: number) => [
    "# TYPE rq histogram",
    `rq_bucket{le="1"} 2 # {trace_id="${TRACE}",span_id="${SPAN}"} ${value} ${SECONDS}`,
    `rq_bucket{le="+Inf"} 3 # {traceID="${TRACE.toUpperCase()}"} 9`,
    "rq_count 3",
    "# TYPE hits counter",
    `hits_total 4 # {user="ada"} 1 ${SECONDS - 1}`,
  ];
  for (const value of [0.5, 0.5, 0.5]) assert.equal(await scrape(lines(value)), 0);
  assert.deepEqual(kept(), [[0.5, TRACE, SPAN], [9, TRACE, null], [1, null, null]]);
  // Another has taken the place of the first; the others stand as before.
  assert.equal(await scrape(lines(0.75)), 0);
  assert.equal(await scrape(lines(0.75)), 0);
  assert.deepEqual(kept().slice(3), [[0.75, TRACE, SPAN]]);
});

Deno.test("ScrapeDecoder: exemplars that cannot be kept are counted, their samples kept", async () => {
  const { fixture, scrape, kept } = setUp();
  const dropped = await scrape([
    `a 1 # {trace_id="${TRACE}"`,
    "b 1 # {} x",
    "c 1 # {} 1 2 3",
    `d 1 # {} 1 ${SECONDS + 1e7}`,
    `e 1 # {long="${"x".repeat(2_000)}"} 1`,
    "f 1",
    "f 2 # {} 1",
    'g 1 # {odd="\\"}"} 1',
  ]);
  assert.equal(dropped, 6);
  assert.deepEqual(kept(), [[1, null, null]]);
  assert.equal(fixture.samples().length, 7);
});

Deno.test("ScrapeDecoder: exemplars have a bound, and those of a write that failed come again", async () => {
  const { decoder, scrape, kept } = setUp();
  const many = Array.from({ length: 10_003 }, (_, i) => `m{i="${i}"} 1 # {} ${i} ${SECONDS}`);
  assert.equal(await scrape(many), 3);
  assert.equal(kept().length, 10_000);
  assert.equal(await scrape(many), 3);
  assert.equal(kept().length, 10_000);
  decoder.forgetSeries();
  await scrape(many.slice(0, 1));
  assert.equal(kept().length, 10_001);
});

Deno.test("readExemplarText: whatever comes is an exemplar or none", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    for (const one of [text, `# {${text}} 1`, `# {a="${text}"} 1`, `# {} ${text}`]) {
      const exemplar = readExemplarText(one, NOW_US);
      assert.ok(exemplar === null || typeof exemplar.value === "number");
    }
  }));
  fc.assert(fc.property(fc.string(), fc.double({ noNaN: true }), (label, value) => {
    const quoted = label.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
    const found = readExemplarText(`# {a="${quoted}",span_id="${SPAN}"} ${value}`, NOW_US);
    const number = Object.is(value, -0) ? 0 : value;
    assert.deepEqual(found, { tsUs: NOW_US, value: number, traceId: null, spanId: SPAN });
  }));
});

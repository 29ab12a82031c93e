import assert from "node:assert/strict";
import fc from "fast-check";
import { SampleWriter } from "../../../../mod/intake/sample_writer.ts";
import { DEFAULT_OTLP_LIMITS } from "../../../../mod/otlp/limits.ts";
import { ExpositionError } from "../../../../mod/prometheus/exposition_error.ts";
import type { ExpositionFormat } from "../../../../mod/prometheus/exposition.ts";
import { MetricFamilies } from "../../../../mod/prometheus/metric_families.ts";
import { wholeMatch } from "../../../../mod/prometheus/relabel.ts";
import {
  ScrapeDecoder,
  type ScrapeDecoderOptions,
  ScrapeRefusal,
} from "../../../../mod/prometheus/scrape_decoder.ts";
import { NOW_MS, NOW_US, ReceiverFixture, seriesText } from "../otlp/receiver_fixture.ts";

const LIMITS = { samples: 100, labels: 10, labelName: 50, labelValue: 50 };

/** A target that is scraped by hand, and what the store kept of it. */
class Target {
  readonly fixture: ReceiverFixture;
  readonly decoder: ScrapeDecoder;
  readonly #writer: SampleWriter;

  constructor(options: Partial<ScrapeDecoderOptions> = {}, maxSeries = 1_000) {
    this.fixture = new ReceiverFixture({ maxSeries });
    this.#writer = new SampleWriter({
      intake: this.fixture.intake,
      registries: this.fixture.registries,
      clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
      limits: DEFAULT_OTLP_LIMITS,
    });
    this.decoder = new ScrapeDecoder({
      targetLabels: new Map([["job", "node"], ["instance", "h:1"]]),
      honorLabels: false,
      honorTimestamps: true,
      metricRelabel: [],
      limits: LIMITS,
      families: new MetricFamilies(this.fixture.registries.series),
      salt: 1,
      ...options,
    });
  }

  async scrape(text: string, tsUs = NOW_US, format: ExpositionFormat = "text") {
    let counts: ReturnType<ScrapeDecoder["decode"]> | null = null;
    const { rejections } = await this.#writer.write({
      bytes: text.length,
      push: (rows) =>
        counts = this.decoder.decode(new TextEncoder().encode(text), format, tsUs, rows),
    });
    assert.ok(counts !== null);
    return { ...counts as ReturnType<ScrapeDecoder["decode"]>, rejected: rejections.total };
  }

  texts(): string[] {
    return this.fixture.samples().map(({ series, ts, value }) =>
      `${series} ${value} ${ts - NOW_US}`
    );
  }
}

Deno.test("ScrapeDecoder: series carry the target's labels, and their own where they clash", async () => {
  const text = '# TYPE a counter\na{job="x",exported_job="y"} 1\nb{instance=""} 2 1772366399000\n';
  const target = new Target();
  const counts = await target.scrape(text);
  assert.deepEqual(counts, {
    scraped: 2,
    kept: 2,
    added: 2,
    droppedExemplars: 0,
    repeated: 0,
    rejected: 0,
  });
  assert.deepEqual(target.texts(), [
    "a:counter{exported_exported_job=x,exported_job=y,instance=h:1,job=node} 1 0",
    "b:gauge{instance=h:1,job=node} 2 -1000000",
  ]);
  const honest = new Target({ honorLabels: true, honorTimestamps: false });
  await honest.scrape(text);
  assert.deepEqual(honest.texts(), [
    "a:counter{exported_job=y,instance=h:1,job=x} 1 0",
    "b:gauge{instance=h:1,job=node} 2 0",
  ]);
});

Deno.test("ScrapeDecoder: a classic histogram is one row, in whatever order its parts come", async () => {
  const target = new Target();
  const text = `# TYPE wait_seconds histogram
wait_seconds_sum{p="a"} 12.5
wait_seconds_bucket{p="a",le="+Inf"} 9
wait_seconds_bucket{p="a",le="0.5"} 4
wait_seconds_bucket{p="b",le="0.5"} 1
wait_seconds_bucket{p="a",le="1"} 7
wait_seconds_count{p="a"} 9
wait_seconds_count{p="b"} 3
# TYPE rpc summary
rpc{quantile="0.5"} NaN
rpc_sum 1
rpc_count 2
`;
  for (let scrape = 1; scrape <= 2; scrape++) {
    const { kept, added } = await target.scrape(text, NOW_US + scrape);
    assert.deepEqual([kept, added], [10, scrape === 1 ? 10 : 0]);
  }
  const rows = target.fixture.rows("histograms").map((row) => ({
    series: seriesText(target.fixture.series(row)),
    unit: target.fixture.series(row).unit,
    ts: Number(row.ts) - NOW_US,
    count: row.count,
    sum: row.sum,
    bounds: row.bounds,
    counts: row.counts,
  }));
  const whole = {
    series: "wait_seconds:histogram{instance=h:1,job=node,p=a}",
    unit: "s",
    ts: 1,
    count: 9n,
    sum: 12.5,
    bounds: [0.5, 1],
    counts: [4n, 3n, 2n],
  };
  const withoutInfinity = {
    series: "wait_seconds:histogram{instance=h:1,job=node,p=b}",
    unit: "s",
    ts: 1,
    count: 3n,
    sum: null,
    bounds: [0.5],
    counts: [1n, 2n],
  };
  assert.deepEqual(rows.slice(0, 2), [whole, withoutInfinity]);
  assert.deepEqual(rows.slice(2), [{ ...whole, ts: 2 }, { ...withoutInfinity, ts: 2 }]);
  assert.deepEqual(target.texts().slice(0, 3), [
    "rpc:summary{instance=h:1,job=node,quantile=0.5} NaN 1",
    "rpc_sum:counter{instance=h:1,job=node} 1 1",
    "rpc_count:counter{instance=h:1,job=node} 2 1",
  ]);
});

Deno.test("ScrapeDecoder: relabelling drops and renames", async () => {
  const rule = { separator: ";", replacement: "$1", targetLabel: "" };
  const target = new Target({
    metricRelabel: [
      { ...rule, action: "drop", sourceLabels: ["__name__"], regex: wholeMatch("go_.*") },
      {
        ...rule,
        action: "replace",
        sourceLabels: ["__name__"],
        regex: wholeMatch("old_(.*)"),
        targetLabel: "__name__",
        replacement: "new_$1",
      },
      { ...rule, action: "labeldrop", sourceLabels: [], regex: wholeMatch("pod") },
    ],
  });
  const text =
    '# TYPE old_h histogram\ngo_threads 5\nold_h_bucket{pod="1",le="+Inf"} 2\nold_h_count{pod="1"} 2\n';
  await target.scrape(text);
  const { scraped, kept, added } = await target.scrape(text, NOW_US + 1);
  assert.deepEqual([scraped, kept, added], [3, 2, 0]);
  assert.deepEqual(target.texts(), []);
  const [row] = target.fixture.rows("histograms");
  assert.equal(seriesText(target.fixture.series(row!)), "new_h:histogram{instance=h:1,job=node}");
});

Deno.test("ScrapeDecoder: tells series that are new since the scrape before", async () => {
  const target = new Target();
  const added = async (text: string) => (await target.scrape(text)).added;
  assert.equal(await added("a 1\nb 1\n"), 2);
  assert.equal(await added("a 1\n"), 0);
  assert.equal(await added("a 1\nb 1\nc 1\n"), 2);
  // Series that come and go do not pile up.
  for (let i = 0; i < 40; i++) {
    await added(Array.from({ length: 90 }, (_, j) => `churn{n="${i}-${j}"} 1\n`).join(""));
  }
  assert.equal(await added("a 1\n"), 1);
});

Deno.test("ScrapeDecoder: a sample that stands still with its own time is stored once", async () => {
  const target = new Target();
  const text = "a 1 1772366399000\nb 2\n";
  await target.scrape(text);
  const { repeated, kept } = await target.scrape(text, NOW_US + 1_000);
  assert.deepEqual([repeated, kept], [1, 2]);
  assert.equal(target.texts().length, 3);
});

Deno.test("ScrapeDecoder: the same series twice in one scrape counts once", async () => {
  const target = new Target();
  const { rejected } = await target.scrape("a 1\na 2\n");
  assert.equal(rejected, 1);
  assert.deepEqual(target.texts(), ["a:gauge{instance=h:1,job=node} 1 0"]);
});

Deno.test("ScrapeDecoder: a type that changes changes the kind from the next scrape on", async () => {
  const target = new Target();
  await target.scrape("# TYPE a gauge\na 1\n");
  await target.scrape("# TYPE a counter\na 2\n");
  await target.scrape("# TYPE a counter\na 3\n");
  assert.deepEqual(target.texts().map((text) => text.split("{")[0]), [
    "a:gauge",
    "a:gauge",
    "a:counter",
  ]);
});

Deno.test("ScrapeDecoder: a series that the store refuses is counted, others go on", async () => {
  const target = new Target({}, 1);
  for (let i = 0; i < 2; i++) {
    const { kept, rejected } = await target.scrape("a 1\nb 1\n");
    assert.deepEqual([kept, rejected], [2, 1]);
  }
  assert.equal(target.texts().length, 2);
});

const REFUSED: readonly (readonly [what: string, text: string, reason: string, RegExp])[] = [
  ["too many samples", "a 1\nb 1\nc 1\n", "sample_limit", /more than 2 samples/],
  ["too many labels", 'a{b="",c="",d=""} 1\n', "label_limit", /a has more than 4 labels/],
  ["a long name", 'a{bcdefghijk="1"} 1\n', "label_limit", /label_name_length_limit/],
  ["a long value", 'a{b="12345678"} 1\n', "label_limit", /label_value_length_limit/],
  ["what is no series", "a-b 1\n", "invalid_series", /"a-b" is not a metric/],
];

for (const [what, text, reason, message] of REFUSED) {
  Deno.test(`ScrapeDecoder: refuses a scrape with ${what}, and keeps nothing of it`, async () => {
    const limits = { samples: 2, labels: 4, labelName: 8, labelValue: 7 };
    const target = new Target({ limits });
    await assert.rejects(
      target.scrape(`z 1\n${text}`),
      (error) =>
        error instanceof ScrapeRefusal && error.reason === reason && message.test(error.message),
    );
    assert.equal(target.fixture.intake.builders.metrics.rows, 0);
  });
}

Deno.test("ScrapeDecoder: whatever a target shows is taken or refused, from scrape to scrape", async () => {
  const word = fc.constantFrom(
    "# TYPE h histogram\n",
    "# TYPE h summary\n",
    "# UNIT h seconds\n",
    'h_bucket{le="1"} 5\n',
    'h_bucket{le="+Inf"} 3\n',
    'h_bucket{le="x"} 3\n',
    'h_bucket{le="NaN"} 3\n',
    "h_count NaN\n",
    "h_count 1e300\n",
    "h_sum -1\n",
    "h 1\n",
    "h 1 5\n",
    'a{b="c"} 1 1772366399000\n',
    'a{b="\\n"} 1\n',
    "{} 1\n",
    "a",
  );
  const scrapes = fc.array(fc.array(word, { maxLength: 8 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(scrapes, async (texts) => {
      const target = new Target();
      for (const [i, words] of texts.entries()) {
        const { metrics, histograms } = target.fixture.intake.builders;
        try {
          await target.scrape(words.join(""), NOW_US + i);
        } catch (error) {
          const refused = error instanceof ExpositionError || error instanceof ScrapeRefusal;
          assert.ok(refused, String(error));
          target.decoder.forgetSeries();
        }
        assert.equal(metrics.rows + histograms.rows, 0);
      }
    }),
    { numRuns: 300 },
  );
});

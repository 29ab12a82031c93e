import assert from "node:assert/strict";
import fc from "fast-check";
import { InfluxLines, type InfluxPrecision } from "../../../../mod/line_protocols/influx.ts";
import type { TakeLines } from "../../../../mod/line_protocols/write_lines.ts";
import { NOW_US } from "../otlp/receiver_fixture.ts";
import { written } from "./written_lines.ts";

const AT_NS = "1772366400123456789";
const AT_US = 1_772_366_400_123_456;

const take = (precision: InfluxPrecision = "ns"): TakeLines => (text, rows, series, tally) =>
  new InfluxLines(series).take(text, precision, rows, tally);

Deno.test("InfluxLines: measurement and field make the name, tags the labels", async () => {
  const { outcome, samples } = await written(
    `cpu,host=a,region=eu usage=0.5,idle=99i,total=3u,on=t,off=False ${AT_NS}\n` +
      `# a comment\n\n` +
      `weather value=-1.5e1 ${AT_NS}\r\n` +
      `now x=1`,
    take(),
  );
  assert.deepEqual(samples, [
    ["cpu_usage{host=a,region=eu}", 0.5, AT_US],
    ["cpu_idle{host=a,region=eu}", 99, AT_US],
    ["cpu_total{host=a,region=eu}", 3, AT_US],
    ["cpu_on{host=a,region=eu}", 1, AT_US],
    ["cpu_off{host=a,region=eu}", 0, AT_US],
    ["weather{}", -15, AT_US],
    ["now_x{}", 1, NOW_US],
  ]);
  assert.equal(outcome.rejected, 0);
});

Deno.test("InfluxLines: escapes in names, tags and texts; texts are counted and left out", async () => {
  const { outcome, samples } = await written(
    String.raw`my\ disk,pa\,th=C:\\a\=b used\ bytes=1,note="a \"b\", c=d ` + "\n" +
      String.raw`second line \\",free=2 ` + AT_NS,
    take(),
  );
  assert.deepEqual(samples, [
    [String.raw`my disk_used bytes{pa,th=C:\\a=b}`, 1, AT_US],
    [String.raw`my disk_free{pa,th=C:\\a=b}`, 2, AT_US],
  ]);
  assert.deepEqual(outcome.reasons, { string_field: 1 });
  assert.equal(outcome.errorMessage, null);
});

Deno.test("InfluxLines: every precision", async () => {
  const table: [InfluxPrecision, string, number][] = [
    ["n", "1772366400123456789", 1_772_366_400_123_456],
    ["u", "1772366400123456", 1_772_366_400_123_456],
    ["us", "1772366400123456", 1_772_366_400_123_456],
    ["ms", "1772366400123", 1_772_366_400_123_000],
    ["s", "1772366400", 1_772_366_400_000_000],
    ["m", "29539440", 1_772_366_400_000_000],
    ["h", "492324", 1_772_366_400_000_000],
  ];
  for (const [precision, time, expected] of table) {
    const { samples } = await written(`a b=1 ${time}`, take(precision));
    assert.equal(samples[0]?.[2], expected, precision);
  }
});

Deno.test("InfluxLines: bad lines are counted, quoted once, and harm no others", async () => {
  const bad = [
    "measurement",
    "m novalue",
    "m a=",
    "m a=x",
    "m a=1x",
    "m a=1.5i",
    "m a=0x10",
    "m a=NaN",
    "m a=1 later",
    "m a=1 12.5",
    "m =1",
    ",tag=a b=1",
    "m,tag b=1",
    "m,tag= b=1",
    "m,=x b=1",
    "m,a=b=c b=1",
    'm a="x"y',
    `m ${Array.from({ length: 1_025 }, (_, i) => `f${i}=1`).join(",")}`,
  ];
  const lines = bad.flatMap((line, i) => [line, `good${i} v=1 ${AT_NS}`]);
  const { outcome, samples } = await written(lines.join("\n"), take());
  assert.deepEqual(samples.map(([name]) => name), bad.map((_, i) => `good${i}_v{}`));
  assert.deepEqual(outcome.reasons, { malformed_line: bad.length });
  assert.match(outcome.errorMessage ?? "", /"measurement"$/);
});

Deno.test("InfluxLines: a text without an end takes only its own line with it", async () => {
  const { outcome, samples } = await written(`m a="x\ngood v=1 ${AT_NS}\n`, take());
  assert.deepEqual(samples.map(([name]) => name), ["good_v{}"]);
  assert.deepEqual(outcome.reasons, { malformed_line: 1 });
});

Deno.test("InfluxLines: what is written is read back", async () => {
  const name = fc.string({ minLength: 1, maxLength: 10 })
    .filter((text) => !/[\p{Cc}\\]/u.test(text) && text.trim() === text && !text.startsWith("#"));
  const escaped = (text: string) => text.replace(/[, =]/g, "\\$&");
  const line = fc.record({
    measurement: name,
    tags: fc.dictionary(name, name, { maxKeys: 3 }),
    fields: fc.dictionary(
      name.filter((key) => key !== "value"),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      { minKeys: 1, maxKeys: 5 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 5 }), async (lines) => {
      const text = lines.map(({ measurement, tags, fields }) => {
        const tagText = Object.entries(tags).map(([k, v]) => `,${escaped(k)}=${escaped(v)}`).join(
          "",
        );
        const fieldText = Object.entries(fields).map(([k, v]) => `${escaped(k)}=${v}`).join(",");
        return `${escaped(measurement)}${tagText} ${fieldText} ${AT_NS}`;
      }).join("\n");
      const { outcome, samples, fixture } = await written(text, take());
      assert.equal(outcome.errorMessage, null);
      const names = fixture.rows("metrics").map((row) => fixture.series(row).name);
      assert.deepEqual(
        names,
        lines.flatMap(({ measurement, fields }) =>
          Object.keys(fields).map((field) => `${measurement}_${field}`)
        ),
      );
      assert.deepEqual(
        samples.map(([, value]) => value),
        lines.flatMap(({ fields }) => Object.values(fields).map((value) => value + 0)),
      );
    }),
    { numRuns: 100 },
  );
});

Deno.test("InfluxLines: random bytes, and bytes that look like lines, never crash", async () => {
  const likely = fc.array(fc.constantFrom(...'ab,= \\"\n#1it.-'.split("")), { maxLength: 300 })
    .map((parts) => new TextEncoder().encode(parts.join("")));
  await fc.assert(
    fc.asyncProperty(fc.oneof(likely, fc.uint8Array({ maxLength: 1_000 })), async (bytes) => {
      const { outcome } = await written(bytes, take());
      assert.ok(outcome.rejected >= 0);
    }),
    { numRuns: 400 },
  );
});

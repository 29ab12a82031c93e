import assert from "node:assert/strict";
import fc from "fast-check";
import { takeGraphiteLines } from "../../../../mod/line_protocols/graphite.ts";
import { NOW_US } from "../otlp/receiver_fixture.ts";
import { written } from "./written_lines.ts";

const AT = 1_772_366_400;
const AT_US = AT * 1e6;

Deno.test("takeGraphiteLines: paths, tags, fractions of seconds, now", async () => {
  const { outcome, samples } = await written(
    `servers.a.load 1.5 ${AT}\n` +
      `disk.used;service=db;host=b -2e3 ${AT}.25\r\n` +
      `  plain\t7   -1\n\n` +
      `n 8 N`,
    takeGraphiteLines,
  );
  assert.deepEqual(samples, [
    ["servers.a.load{}", 1.5, AT_US],
    ["disk.used{host=b,service=db}", -2000, AT_US + 250_000],
    ["plain{}", 7, NOW_US],
    ["n{}", 8, NOW_US],
  ]);
  assert.equal(outcome.accepted, 4);
  assert.equal(outcome.rejected, 0);
});

Deno.test("takeGraphiteLines: a tag named service says the service", async () => {
  const { fixture } = await written(`a;service=db 1 ${AT}`, takeGraphiteLines);
  assert.equal(fixture.series(fixture.rows("metrics")[0]!).service, "db");
});

Deno.test("takeGraphiteLines: bad lines are counted, quoted once, and harm no others", async () => {
  const bad = [
    "path only",
    "a b c",
    `a 0x10 ${AT}`,
    `a nan ${AT}`,
    `a 1e999 ${AT}`,
    `a 1 ${AT} more`,
    `a;tag 1 ${AT}`,
    `a;=v 1 ${AT}`,
    `a;t= 1 ${AT}`,
    `;t=v 1 ${AT}`,
    `a\u0001 1 ${AT}`,
  ];
  const { outcome, samples } = await written(
    [...bad, `good 1 ${AT}`].join("\n"),
    takeGraphiteLines,
  );
  assert.deepEqual(samples.map(([name]) => name), ["good{}"]);
  assert.deepEqual(outcome.reasons, { malformed_line: bad.length });
  assert.match(outcome.errorMessage ?? "", /expected `path value timestamp`: "path only"/);
});

Deno.test("takeGraphiteLines: times that cannot be true are rejected", async () => {
  const { outcome } = await written(`a 1 5\na 1 9999999999\n`, takeGraphiteLines);
  assert.deepEqual(outcome.reasons, { timestamp_out_of_range: 2 });
});

Deno.test("takeGraphiteLines: what is written is read back", async () => {
  const word = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,20}$/);
  const line = fc.record({
    name: word,
    tags: fc.dictionary(word, word, { maxKeys: 4 }),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (lines) => {
      const text = lines.map(({ name, tags, value }) => {
        const suffix = Object.entries(tags).map(([key, tag]) => `;${key}=${tag}`).join("");
        return `${name}${suffix} ${value} ${AT}\n`;
      }).join("");
      const { outcome, samples } = await written(text, takeGraphiteLines);
      assert.equal(outcome.rejected, 0);
      assert.deepEqual(samples.map(([, value]) => value), lines.map(({ value }) => value + 0));
    }),
    { numRuns: 50 },
  );
});

Deno.test("takeGraphiteLines: random bytes are counted and never crash", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
      const { outcome } = await written(bytes, takeGraphiteLines);
      assert.ok(outcome.rejected >= 0);
    }),
    { numRuns: 200 },
  );
});

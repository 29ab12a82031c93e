import assert from "node:assert/strict";
import fc from "fast-check";
import { LineReader, LOG_FORMATS_OF_LINES } from "../../../../mod/logs/log_format.ts";
import { bareLine, type LogLine } from "../../../../mod/logs/log_line.ts";
import { UTC } from "../../../../mod/logs/time_zone.ts";

const CONTEXT = { nowMs: Date.UTC(2026, 2, 1, 12) };

interface Case {
  readonly name: string;
  readonly line: string;
  readonly expect: Readonly<Record<string, unknown>>;
}

const CASES: readonly Case[] = JSON.parse(
  await Deno.readTextFile(new URL("../../../fixtures/logs/auto.json", import.meta.url)),
);

/** `2026-02-27T12:00:00.123456789Z` of a line's time; undefined when it has none. */
function timeOf({ tsUs, nsRemainder }: LogLine): string | undefined {
  if (tsUs === null) return undefined;
  const seconds = new Date(Math.floor(tsUs / 1e6) * 1e3).toISOString().slice(0, 19);
  const micros = String(tsUs % 1e6).padStart(6, "0");
  return `${seconds}.${micros}${String(nsRemainder).padStart(3, "0")}Z`;
}

for (const { name, line, expect } of CASES) {
  Deno.test(`LineReader, auto: ${name}`, () => {
    const read = new LineReader({ format: "auto", pattern: null, zone: UTC }).read(line, CONTEXT);
    const { tsUs: _us, nsRemainder: _ns, attributes, ...rest } = read;
    const { attributes: expected, time, ...said } = expect;
    assert.equal(timeOf(read), time);
    assert.deepEqual(Object.fromEntries(attributes), expected);
    // What the fixture does not say is as in a bare line; the body then is the line.
    const { tsUs: _u, nsRemainder: _n, attributes: _a, ...bare } = bareLine(line);
    assert.deepEqual(rest, { ...bare, ...said });
  });
}

Deno.test("LineReader: what is not of its format is kept as plain text and counted", () => {
  for (const format of ["json", "logfmt", "cri", "syslog", "access"] as const) {
    const reader = new LineReader({ format, pattern: null, zone: UTC });
    const line = reader.read("2026-02-27 12:00:00 ERROR odd one out", CONTEXT);
    assert.equal(line.body, "2026-02-27 12:00:00 ERROR odd one out", format);
    assert.equal(line.severityNumber, 17, format);
    assert.equal(reader.misfits, 1, format);
  }
});

Deno.test("LineReader, regex: named groups are fields, known names count as what they are", () => {
  const reader = new LineReader({
    format: "regex",
    pattern: String.raw`(?<time>\S+ \S+) \[(?<level>\w+)\] (?<worker>w\d+)? ?(?<message>.*)`,
    zone: UTC,
  });
  const line = reader.read("2026-02-27 12:00:00 [ERROR] w7 it broke", CONTEXT);
  assert.equal(timeOf(line), "2026-02-27T12:00:00.000000000Z");
  assert.equal(line.severityNumber, 17);
  assert.equal(line.body, "it broke");
  assert.deepEqual(line.attributes, [["worker", "w7"]]);
  assert.equal(reader.read("something else", CONTEXT).body, "something else");
  assert.equal(reader.misfits, 1);
});

Deno.test("LineReader, regex: without a pattern, or with a slow one, there is no reader", () => {
  for (const pattern of [null, "(a+)+b"]) {
    assert.throws(() => new LineReader({ format: "regex", pattern, zone: UTC }), TypeError);
  }
});

/** Texts that look like logs, and then do not. */
const almostLogs = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constantFrom(...CASES.map(({ line }) => line)).chain((line) =>
    fc.tuple(fc.nat({ max: line.length }), fc.string({ unit: "binary", maxLength: 3 }))
      .map(([at, text]) => line.slice(0, at) + text + line.slice(at + text.length))
  ),
);

for (const format of LOG_FORMATS_OF_LINES) {
  Deno.test(`LineReader, ${format}: takes any text and loses none`, () => {
    const pattern = format === "regex" ? String.raw`(?<time>\S+) (?<message>.*)` : null;
    const reader = new LineReader({ format, pattern, zone: UTC });
    fc.assert(
      fc.property(almostLogs, (text) => {
        const line = reader.read(text, CONTEXT);
        assert.ok(line.tsUs === null || Number.isInteger(line.tsUs), String(line.tsUs));
        assert.ok(line.severityNumber >= 0 && line.severityNumber <= 24);
        assert.ok(line.pid === null || Number.isInteger(line.pid));
        assert.ok(line.attributes.every(([key]) => typeof key === "string"));
        // Words of the text are in the record, whatever it was taken for.
        for (const word of text.match(/[A-Za-z]{5,}/g) ?? []) {
          assert.ok(
            JSON.stringify(line).toLowerCase().includes(word.toLowerCase()) ||
              format !== "plain",
            word,
          );
        }
      }),
      { numRuns: 300 },
    );
  });
}

import assert from "node:assert/strict";
import fc from "fast-check";
import { readTime, timeOfNumber, timeOfText } from "../../../../mod/logs/time_text.ts";
import { timeZoneOf, UTC } from "../../../../mod/logs/time_zone.ts";

const NOW_MS = Date.UTC(2026, 2, 1, 12);

/** A text, the instant it is, and its nanoseconds past the millisecond. */
const TEXTS: readonly (readonly [text: string, iso: string, nanos?: number])[] = [
  ["2026-11-25T19:14:53Z", "2026-11-25T19:14:53.000Z"],
  ["2026-11-25T19:14:53.123456789Z", "2026-11-25T19:14:53.123Z", 456_789],
  ["2026-11-25t19:14:53,5+01:30", "2026-11-25T17:44:53.500Z"],
  ["2026-11-25 19:14:53 -0800", "2026-11-26T03:14:53.000Z"],
  ["2026-11-25 19:14:53+01", "2026-11-25T18:14:53.000Z"],
  ["2026-11-25 19:14:53 UTC", "2026-11-25T19:14:53.000Z"],
  ["2026/11/25 19:14:53", "2026-11-25T19:14:53.000Z"],
  ["2024-02-29 00:00:00", "2024-02-29T00:00:00.000Z"],
  ["2026-06-30T23:59:60Z", "2026-07-01T00:00:00.000Z"],
  ["Nov 25 19:14:53", "2025-11-25T19:14:53.000Z"],
  ["Mar  2 19:14:53.25", "2026-03-02T19:14:53.250Z"],
  ["Nov  5 2024 19:14:53", "2024-11-05T19:14:53.000Z"],
  ["Wed Nov 25 19:14:53.123456 2026", "2026-11-25T19:14:53.123Z", 456_000],
  ["25/Nov/2026:19:14:53 +0100", "2026-11-25T18:14:53.000Z"],
  ["Wed, 25 Nov 2026 19:14:53 GMT", "2026-11-25T19:14:53.000Z"],
  ["25-Nov-2026 19:14:53.123", "2026-11-25T19:14:53.123Z"],
  ["1772193600", "2026-02-27T12:00:00.000Z"],
  ["1772193600.123456", "2026-02-27T12:00:00.123Z", 456_000],
  ["1772193600123", "2026-02-27T12:00:00.123Z"],
  ["1772193600123456", "2026-02-27T12:00:00.123Z", 456_000],
  ["1772193600123456789", "2026-02-27T12:00:00.123Z", 456_789],
];

Deno.test("timeOfText: reads the layouts that logs use", () => {
  for (const [text, iso, nanos = 0] of TEXTS) {
    const reading = timeOfText(text, UTC, NOW_MS);
    assert.ok(reading !== null, text);
    assert.equal(reading.tsUs, Date.parse(iso) * 1_000 + Math.floor(nanos / 1_000), text);
    assert.equal(reading.nsRemainder, nanos % 1_000, text);
  }
});

Deno.test("timeOfText: is null for what is no time", () => {
  const texts = [
    ..."|2026|2026-13-01T00:00:00|2026-02-29T00:00:00|2026-11-25T24:00:00|Foo 25 19:14:53".split(
      "|",
    ),
    ..."2026-11-25|12345|0772193600|177219360|Wed Nov 25|2026-11-25T19:14:53ZZ".split("|"),
  ];
  for (const text of texts) assert.equal(timeOfText(text, UTC, NOW_MS), null, text);
});

Deno.test("readTime: agrees with Date on every instant, whatever follows", () => {
  const instant = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(fc.property(instant, fc.constantFrom("", " x", "]", ": y"), (date, rest) => {
    const reading = readTime(date.toISOString() + rest, 0, UTC, NOW_MS);
    assert.deepEqual(reading, { tsUs: date.getTime() * 1_000, nsRemainder: 0, end: 24 });
  }));
});

Deno.test("timeOfNumber: the size says the unit", () => {
  const us = Date.UTC(2026, 1, 27, 12) * 1_000;
  for (const unit of [1e-6, 1e-3, 1, 1e3]) assert.equal(timeOfNumber(us * unit)?.tsUs, us);
  for (const value of [0, -1, 5, 1e11, 1e14, 1e17, 1e20, NaN, Infinity]) {
    assert.equal(timeOfNumber(value), null, String(value));
  }
});

Deno.test("timeZoneOf: wall clocks of zones, across changes of the clocks", () => {
  const cases = [
    ["utc", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"],
    ["+05:30", "2026-07-01T12:00:00Z", "2026-07-01T06:30:00Z"],
    ["-0800", "2026-07-01T12:00:00Z", "2026-07-01T20:00:00Z"],
    ["Europe/Berlin", "2026-01-15T12:00:00Z", "2026-01-15T11:00:00Z"],
    ["Europe/Berlin", "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z"],
    ["Europe/Berlin", "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"],
    ["America/New_York", "2026-07-01T12:00:00Z", "2026-07-01T16:00:00Z"],
    ["Asia/Kathmandu", "2026-07-01T12:00:00Z", "2026-07-01T06:15:00Z"],
  ] as const;
  for (const [name, wall, utc] of cases) {
    const zone = timeZoneOf(name);
    assert.equal(zone?.toUtcMs(Date.parse(wall)), Date.parse(utc), `${name} ${wall}`);
  }
  assert.notEqual(timeZoneOf("local"), null);
  for (const name of ["", "Mars/Olympus", "+99:00", "+5"]) {
    assert.equal(timeZoneOf(name), null, name);
  }
});

Deno.test("readTime: takes any text at any place", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 40 }), (text, at) => {
    const reading = readTime(text, at, UTC, NOW_MS);
    assert.ok(reading === null || reading.end <= text.length);
  }));
});

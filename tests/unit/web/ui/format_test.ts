import assert from "node:assert/strict";
import {
  BYTE_RATE,
  BYTES,
  formatByteRate,
  formatBytes,
  formatCount,
  formatDateTime,
  formatDuration,
  formatNumber,
  formatPercent,
  formatSignificant,
  formatTimeTicks,
  formatZone,
  MISSING,
  NUMBER,
  PERCENT,
} from "../../../../web/ui/format.js";

Deno.test("formatSignificant: three digits, whole numbers stay whole", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [4, "4"],
    [0.0004, "4.0e-4"],
    [0.123456, "0.123"],
    [1.2, "1.20"],
    [-12.34, "-12.3"],
    [123.4, "123"],
    [1234.5, "1235"],
  ];
  for (const [value, text] of cases) assert.equal(formatSignificant(value), text, `${value}`);
});

Deno.test("formatBytes: IEC units, never 1024 of one", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1023.7, "1.00 KiB"],
    [1024, "1 KiB"],
    [1536, "1.50 KiB"],
    [1024 ** 2 - 1, "1.00 MiB"],
    [5 * 1024 ** 3, "5 GiB"],
    [-2048, "-2 KiB"],
    [3e24, "2602085 EiB"],
  ];
  for (const [value, text] of cases) assert.equal(formatBytes(value), text, `${value}`);
});

Deno.test("formatters: what is not known is a dash, never NaN", () => {
  for (
    const format of [
      formatBytes,
      formatByteRate,
      formatCount,
      formatDateTime,
      formatDuration,
      formatNumber,
      formatPercent,
    ]
  ) {
    for (const value of [null, undefined, NaN, Infinity]) assert.equal(format(value), MISSING);
  }
});

Deno.test("formatPercent, formatNumber, formatCount: digits that fit", () => {
  assert.equal(formatPercent(0.1234), "12.3 %");
  assert.equal(formatPercent(0.99949), "99.9 %");
  assert.equal(formatPercent(1), "100 %");
  assert.equal(formatPercent(12.345), "1235 %");
  assert.equal(formatNumber(9999), "9999");
  assert.equal(formatNumber(12_345), "12.3 k");
  assert.equal(formatNumber(2.5e9), "2.50 G");
  assert.equal(formatCount(1_234_567), "1\u2009234\u2009567");
  assert.equal(formatCount(999), "999");
});

Deno.test("formatDuration: the two largest units", () => {
  const cases: [number, string][] = [
    [0, "0 ms"],
    [0.0123, "12.3 ms"],
    [0.9996, "1 s"],
    [4.25, "4.3 s"],
    [59.97, "1 m"],
    [125, "2 m 5 s"],
    [3600, "1 h"],
    [3 * 86400 + 4 * 3600 + 59, "3 d 4 h"],
  ];
  for (const [seconds, text] of cases) assert.equal(formatDuration(seconds), text, `${seconds}`);
});

Deno.test("formatTimeTicks: seconds for close ticks, the date where a day begins", () => {
  const at = (h: number, m: number, s: number) => new Date(2026, 2, 1, h, m, s).getTime() / 1000;
  assert.deepEqual(formatTimeTicks([at(9, 5, 0), at(9, 5, 30)], 30), ["09:05:00", "09:05:30"]);
  assert.deepEqual(formatTimeTicks([at(9, 5, 0)], 300), ["09:05"]);
  assert.deepEqual(formatTimeTicks([at(0, 0, 0), at(6, 0, 0)], 21_600), ["03-01", "06:00"]);
  assert.deepEqual(formatTimeTicks([at(6, 0, 0)], 86_400), ["03-01"]);
});

Deno.test("formatZone: offset from UTC with its sign the right way round", () => {
  assert.equal(formatZone(0), "UTC");
  assert.equal(formatZone(-120), "UTC+02:00");
  assert.equal(formatZone(210), "UTC-03:30");
});

Deno.test("unit formats: ticks are short, increments rise", () => {
  assert.equal(PERCENT.tick(0.25, 0.25), "25%");
  assert.equal(PERCENT.tick(0.005, 0.0025), "0.5%");
  assert.equal(BYTES.tick(1.5 * 1024 ** 2, 1024 ** 2), "1.5 MiB");
  assert.equal(BYTES.tick(100 * 1024, 1024), "100 KiB");
  assert.equal(BYTE_RATE.tick(-2048, 1024), "2 KiB/s");
  assert.equal(BYTE_RATE.value(-2048), "2 KiB/s");
  assert.equal(NUMBER.tick(0.5, 0.5), "0.5");
  for (const { increments } of [PERCENT, BYTES, BYTE_RATE, NUMBER]) {
    assert.deepEqual(increments, [...increments].sort((a, b) => a - b));
  }
});

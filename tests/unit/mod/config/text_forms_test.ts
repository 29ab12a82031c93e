import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDurationMs } from "../../../../mod/config/duration_text.ts";
import {
  formatListenAddress,
  isLoopbackHost,
  parseListenAddress,
} from "../../../../mod/config/listen_address.ts";
import { formatSize, parseSizeBytes } from "../../../../mod/config/size_text.ts";

Deno.test("parseDurationMs: reads units, largest first, and nothing else", () => {
  const table: [string, number | null][] = [
    ["500ms", 500],
    ["15s", 15_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
    ["2w1d", 15 * 86_400_000],
    ["0s", 0],
    ["15", null],
    ["", null],
    ["s", null],
    ["30m1h", null],
    ["1.5h", null],
    ["-1s", null],
    ["1 s", null],
    ["1S", null],
    ["9999999999999s", null],
  ];
  for (const [text, ms] of table) assert.equal(parseDurationMs(text), ms, text);
});

Deno.test("formatDuration: what it writes is read back", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4e11 }), (ms) => {
    assert.equal(parseDurationMs(formatDuration(ms)), ms);
  }));
  assert.equal(formatDuration(90 * 86_400_000), "90d");
});

Deno.test("parseSizeBytes: reads units of 1024 and of 1000, and nothing else", () => {
  const table: [string, number | null][] = [
    ["256MiB", 256 * 1024 ** 2],
    ["1.5GiB", 1.5 * 1024 ** 3],
    ["100MB", 1e8],
    ["2 kB", 2000],
    ["4096", 4096],
    ["7B", 7],
    ["1mib", null],
    ["0.3B", null],
    ["-1", null],
    ["", null],
    ["1 0", null],
    ["99999999999TiB", null],
  ];
  for (const [text, bytes] of table) assert.equal(parseSizeBytes(text), bytes, text);
});

Deno.test("formatSize: what it writes is read back", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => {
    assert.equal(parseSizeBytes(formatSize(bytes)), bytes);
  }));
  assert.equal(formatSize(64 * 1024 ** 2), "64MiB");
});

Deno.test("parseListenAddress: reads host and port, and nothing else", () => {
  const table: [string, string | null][] = [
    ["127.0.0.1:9630", "127.0.0.1 9630"],
    ["localhost:0", "localhost 0"],
    ["[::1]:65535", "::1 65535"],
    ["monitor.example:80", "monitor.example 80"],
    ["127.0.0.1", null],
    [":9630", null],
    ["9630", null],
    ["::1:80", null],
    ["[::g]:80", null],
    ["[1]:80", null],
    ["256.0.0.1:80", null],
    ["1.2.3:80", null],
    ["a:65536", null],
    ["a:-1", null],
    ["http://a:80", null],
    ["a b:80", null],
  ];
  for (const [text, expected] of table) {
    const address = parseListenAddress(text);
    assert.equal(address && `${address.hostname} ${address.port}`, expected, text);
    if (address !== null) assert.equal(formatListenAddress(address), text);
  }
});

Deno.test("isLoopbackHost: only what no other host can reach", () => {
  for (
    const host of ["127.0.0.1", "127.8.9.1", "::1", "0:0:0:0:0:0:0:1", "localhost", "LOCALHOST"]
  ) {
    assert.ok(isLoopbackHost(host), host);
  }
  for (
    const host of ["0.0.0.0", "::", "10.0.0.1", "127.example", "localhost.example", "1270.0.0.1"]
  ) {
    assert.ok(!isLoopbackHost(host), host);
  }
});

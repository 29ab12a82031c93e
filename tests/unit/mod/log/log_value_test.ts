import assert from "node:assert/strict";
import fc from "fast-check";
import { LogRing } from "../../../../mod/log/log_ring.ts";
import { logFields, logValue } from "../../../../mod/log/log_value.ts";
import { isSecretKey, redactText } from "../../../../mod/log/secrets.ts";

Deno.test("isSecretKey: knows secrets by their words", () => {
  const secret = [
    "password",
    "dbPassword",
    "API_KEY",
    "x-api-key",
    "apiKey",
    "Authorization",
    "auth_token",
    "tokens",
    "client_secret",
    "private-key",
    "Cookie",
  ];
  const open = [
    "user",
    "keyboard",
    "author",
    "token_count",
    "tokenizer",
    "key",
    "secret_name",
    "",
    "pid",
  ];
  for (const key of secret) assert.ok(isSecretKey(key), key);
  for (const key of open) assert.ok(!isSecretKey(key), key);
});

Deno.test("redactText: takes out credentials, leaves the rest", () => {
  const table: [string, string][] = [
    ["GET http://me:hunter2@host/x?y", "GET http://[redacted]@host/x?y"],
    ["Authorization: Bearer abc.DEF-123_456", "Authorization: Bearer [redacted]"],
    ["basic dXNlcjpwYXNz", "basic [redacted]"],
    ["token hz_kG-_w_HFihnexMLviWIgHrHgQ-sA8xOnKj was refused", "token [redacted] was refused"],
    ["basic information, bearer of news", "basic information, bearer of news"],
    ["mail a@b.example at http://host/", "mail a@b.example at http://host/"],
  ];
  for (const [text, expected] of table) assert.equal(redactText(text), expected);
});

Deno.test("redactText: takes linear time on hostile text", () => {
  for (const part of ["a://", "Bearer ", "hz_", "bearer a", "x@"]) {
    const start = performance.now();
    redactText(part.repeat(100_000));
    // Many minutes, if a rule backtracked; milliseconds otherwise.
    assert.ok(performance.now() - start < 30_000, part);
  }
});

Deno.test("logValue: makes JSON of anything", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const table: [unknown, unknown][] = [
    [1n, "1"],
    [NaN, "NaN"],
    [undefined, null],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date(NaN), "[invalid date]"],
    [new Map([["a", 1]]), { a: 1 }],
    [new Set([1, 2]), [1, 2]],
    [new Uint8Array(3), "[3 bytes]"],
    [circular, { self: "[circular]" }],
    [() => 1, "[function]"],
    [{ nested: { password: "x", a: undefined } }, { nested: { password: "[redacted]" } }],
    [Array(100).fill(0), [...Array(64).fill(0), "[36 more]"]],
  ];
  for (const [value, expected] of table) assert.deepEqual(logValue(value), expected);
});

Deno.test("logValue: shows an error with its cause, its stack only if it is unexpected", () => {
  const shown = logValue(new TypeError("bad http://a:b@c/", { cause: new Error("inner") }));
  assert.ok(typeof shown === "object" && shown !== null && "stack" in shown);
  assert.match(
    JSON.stringify(shown),
    /"name":"TypeError","message":"bad http:\/\/\[redacted\]@c\/"/,
  );
  assert.match(JSON.stringify(shown), /"cause":\{"name":"Error","message":"inner"/);
  const expected = Object.assign(new Error("gone"), { code: "not_found" });
  assert.deepEqual(logValue(expected), { name: "Error", message: "gone", code: "not_found" });
});

Deno.test("logFields: is bounded and safe for JSON, whatever it is given", () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
      JSON.stringify(logFields({ value }));
      JSON.stringify(logFields(value));
    }),
    { seed: 20_253 },
  );
  const long = JSON.stringify(logFields({ text: "x".repeat(1_000_000) }));
  assert.ok(long.length < 5_000 && long.includes("995904 more characters"));
});

Deno.test("LogRing: keeps the newest, in order, and counts what it overwrote", () => {
  const ring = new LogRing(3);
  const entry = (tsMs: number) => ({ tsMs, level: "info" as const, event: "x", fields: {} });
  assert.deepEqual(ring.newest(), []);
  for (let i = 1; i <= 5; i++) {
    ring.add(entry(i));
    const kept = [i - 2, i - 1, i].filter((ts) => ts > 0);
    assert.deepEqual(ring.newest().map(({ tsMs }) => tsMs), kept);
  }
  assert.deepEqual(ring.newest(2).map(({ tsMs }) => tsMs), [4, 5]);
  assert.deepEqual(ring.newest(0), []);
  assert.equal(ring.overwritten, 2);
  assert.throws(() => new LogRing(0), RangeError);
});

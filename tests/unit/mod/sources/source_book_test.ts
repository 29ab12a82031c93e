import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import { MAX_PROBLEM_LENGTH, SourceBook } from "../../../../mod/sources/source_book.ts";

const NOW_MS = 1_700_000_000_000;

function newBook(): SourceBook {
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 5_000 };
  return new SourceBook("otlp_http", "/v1", ["metrics", "logs"], clock);
}

Deno.test("SourceBook: begins empty, with the signals it was opened for", () => {
  const empty = { requests: 0, accepted: 0, rejected: {} };
  assert.deepEqual(newBook().status, {
    kind: "otlp_http",
    name: "/v1",
    signals: { metrics: empty, logs: empty },
    refused: {},
    ratePerSecond: 0,
    lagMs: null,
    errors: 0,
    lastProblem: null,
    lastAcceptedMs: null,
    paused: null,
  });
});

Deno.test("SourceBook.follow: notes records, reasons, lag and what the sender was told", async () => {
  const book = newBook();
  const outcome = {
    accepted: 7,
    rejected: 2,
    reasons: { series_limit: 2 },
    errorMessage: "2 rejected: too many series",
    newestUs: (NOW_MS - 1_500) * 1_000,
  };
  assert.equal(await book.follow("metrics", () => Promise.resolve(outcome)), outcome);
  const { signals, errors, lastProblem, lagMs, lastAcceptedMs, ratePerSecond } = book.status;
  assert.deepEqual(signals.metrics, { requests: 1, accepted: 7, rejected: { series_limit: 2 } });
  assert.equal(errors, 1);
  assert.deepEqual(lastProblem, { atMs: NOW_MS, message: "2 rejected: too many series" });
  assert.deepEqual([lagMs, lastAcceptedMs, ratePerSecond], [1_500, NOW_MS, 7]);
});

Deno.test("SourceBook.follow: counts a failure by its code, and throws it on", async () => {
  const book = newBook();
  const full = new HorizonError("overloaded", "no room", {}, 1_000);
  await assert.rejects(book.follow("logs", () => Promise.reject(full)), full);
  await assert.rejects(
    book.follow("logs", () => {
      throw new TypeError("/secret/path is not a function");
    }),
    TypeError,
  );
  const { signals, refused, lastProblem, errors } = book.status;
  assert.equal(signals.logs?.requests, 2);
  assert.deepEqual(refused, { overloaded: 1, internal: 1 });
  assert.equal(errors, 2);
  assert.ok(!lastProblem?.message.includes("secret"), "internals stay in the log");
});

Deno.test("SourceBook: reasons and messages are bounded", () => {
  const book = newBook();
  for (let i = 0; i < 100; i++) book.rejected("logs", `reason ${i}`);
  const rejected = book.status.signals.logs?.rejected ?? {};
  assert.equal(Object.keys(rejected).length, 65);
  assert.equal(rejected["other"], 36);
  book.problem("😀".repeat(1_000));
  const message = book.status.lastProblem?.message ?? "";
  assert.ok(message.length <= MAX_PROBLEM_LENGTH && message.isWellFormed());
});

Deno.test("SourceBook.newest: what comes from the future is not ahead", () => {
  const book = newBook();
  book.newest((NOW_MS + 60_000) * 1_000);
  assert.equal(book.status.lagMs, 0);
});

import assert from "node:assert/strict";
import { FailedAttempts } from "../../../../web/security/failed_attempts.ts";
import { ManualClock } from "../fake_web.ts";

const LIMITS = { burst: 3, refillMs: 1_000, maxAddresses: 2 };

Deno.test("FailedAttempts: makes an address wait after its burst, and gives attempts back", () => {
  const clock = new ManualClock();
  const attempts = new FailedAttempts(LIMITS, clock);
  for (let i = 0; i < 3; i++) {
    assert.equal(attempts.waitMs("10.0.0.1", null), 0);
    attempts.fail("10.0.0.1");
  }
  assert.equal(attempts.waitMs("10.0.0.1", null), 1_000);
  assert.equal(attempts.waitMs("10.0.0.2", null), 0);
  clock.ms += 1_000;
  assert.equal(attempts.waitMs("10.0.0.1", null), 0);
  assert.deepEqual(attempts.stats, { failures: 3, refused: 1 });
});

Deno.test("FailedAttempts: a flood does not lengthen the wait without end", () => {
  const clock = new ManualClock();
  const attempts = new FailedAttempts(LIMITS, clock);
  for (let i = 0; i < 10_000; i++) attempts.fail("10.0.0.1");
  assert.ok(attempts.waitMs("10.0.0.1", null) <= 2_000);
});

Deno.test("FailedAttempts: a token that was right from there goes on, a new one waits", () => {
  const attempts = new FailedAttempts(LIMITS, new ManualClock());
  attempts.succeed("10.0.0.1", "known");
  for (let i = 0; i < 3; i++) attempts.fail("10.0.0.1");
  assert.equal(attempts.waitMs("10.0.0.1", "known"), 0);
  assert.ok(attempts.waitMs("10.0.0.1", "guessed") > 0);
});

Deno.test("FailedAttempts: remembers a bounded number of addresses, newest ones", () => {
  const attempts = new FailedAttempts(LIMITS, new ManualClock());
  for (const address of ["a", "b", "c"]) {
    for (let i = 0; i < 3; i++) attempts.fail(address);
  }
  assert.equal(attempts.waitMs("a", null), 0);
  assert.ok(attempts.waitMs("b", null) > 0);
  assert.ok(attempts.waitMs("c", null) > 0);
});

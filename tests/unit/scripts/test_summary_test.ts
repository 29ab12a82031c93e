import assert from "node:assert/strict";
import type { TestOutcome } from "../../../scripts/junit_report.ts";
import { summarize, summaryLine } from "../../../scripts/test_summary.ts";

const FILE = "tests/unit/a_test.ts";

function outcome(name: string, outcome: TestOutcome["outcome"]): TestOutcome {
  return { file: `./${FILE}`, name, outcome };
}

Deno.test("summarize: counts, and names what was skipped with its reason", () => {
  const summary = summarize(
    [outcome("a", "passed"), outcome("b", "passed"), outcome("c [skipped: not root]", "ignored")],
    [FILE],
    0,
  );
  assert.deepEqual(summary.skipped, [
    { name: `./${FILE}: c [skipped: not root]`, reason: "not root" },
  ]);
  assert.equal(summaryLine(summary), "2 passed, 0 failed, 1 skipped");
});

Deno.test("summarize: a test ignored without a reason fails", () => {
  const summary = summarize([outcome("a", "passed"), outcome("b", "ignored")], [FILE], 0);
  assert.equal(summaryLine(summary), "1 passed, 1 failed");
});

Deno.test("summarize: a file that reports no test fails", () => {
  const summary = summarize([outcome("a", "passed")], [FILE, "tests/unit/b_test.ts"], 0);
  assert.deepEqual(summary.failed, ["tests/unit/b_test.ts (reported no test)"]);
});

Deno.test("summarize: a runner that fails without a failed test is a failure", () => {
  const passed = [outcome("a", "passed")];
  assert.equal(summaryLine(summarize(passed, [FILE], 1)), "1 passed, 1 failed");
  const failed = [outcome("a", "failed")];
  assert.equal(summaryLine(summarize(failed, [FILE], 1)), "0 passed, 1 failed");
});

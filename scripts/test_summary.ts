import type { TestOutcome } from "./junit_report.ts";

/** The whole test command's result. */
export interface Summary {
  passed: number;
  /** What failed, one name each. */
  failed: string[];
  /** What was left out, and why. */
  skipped: { name: string; reason: string }[];
}

/** A test that cannot run everywhere says so in its name: `… [skipped: reason]`. */
const SKIP_REASON = /\[skipped: ([^\]]+)\]$/;

/**
 * Sums up the outcomes of tests.
 *
 * A test that is ignored without a reason in its name counts as failed, and so does a file that was to run and
 * reported no test (it may have failed outside of any test), and a runner that failed though no test did.
 *
 * @param outcomes what the runner reported
 * @param files the files that it was told to run, relative to the project
 * @param exitCode the runner's
 */
export function summarize(
  outcomes: readonly TestOutcome[],
  files: readonly string[],
  exitCode: number,
): Summary {
  const summary: Summary = { passed: 0, failed: [], skipped: [] };
  for (const { file, name, outcome } of outcomes) {
    const where = `${file}: ${name}`;
    if (outcome === "passed") summary.passed++;
    else if (outcome === "failed") summary.failed.push(where);
    else {
      const reason = SKIP_REASON.exec(name)?.[1];
      if (reason !== undefined) summary.skipped.push({ name: where, reason });
      else summary.failed.push(`${where} (ignored, and its name gives no [skipped: reason])`);
    }
  }
  const reported = new Set(outcomes.map((o) => o.file.replace(/^\.\//, "")));
  for (const file of files) {
    if (!reported.has(file)) summary.failed.push(`${file} (reported no test)`);
  }
  if (exitCode !== 0 && summary.failed.length === 0) {
    summary.failed.push(`the test runner (exit code ${exitCode})`);
  }
  return summary;
}

/** The last line of the test command, such as `12 passed, 0 failed, 1 skipped`. */
export function summaryLine(summary: Summary): string {
  const skipped = summary.skipped.length > 0 ? `, ${summary.skipped.length} skipped` : "";
  return `${summary.passed} passed, ${summary.failed.length} failed${skipped}`;
}

// deno-lint-ignore-file no-console -- a command: it talks to the terminal
/**
 * `deno task test`: format, lint, types, import rules, the executable, and every test below tests/ but the
 * benchmarks. Every step runs, whatever became of the ones before; the last line is `N passed, N failed` (and
 * `, N skipped`), in which each step counts as a test; the exit code is 1 when anything failed.
 *
 * `deno task test PATH…` runs only the test files whose path contains one of the words, and no other step
 * (but the executable, when end-to-end tests are among them).
 */
import { importViolations, projectSources } from "./check_imports.ts";
import { ensureExecutable } from "./compile.ts";
import { parseJunitReport, type TestOutcome } from "./junit_report.ts";
import { filesBelow, PROJECT_DIR, runDeno } from "./project.ts";
import { summarize, type Summary, summaryLine } from "./test_summary.ts";

/** Names the built executable to the end-to-end tests. */
const EXECUTABLE_VARIABLE = "HORIZON_EXECUTABLE";

const FOLDERS = ["mod", "collectors", "storage", "web", "tests", "scripts"];

/** A step besides the tests: null when it passed, else what it found. */
type Step = { name: string; run: () => Promise<string | null> };

const CHECKS: readonly Step[] = [
  { name: "format", run: () => deno("fmt", "--check") },
  { name: "lint", run: () => deno("lint") },
  {
    name: "types",
    run: async () => await deno("check", "--quiet", "main.ts", ...await typedModules()),
  },
  // Apart, for the page's modules live among the browser's globals and not among Deno's.
  {
    name: "types of the page",
    run: async () => await deno("check", "--quiet", ...await pageModules()),
  },
  { name: "import rules", run: checkImportRules },
];

async function main(words: string[]): Promise<number> {
  const files = (await testFiles()).filter((file) =>
    words.length === 0 || words.some((word) => file.includes(word))
  );
  const total: Summary = { passed: 0, failed: [], skipped: [] };
  if (files.length === 0) total.failed.push(`no test file's path contains ${words.join(" or ")}`);
  if (words.length === 0) {
    for (const check of CHECKS) await runStep(check, total);
  }
  if (files.some((file) => file.startsWith("tests/e2e/"))) {
    await runStep({ name: "executable", run: buildExecutable }, total);
  }
  if (files.length > 0) add(total, await runTests(files));

  for (const { name, reason } of total.skipped) console.log(`skipped: ${name} (${reason})`);
  for (const name of total.failed) console.log(`failed: ${name}`);
  console.log(summaryLine(total));
  return total.failed.length === 0 ? 0 : 1;
}

async function runStep(step: Step, total: Summary): Promise<void> {
  const start = performance.now();
  const problem = await step.run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${step.name} ... ${problem === null ? "ok" : "FAILED"} (${seconds} s)`);
  if (problem === null) {
    total.passed++;
  } else {
    total.failed.push(step.name);
    console.log(problem);
  }
}

function add(total: Summary, part: Summary): void {
  total.passed += part.passed;
  total.failed.push(...part.failed);
  total.skipped.push(...part.skipped);
}

async function deno(...args: string[]): Promise<string | null> {
  const result = await runDeno(args);
  return result.code === 0 ? null : result.stdout + result.stderr;
}

/** main.ts, which names all that runs, the worker, which it names only by URL, and what is not part of either. */
async function typedModules(): Promise<string[]> {
  const below = (await Promise.all(FOLDERS.map(filesBelow))).flat();
  return below.filter((p) => p.endsWith(".ts") && !p.startsWith("tests/fixtures/"));
}

async function pageModules(): Promise<string[]> {
  return (await filesBelow("web/ui")).filter((path) => path.endsWith(".js"));
}

async function checkImportRules(): Promise<string | null> {
  const violations = importViolations(await projectSources());
  return violations.length === 0 ? null : violations.join("\n");
}

async function buildExecutable(): Promise<string | null> {
  try {
    const path = await ensureExecutable();
    Deno.env.set(EXECUTABLE_VARIABLE, path);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function testFiles(): Promise<string[]> {
  const all = await filesBelow("tests");
  return all.filter((path) => path.endsWith("_test.ts") && !path.startsWith("tests/bench/"));
}

async function runTests(files: readonly string[]): Promise<Summary> {
  const report = await Deno.makeTempFile({ prefix: "horizon-tests-", suffix: ".xml" });
  try {
    // Types were checked as a step of their own.
    const args = ["test", "--quiet", "-P=tools", "--no-check", `--junit-path=${report}`, ...files];
    const { code } = await runDeno(args, { show: true });
    return summarize(await outcomes(report), files, code);
  } finally {
    await Deno.remove(report);
  }
}

/** None when the runner failed before it wrote a report: then every file counts as failed. */
async function outcomes(report: string): Promise<TestOutcome[]> {
  const xml = await Deno.readTextFile(report);
  return xml === "" ? [] : parseJunitReport(xml);
}

Deno.chdir(PROJECT_DIR);
Deno.exit(await main(Deno.args.filter((word) => word !== "--")));

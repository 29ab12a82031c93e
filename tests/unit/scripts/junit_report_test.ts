import assert from "node:assert/strict";
import { parseJunitReport } from "../../../scripts/junit_report.ts";
import { runDeno } from "../../../scripts/project.ts";

Deno.test("parseJunitReport: reads what the test runner really writes", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const source = [
      'Deno.test("passes", () => {});',
      'Deno.test("fails <&\\"> \\u00e9", () => { throw new Error("<testcase name=\\"x\\"/>"); });',
      'Deno.test({ name: "left out [skipped: no kernel]", ignore: true, fn() {} });',
      'Deno.test("has steps", async (t) => { await t.step("inner", () => {}); });',
    ];
    await Deno.writeTextFile(`${dir}/a_test.ts`, source.join("\n"));
    const args = ["test", "--quiet", "--no-check", "--no-config", "--junit-path=report.xml"];
    const { code } = await runDeno([...args, "a_test.ts"], { cwd: dir });
    assert.equal(code, 1);
    const outcomes = parseJunitReport(await Deno.readTextFile(`${dir}/report.xml`));
    assert.deepEqual(outcomes.map((o) => [o.file, o.name, o.outcome]), [
      ["./a_test.ts", "passes", "passed"],
      ["./a_test.ts", 'fails <&"> \u00e9', "failed"],
      ["./a_test.ts", "left out [skipped: no kernel]", "ignored"],
      ["./a_test.ts", "has steps", "passed"],
      ["./a_test.ts", "has steps > inner", "passed"],
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("parseJunitReport: an error counts as a failure", () => {
  const xml = '<testsuites><testcase name="a" classname="./a_test.ts" time="0">\n' +
    '<error message="Cancelled"/></testcase></testsuites>';
  assert.deepEqual(parseJunitReport(xml), [{ file: "./a_test.ts", name: "a", outcome: "failed" }]);
});

Deno.test("parseJunitReport: refuses what is no report", () => {
  assert.throws(() => parseJunitReport(""), /not a JUnit report/);
  assert.throws(() => parseJunitReport("<testsuites><testcase time='0'/>"), /no classname|no name/);
});

import assert from "node:assert/strict";
import { readEarlier, regressions } from "../../bench/regressions.ts";
import { type Figure, judged } from "../../bench/report.ts";

const figure = (name: string, value: number, better: Figure["better"]) =>
  judged({ name, unit: "", value, target: 1, better });

Deno.test("regressions: what became worse by more than is tolerated, the worst first", () => {
  const now = [
    figure("rate_much_lower", 400, "more"),
    figure("rate_little_lower", 900, "more"),
    figure("rate_higher", 5_000, "more"),
    figure("time_longer", 15, "less"),
    figure("time_shorter", 5, "less"),
    figure("new", 1, "less"),
  ];
  const before = [
    { name: "rate_much_lower", value: 1_000 },
    { name: "rate_little_lower", value: 1_000 },
    { name: "rate_higher", value: 1_000 },
    { name: "time_longer", value: 10 },
    { name: "time_shorter", value: 10 },
    { name: "gone", value: 10 },
  ];
  assert.deepEqual(regressions(now, before, 0.25), [
    { name: "rate_much_lower", before: 1_000, now: 400, worseBy: 2.5 },
    { name: "time_longer", before: 10, now: 15, worseBy: 1.5 },
  ]);
  assert.deepEqual(regressions(now, [], 0.25), []);
});

Deno.test("readEarlier: reads a report, and refuses what is none", () => {
  const text = JSON.stringify({ figures: [figure("a", 2, "more")], failures: [] });
  assert.deepEqual(readEarlier(text), [{ name: "a", value: 2 }]);
  for (const bad of ["{}", "[]", '{"figures":[{"name":1}]}', "x"]) {
    assert.throws(() => readEarlier(bad));
  }
});

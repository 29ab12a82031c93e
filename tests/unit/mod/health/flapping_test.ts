import assert from "node:assert/strict";
import { flappingAfter, STEADY } from "../../../../mod/health/flapping.ts";

const RULE = { changes: 4, windowMs: 600 };

/** Whether it flaps after each run; `x` is a run with a change. Runs are 100 ms apart. */
function flaps(runs: string): string {
  let state = STEADY;
  return [...runs].map((run, i) => {
    state = flappingAfter(state, run === "x", i * 100, RULE);
    assert.ok(state.changesMs.length <= RULE.changes);
    return state.flapping ? "F" : ".";
  }).join("");
}

Deno.test("flappingAfter: begins with enough changes in the window, ends when half are gone", () => {
  assert.equal(flaps("xxx......"), ".........");
  assert.equal(flaps("xxxx"), "...F");
  // Changes at 0 to 3; at 8 those at 3 alone is left of them.
  assert.equal(flaps("xxxx....."), "...FFFFF.");
  // Too far apart.
  assert.equal(flaps("x..x..x..x..x"), ".............");
  // Goes on while changes go on.
  assert.equal(flaps("xxxx.x.x.x.x").slice(3), "FFFFFFFFF");
});

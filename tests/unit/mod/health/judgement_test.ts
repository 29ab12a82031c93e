import assert from "node:assert/strict";
import fc from "fast-check";
import { HEALTH_STATES, type HealthState } from "../../../../mod/health/health_state.ts";
import { judge, type Thresholds, UNJUDGED } from "../../../../mod/health/judgement.ts";

const LETTERS: Readonly<Record<string, HealthState>> = {
  h: "healthy",
  d: "degraded",
  u: "unhealthy",
  "?": "unknown",
};

/** The states after each of the runs, one letter each. */
function states(runs: string, thresholds: Thresholds): string {
  let judgement = UNJUDGED;
  return [...runs].map((letter) => {
    judgement = judge(judgement, LETTERS[letter]!, thresholds);
    return Object.keys(LETTERS).find((key) => LETTERS[key] === judgement.state);
  }).join("");
}

Deno.test("judge: a state holds until enough runs in a row speak against it", () => {
  const table: [runs: string, states: string, failures: number, successes: number][] = [
    ["huh", "huh", 1, 1],
    // The first judgement takes as long as any other.
    ["uuu", "??u", 3, 1],
    ["hh", "?h", 3, 2],
    // One failure is none, and a success between starts the count anew.
    ["huuhuuu", "hhhhhhu", 3, 1],
    ["huuuhuhh", "???uuuuh", 3, 2],
    // A mix is what all of it agree on.
    ["hdud", "hhhd", 3, 1],
    ["hudu", "hhhd", 3, 1],
    ["uuhd", "?uud", 2, 2],
    // From degraded it goes on in both directions.
    ["dduuuhh", "?ddduuh", 3, 2],
    // What cannot be judged is unknown after a while, and forgotten with the next judgement.
    ["h??h???", "hhhhhh?", 3, 1],
    ["h???h", "hhh?h", 3, 1],
    // Unknown between failures starts their count anew.
    ["huu?uuu", "hhhhhhu", 3, 1],
  ];
  for (const [runs, expected, failures, successes] of table) {
    assert.equal(states(runs, { failures, successes }), expected, runs);
  }
});

Deno.test("judge: with thresholds of 1 it is what was found", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...HEALTH_STATES)), (found) => {
    let judgement = UNJUDGED;
    for (const state of found) {
      judgement = judge(judgement, state, { failures: 1, successes: 1 });
      assert.equal(judgement.state, state);
    }
  }));
});

Deno.test("judge: never changes to a state that no run of the row found, nor before its time", () => {
  const thresholds = fc.record({
    failures: fc.integer({ min: 1, max: 4 }),
    successes: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(fc.property(fc.array(fc.constantFrom(...HEALTH_STATES)), thresholds, (found, rule) => {
    let judgement = UNJUDGED;
    let sinceChange = 0;
    found.forEach((state, i) => {
      sinceChange++;
      const before = judgement.state;
      judgement = judge(judgement, state, rule);
      if (judgement.state === before) return;
      assert.ok(sinceChange >= Math.min(rule.failures, rule.successes));
      assert.ok(found.slice(i + 1 - sinceChange, i + 1).includes(judgement.state));
      sinceChange = 0;
    });
  }));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { FairTurns } from "../../../storage/fair_turns.ts";

/** Milliseconds that sealing and queries get of `steps` slices of these lengths. */
function divided(
  { queryMs, sealMs, behind, steps }: {
    queryMs: number;
    sealMs: number;
    behind: boolean;
    steps: number;
  },
): { queries: number; sealing: number } {
  const turns = new FairTurns();
  let sealing = 0;
  for (let i = 0; i < steps; i++) {
    if (!turns.sealingMay(queryMs)) continue;
    turns.sealed(sealMs, behind);
    sealing += sealMs;
  }
  return { queries: steps * queryMs, sealing };
}

Deno.test("FairTurns: all the time is sealing's while no query is under way", () => {
  const turns = new FairTurns();
  assert.equal(turns.sealingMay(4), true);
  turns.sealed(500, false);
  assert.equal(turns.sealingMay(null), true);
  turns.sealed(500, false);
  assert.equal(turns.sealingMay(null), true);
});

Deno.test("FairTurns: beside queries sealing gets a third of their time, as much where senders wait", () => {
  const slices = { queryMs: 4, sealMs: 12, steps: 9_000 };
  assert.deepEqual(divided({ ...slices, behind: false }), { queries: 36_000, sealing: 12_000 });
  assert.deepEqual(divided({ ...slices, behind: true }), { queries: 36_000, sealing: 36_000 });
});

Deno.test("FairTurns: whatever slices take, neither waits for ever, and no share is exceeded by more than a slice", () => {
  const ms = fc.integer({ min: 1, max: 400 });
  fc.assert(fc.property(ms, ms, fc.boolean(), (queryMs, sealMs, behind) => {
    const steps = 3_000;
    const { queries, sealing } = divided({ queryMs, sealMs, behind, steps });
    const share = behind ? 1 : 1 / 3;
    assert.ok(sealing <= queries * share + sealMs, "sealing has no more than its share");
    // What is left over of a slice of queries is not saved up.
    assert.ok(sealing >= sealMs * Math.floor(steps / (Math.ceil(sealMs / share / queryMs) + 1)));
  }));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { RestartTracker } from "../../../../mod/processes/restart_tracker.ts";

const POLICY = { windowMs: 60_000, loopCount: 3, stableMs: 30_000 };

Deno.test("RestartTracker: a start soon after an exit of the same is a restart, once", () => {
  const tracker = new RestartTracker(POLICY);
  assert.equal(tracker.started("a", 0), null);
  tracker.exited("a", 1_000, 1_000);
  assert.equal(tracker.started("b", 1_500), null);
  assert.deepEqual(tracker.started("a", 2_000), {
    downMs: 1_000,
    inARow: 1,
    loopBegins: false,
    backingOff: false,
  });
  assert.equal(tracker.started("a", 2_500), null, "a second one beside it");
  tracker.exited("a", 3_000, 1_000);
  assert.equal(tracker.started("a", 63_001), null, "past the window");
});

Deno.test("RestartTracker: a loop is told once, sees the back-off, and ends with a long life", () => {
  const tracker = new RestartTracker(POLICY);
  let nowMs = 0;
  const told = [];
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000]) {
    tracker.exited("a", nowMs, 500);
    nowMs += pauseMs;
    const restart = tracker.started("a", nowMs);
    told.push([restart?.inARow, restart?.loopBegins, restart?.backingOff]);
    nowMs += 500;
  }
  assert.deepEqual(told, [[1, false, false], [2, false, false], [3, true, true], [4, false, true]]);
  assert.deepEqual(tracker.recovered(nowMs + 29_000), []);
  assert.deepEqual(tracker.recovered(nowMs + 30_000), ["a"]);
  assert.deepEqual(tracker.recovered(nowMs + 31_000), []);
  assert.equal(tracker.inARow("a"), 0);
});

Deno.test("RestartTracker: lives that are long enough are no loop", () => {
  const tracker = new RestartTracker(POLICY);
  for (let i = 1; i <= 5; i++) {
    tracker.exited("a", i * 100_000, 90_000);
    assert.equal(tracker.started("a", i * 100_000 + 100)?.inARow, 1);
  }
});

Deno.test("RestartTracker: whatever comes and goes, restarts never outnumber exits", () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 2_000 }), start: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
    const tracker = new RestartTracker(POLICY);
    let exits = 0;
    let restarts = 0;
    steps.forEach(({ key, start }, i) => {
      if (!start) {
        tracker.exited(String(key % 5), i, i % 40_000);
        exits++;
      } else if (tracker.started(String(key % 5), i) !== null) restarts++;
    });
    assert.ok(restarts <= exits);
  }));
});

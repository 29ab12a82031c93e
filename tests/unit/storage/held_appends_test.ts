import assert from "node:assert/strict";
import { HeldAppends } from "../../../storage/held_appends.ts";

Deno.test("HeldAppends: in order, once the store is not behind or two seconds are over", () => {
  const held = new HeldAppends();
  const settled: string[] = [];
  const hold = (name: string, nowMs: number) => held.hold(() => settled.push(name), nowMs);
  hold("a", 0);
  hold("b", 500);
  held.release(true, 1_999);
  assert.deepEqual(settled, []);
  held.release(true, 2_000);
  assert.deepEqual(settled, ["a"]);
  assert.equal(held.waiting, true);
  hold("c", 2_100);
  held.release(false, 2_100);
  assert.deepEqual(settled, ["a", "b", "c"]);
  assert.deepEqual([held.waiting, held.total], [false, 3]);
});

import assert from "node:assert/strict";
import { JournaledStates } from "../../../../mod/otlp/journaled_states.ts";

Deno.test("JournaledStates.rollback: undoes the request, first state of each series last", () => {
  const states = new JournaledStates<number>(10);
  states.set(1, 10);
  states.keep();
  states.set(1, 11);
  states.set(1, 12);
  states.set(2, 20);
  states.rollback();
  assert.equal(states.get(1), 10);
  assert.equal(states.get(2), undefined);
});

Deno.test("JournaledStates.keep: answers the series that changed, once", () => {
  const states = new JournaledStates<number>(10);
  states.set(1, 10);
  states.set(2, 20);
  states.set(1, 11);
  assert.deepEqual(states.keep(), [1, 2]);
  assert.deepEqual(states.keep(), []);
  states.forget([1]);
  assert.equal(states.get(1), undefined);
});

Deno.test("JournaledStates: past its limit the series set up first is forgotten and counted", () => {
  const states = new JournaledStates<number>(2);
  for (const id of [1, 2, 1, 3]) states.set(id, id);
  assert.equal(states.get(1), undefined);
  assert.deepEqual([states.size, states.evicted], [2, 1]);
});

Deno.test("JournaledStates.prune: forgets what is no longer live", () => {
  const states = new JournaledStates<number>(10);
  for (const id of [1, 2, 3]) states.set(id, id);
  states.prune((id) => id !== 2);
  assert.deepEqual([states.get(1), states.get(2), states.get(3)], [1, undefined, 3]);
});

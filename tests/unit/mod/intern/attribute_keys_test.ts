import assert from "node:assert/strict";
import fc from "fast-check";
import { AttributeKeys, KEY_REFUSED } from "../../../../mod/intern/attribute_keys.ts";

const LIMITS = { maxKeys: 10, maxId: 12, forgetFrom: 5, idleAfterMs: 1_000 };

/** Ten keys, used at 0. */
function full(): AttributeKeys {
  const keys = new AttributeKeys(LIMITS);
  for (let i = 1; i <= 10; i++) assert.equal(keys.idOf(`bomb.${i}`), i);
  assert.equal(keys.idOf("late"), KEY_REFUSED);
  return keys;
}

Deno.test("AttributeKeys: a number is given again once its key was forgotten and released", () => {
  const keys = full();
  keys.touch(Uint16Array.of(1, 1, 2), 5_000);
  keys.takePending();
  keys.forgetIdle(5_500);
  assert.deepEqual(keys.takeForgotten(), [3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(keys.takeForgotten(), []);
  assert.deepEqual([keys.size, keys.generation], [2, 1]);
  // Rows that are stored still have its name, and it may not be given to another.
  assert.deepEqual([keys.keyOf(3), keys.idOf("late")], ["bomb.3", KEY_REFUSED]);
  keys.release([3, 1, 99]);
  assert.deepEqual([keys.keyOf(3), keys.keyOf(1)], ["", "bomb.1"]);
  assert.equal(keys.idOf("late"), 3);
  assert.deepEqual(keys.takePending(), [{ id: 3, key: "late" }]);
  assert.deepEqual([keys.idOf("late"), keys.keyOf(3), keys.idOf("other")], [3, "late", 0]);
  assert.equal(keys.refused, 3);
});

Deno.test("AttributeKeys: of few keys none is forgotten, and never those that are pinned", () => {
  const few = new AttributeKeys(LIMITS);
  for (const key of ["a", "b", "c"]) few.idOf(key);
  few.forgetIdle(1e9);
  assert.deepEqual([few.size, few.takeForgotten()], [3, []]);
  const keys = full();
  assert.equal(keys.pinnedIdOf("bomb.4"), 4);
  assert.equal(keys.idOf("new"), KEY_REFUSED);
  keys.forgetIdle(1e9);
  assert.deepEqual([keys.size, keys.keyOf(4), keys.takeForgotten().includes(4)], [
    1,
    "bomb.4",
    false,
  ]);
});

Deno.test("AttributeKeys: what the store was not told is told again, also to another store", () => {
  const keys = full();
  keys.forgetIdle(1e9);
  keys.giveBackForgotten(keys.takeForgotten());
  assert.equal(keys.takeForgotten().length, 10);
  keys.release([2]);
  const all = keys.takeAll();
  assert.deepEqual(all.map(({ id }) => id), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual([all[0]?.key, all[1]?.key], ["bomb.1", ""]);
  assert.deepEqual(keys.takeForgotten(), [1, 3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("AttributeKeys: keys that are pinned have room of their own", () => {
  const keys = full();
  assert.deepEqual([keys.pinnedIdOf("ours.1"), keys.pinnedIdOf("ours.2")], [11, 12]);
  assert.equal(keys.pinnedIdOf("ours.3"), KEY_REFUSED);
  assert.equal(keys.pinnedIdOf("ours.1"), 11);
  assert.equal(keys.idOf("ours.2"), 12, "who asks for the same key gets its number");
  keys.forgetIdle(1e9);
  assert.equal(keys.size, 2);
  // A number above goes to no key but a pinned one, and stands in the way of none.
  const later = new AttributeKeys(LIMITS);
  later.restore([...keys.takeAll()], 0);
  later.forgetIdle(1e9);
  later.release([4, 11]);
  assert.deepEqual([later.idOf("a"), later.idOf("b")], [4, KEY_REFUSED]);
  assert.equal(later.pinnedIdOf("ours.4"), 11);
});

Deno.test("AttributeKeys.restore: numbers without a key, and keys of two numbers", () => {
  const keys = new AttributeKeys(LIMITS);
  keys.restore([{ id: 1, key: "a" }, { id: 2, key: "" }, { id: 3, key: "a" }], 7);
  assert.deepEqual([keys.idOf("a"), keys.idOf("b"), keys.keyOf(1)], [3, 4, "a"]);
  // The store says when no row refers to them.
  assert.deepEqual(keys.takeForgotten(), [2, 1]);
  keys.release([2, 1]);
  assert.deepEqual([keys.idOf("c"), keys.idOf("d"), keys.idOf("e")], [1, 2, 5]);
});

Deno.test("AttributeKeys: no number ever stands for two keys at a time, whatever happens", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("use" as const), key: fc.integer({ min: 0, max: 25 }) }),
    fc.record({ kind: fc.constant("forget" as const), key: fc.constant(0) }),
    fc.record({ kind: fc.constant("release" as const), key: fc.integer({ min: 1, max: 10 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const keys = new AttributeKeys(LIMITS);
    /** What stored rows of each number have as their key. */
    const stored = new Map<number, string>();
    let nowMs = 10_000;
    for (const { kind, key } of steps) {
      nowMs += 300;
      if (kind === "use") {
        const id = keys.idOf(`k${key}`);
        if (id === KEY_REFUSED) continue;
        keys.touch(Uint16Array.of(id), nowMs);
        assert.equal(stored.get(id) ?? `k${key}`, `k${key}`);
        stored.set(id, `k${key}`);
      } else if (kind === "forget") keys.forgetIdle(nowMs);
      else {
        // The store releases only what was forgotten, once it has dropped the rows.
        keys.release([key]);
        if (keys.keyOf(key) === "") stored.delete(key);
      }
      for (const [id, name] of stored) assert.equal(keys.keyOf(id), name);
    }
  }));
});

import assert from "node:assert/strict";
import { Utf8Builder } from "../../../mod/columns/builders.ts";
import { AttributeListBuilder } from "../../../mod/signals/attributes.ts";
import { encodeArrow } from "../../../storage/arrow_encode.ts";
import { distinctIds, keyIdsOfFrame, KeyUsage } from "../../../storage/key_usage.ts";

const chunk = (number: number) => ({ signal: "spans", number, bucketUs: 0 } as const);

Deno.test("KeyUsage: what was forgotten is unused once no chunk refers to it", () => {
  const usage = new KeyUsage();
  const [a, b] = [chunk(1), chunk(2)];
  usage.note(a, [1, 7, 65_000]);
  usage.note(b, [7]);
  assert.deepEqual(usage.unused(), []);
  usage.forget([7, 9, 65_000]);
  assert.deepEqual(usage.unused(), [9]);
  usage.drop(a);
  assert.deepEqual(usage.unused(), [9, 65_000]);
  // They stay so until it is said that they were freed.
  usage.freed([9]);
  assert.deepEqual(usage.unused(), [65_000]);
  assert.deepEqual([usage.uses(b, 7), usage.uses(b, 8), usage.uses(a, 1)], [true, false, false]);
  usage.drop(b);
  assert.deepEqual(usage.unused(), [7, 65_000]);
});

Deno.test("keyIdsOfFrame: the keys of all rows, each once; all keys of what cannot be read", () => {
  const rows = new AttributeListBuilder();
  for (const ids of [[3, 5], [], [5, 65_000]]) {
    for (const id of ids) {
      rows.pushKey(id);
      rows.values.push("x");
    }
    rows.closeRow();
  }
  assert.deepEqual([...keyIdsOfFrame(encodeArrow(3, rows.finish()))].sort(), [3, 5, 65_000]);
  const names = new Utf8Builder();
  names.push("no attributes here");
  assert.deepEqual([...keyIdsOfFrame(encodeArrow(1, [["name", names.finish()]]))], []);
  assert.equal([...keyIdsOfFrame(new Uint8Array(64).fill(7))].length, 65_536);
  assert.deepEqual([...distinctIds(Uint16Array.of(4, 4, 0, 4))], [4, 0]);
});

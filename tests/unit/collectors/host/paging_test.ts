import assert from "node:assert/strict";
import { parseSwaps } from "../../../../collectors/host/paging.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parseSwaps: devices with their sizes in bytes", () => {
  assert.deepEqual(parseSwaps(textOf("kernel-6", "proc/swaps")), [
    { device: "/dev/nvme0n1p3", size: 1 << 30, used: 1 << 29 },
    { device: "/swap file", size: 1 << 30, used: 1 << 29 },
  ]);
});

Deno.test("parseSwaps: none without swap, or where it makes no sense", () => {
  assert.deepEqual(parseSwaps(textOf("kernel-3.10", "proc/swaps")), []);
  assert.deepEqual(parseSwaps(textOf("damaged", "proc/swaps")), []);
  assert.deepEqual(parseSwaps(""), []);
});

import assert from "node:assert/strict";
import { memoryUsage } from "../../../../collectors/host/memory.ts";
import { namedCounts } from "../../../../collectors/proc_text.ts";
import { textOf, TREES } from "../fixture_trees.ts";

const KIB = 1024;

Deno.test("memoryUsage: used is what is not available", () => {
  const memory = memoryUsage(namedCounts(textOf("kernel-6", "proc/meminfo")));
  assert.deepEqual(memory, {
    total: 16_384_000 * KIB,
    states: {
      used: (16_384_000 - 10_240_000) * KIB,
      free: 4_096_000 * KIB,
      cached: (10_240_000 - 4_096_000 - 512_000) * KIB,
      buffers: 512_000 * KIB,
    },
    available: 10_240_000 * KIB,
    shared: 204_800 * KIB,
    slabReclaimable: 307_200 * KIB,
    slabUnreclaimable: 102_400 * KIB,
  });
});

Deno.test("memoryUsage: a kernel that does not tell what is available", () => {
  const memory = memoryUsage(namedCounts(textOf("kernel-3.10", "proc/meminfo")));
  assert.equal(memory?.states.cached, (409_600 + 51_200) * KIB);
  assert.equal(memory?.states.used, (1_024_000 - 204_800 - 51_200 - 460_800) * KIB);
  assert.equal(memory?.available, null);
});

Deno.test("memoryUsage: less available than free and buffers leaves nothing cached", () => {
  const memory = memoryUsage(namedCounts(textOf("container", "proc/meminfo")));
  assert.equal(memory?.states.cached, 0);
});

Deno.test("memoryUsage: the states always sum up to the total, none negative", () => {
  for (const tree of TREES) {
    const memory = memoryUsage(namedCounts(textOf(tree, "proc/meminfo")));
    if (memory === null) continue;
    const { used, free, cached, buffers } = memory.states;
    assert.equal(used + free + cached + buffers, memory.total, tree);
    assert.ok(Math.min(used, free, cached, buffers) >= 0, tree);
  }
  const odd = memoryUsage(new Map([["MemTotal", 100], ["MemFree", 500], ["Cached", 500]]));
  assert.deepEqual(odd?.states, { used: 0, free: 100, cached: 0, buffers: 0 });
});

Deno.test("memoryUsage: null without a total", () => {
  assert.equal(memoryUsage(namedCounts(textOf("damaged", "proc/meminfo"))), null);
  assert.equal(memoryUsage(new Map([["MemTotal", 0]])), null);
});

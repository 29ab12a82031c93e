import assert from "node:assert/strict";
import fc from "fast-check";
import { dependencyCycle, dependencyFinding } from "../../../../mod/health/dependency.ts";
import type { HealthState } from "../../../../mod/health/health_state.ts";

const others = (...states: HealthState[]) => states.map((state, i) => ({ name: `c${i}`, state }));

Deno.test("dependencyFinding: all is as bad as the worst, any as the best", () => {
  const mixed = others("healthy", "unhealthy", "unknown", "degraded");
  assert.equal(dependencyFinding(mixed, "all").state, "unhealthy");
  assert.equal(dependencyFinding(mixed, "any").state, "healthy");
  assert.equal(
    dependencyFinding(mixed, "all").message,
    "c1 is unhealthy, c2 is unknown, c3 is degraded",
  );
  assert.equal(dependencyFinding(others("healthy", "unknown"), "all").state, "unknown");
  assert.equal(dependencyFinding(others("unhealthy", "unknown"), "any").state, "unknown");
  assert.equal(dependencyFinding(others("healthy", "healthy"), "all").state, "healthy");
  assert.equal(dependencyFinding([], "all").state, "unknown");
});

Deno.test("dependencyCycle: finds one where there is one, and only there", () => {
  const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));
  assert.equal(dependencyCycle(graph({ a: ["b", "c"], b: ["c"], c: [] })), null);
  assert.deepEqual(dependencyCycle(graph({ a: ["a"] })), ["a", "a"]);
  assert.deepEqual(dependencyCycle(graph({ x: ["a"], a: ["b"], b: ["c"], c: ["a"] })), [
    "a",
    "b",
    "c",
    "a",
  ]);
  const names = fc.constantFrom("a", "b", "c", "d", "e");
  const edges = fc.dictionary(names, fc.array(names, { maxLength: 4 }));
  fc.assert(fc.property(edges, (some) => {
    const map = graph(some);
    const cycle = dependencyCycle(map);
    if (cycle === null) {
      // An order exists: whoever depends on nothing that is left goes first.
      const left = new Set(map.keys());
      for (let before = -1; before !== left.size;) {
        before = left.size;
        for (const name of left) {
          if (!map.get(name)!.some((next) => left.has(next))) left.delete(name);
        }
      }
      assert.equal(left.size, 0);
    } else {
      assert.equal(cycle[0], cycle.at(-1));
      cycle.slice(1).forEach((next, i) => assert.ok(map.get(cycle[i]!)!.includes(next)));
    }
  }));
});

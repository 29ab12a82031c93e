import assert from "node:assert/strict";
import { parsePressure } from "../../../../collectors/host/pressure.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parsePressure: percentages are shares", () => {
  assert.deepEqual(parsePressure(textOf("kernel-6", "proc/pressure/io")), [
    { stall: "some", averages: { 10: 0.5, 60: 0.125, 300: 0.0006 }, totalUs: 12825746 },
    { stall: "full", averages: { 10: 0.25, 60: 0.0625, 300: 0.0004 }, totalUs: 11709285 },
  ]);
});

Deno.test("parsePressure: kernels that tell only one kind", () => {
  assert.deepEqual(
    parsePressure(textOf("kernel-6", "proc/pressure/irq")).map(({ stall }) => stall),
    ["full"],
  );
});

Deno.test("parsePressure: damaged lines are left out", () => {
  assert.deepEqual(parsePressure(textOf("damaged", "proc/pressure/cpu")), []);
});

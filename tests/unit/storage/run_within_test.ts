import assert from "node:assert/strict";
import { CutOff, runWithin } from "../../../storage/run_within.ts";

/** A module whose function `f` is `loop br 0 end`: it never returns. */
const ENDLESS = new WebAssembly.Instance(
  new WebAssembly.Module(
    // deno-fmt-ignore
    Uint8Array.of(
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
      1, 4, 1, 0x60, 0, 0,
      3, 2, 1, 0,
      7, 5, 1, 1, 0x66, 0, 0,
      10, 9, 1, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b,
    ),
  ),
);

function endless(): void {
  const { f } = ENDLESS.exports;
  if (typeof f === "function") f();
}

Deno.test("runWithin: hands on what work answers and throws", () => {
  assert.equal(runWithin(1_000, () => 42), 42);
  assert.equal(runWithin(1_000, () => undefined), undefined);
  assert.throws(() =>
    runWithin(1_000, () => {
      throw new RangeError("mine");
    }), RangeError);
});

Deno.test("runWithin: cuts off WebAssembly and loops, also from within another run", () => {
  assert.throws(() => runWithin(20, endless), CutOff);
  assert.throws(() =>
    runWithin(20, () => {
      for (;;);
    }), CutOff);
  assert.equal(
    runWithin(60_000, () => {
      assert.throws(() => runWithin(20, endless), CutOff);
      return "went on";
    }),
    "went on",
  );
  assert.throws(() => runWithin(20, () => runWithin(60_000, endless)), CutOff);
  assert.equal(runWithin(1_000, () => "goes on"), "goes on");
});

Deno.test("runWithin: what is cut off runs no finally block", () => {
  let ran = false;
  assert.throws(() =>
    runWithin(20, () => {
      try {
        endless();
      } finally {
        ran = true;
      }
    }), CutOff);
  assert.equal(ran, false);
});

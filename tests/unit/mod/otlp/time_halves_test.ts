import assert from "node:assert/strict";
import fc from "fast-check";
import { microsOf, nanosRemainder } from "../../../../mod/otlp/time_halves.ts";

Deno.test("microsOf, nanosRemainder: agree with BigInt for every time of 64 bits", () => {
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 63n - 1n), (ns) => {
    const [low, high] = [Number(ns & 0xffffffffn), Number(ns >> 32n)];
    // Microseconds past 2^53 (the year 2255) are rounded to what a double holds.
    assert.equal(microsOf(low, high), Number(ns / 1000n));
    assert.equal(nanosRemainder(low, high), Number(ns % 1000n));
  }));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  incomingThreshold,
  traceRandomness,
} from "../../../../../mod/pipeline/sampling/trace_threshold.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

Deno.test("traceRandomness: the last 56 bits of the id, or what the tracestate says", () => {
  assert.equal(traceRandomness("f".repeat(18) + "80000000000000", ""), 0.5);
  assert.equal(traceRandomness("f".repeat(18) + "00000000000000", "vendor=x"), 0);
  assert.equal(traceRandomness(TRACE, "ot=rv:40000000000000"), 0.25);
  assert.equal(traceRandomness(TRACE, "a=b, ot=th:8;rv:c0000000000000 ,c=d"), 0.75);
  // Not 14 digits: not what the specification allows, so the id counts.
  assert.equal(traceRandomness(TRACE, "ot=rv:4"), traceRandomness(TRACE, ""));
});

Deno.test("incomingThreshold: th with its trailing zeros left out; none is 0", () => {
  assert.equal(incomingThreshold("ot=th:8"), 0.5);
  assert.equal(incomingThreshold("vendor=1,ot=rv:00000000000000;th:c"), 0.75);
  assert.equal(incomingThreshold("ot=th:fd70a3d70a3d71"), 0xfd70a3d70a3d / 16 ** 12);
  for (const none of ["", "ot=", "ot=th:", "ot=th:xyz", "other=th:8", "ot=th:123456789abcdef"]) {
    assert.equal(incomingThreshold(none), 0, none);
  }
});

Deno.test("traceRandomness: ids that are none are spread evenly, each always the same", () => {
  for (const id of ["", "-1", "0x1", " 1", "abc", "-0000000000001", "4BF92F3577B34D"]) {
    assert.equal(traceRandomness(id, ""), traceRandomness(id, ""), id);
  }
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) tenths[Math.floor(traceRandomness(`request ${i}`, "") * 10)]!++;
  for (const count of tenths) assert.ok(Math.abs(count - 1_000) < 150, `${tenths}`);
});

Deno.test("trace_threshold: always numbers in [0, 1), whatever was sent", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (traceId, state) => {
    for (
      const value of [traceRandomness(traceId, `ot=${state}`), incomingThreshold(`ot=${state}`)]
    ) {
      assert.ok(value >= 0 && value < 1);
    }
  }));
});

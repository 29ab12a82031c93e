import assert from "node:assert/strict";
import {
  parseAuxiliaryVector,
  USUAL_KERNEL_CONSTANTS,
} from "../../../collectors/kernel_constants.ts";

function auxv(...entries: [bigint, bigint][]): Uint8Array {
  return new Uint8Array(new BigUint64Array(entries.flat()).buffer);
}

Deno.test("parseAuxiliaryVector: page size and clock ticks", () => {
  assert.deepEqual(
    parseAuxiliaryVector(auxv([33n, 1n], [6n, 65536n], [17n, 250n], [0n, 0n])),
    { clockTicksPerSecond: 250, pageSizeBytes: 65536 },
  );
});

Deno.test("parseAuxiliaryVector: what is missing or makes no sense is as usual", () => {
  assert.deepEqual(parseAuxiliaryVector(new Uint8Array()), USUAL_KERNEL_CONSTANTS);
  assert.deepEqual(parseAuxiliaryVector(new Uint8Array(23).fill(6)), USUAL_KERNEL_CONSTANTS);
  assert.deepEqual(
    parseAuxiliaryVector(auxv([6n, 0n], [17n, 2n ** 60n])),
    USUAL_KERNEL_CONSTANTS,
  );
});

Deno.test("parseAuxiliaryVector: reads the vector of this process", () => {
  const { clockTicksPerSecond, pageSizeBytes } = parseAuxiliaryVector(
    Deno.readFileSync("/proc/self/auxv"),
  );
  assert.equal(clockTicksPerSecond, 100);
  assert.ok([4096, 16384, 65536].includes(pageSizeBytes));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { unsnappy } from "../../../../mod/compress/snappy.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import { snappyBlock } from "../../../support/snappy_block.ts";

const utf8 = new TextEncoder();
const MIB = 1024 * 1024;

Deno.test("unsnappy: elements as the format's description gives them", () => {
  // "xababab": the description's example of a copy that overlaps what it writes.
  const overlapping = Uint8Array.of(7, 0b1000, 0x78, 0x61, 0x62, 0b00000001, 2);
  assert.deepEqual(unsnappy(overlapping, MIB), utf8.encode("xababab"));
  const twoBytes = Uint8Array.of(7, 0b1000, 0x78, 0x61, 0x62, (4 - 1) << 2 | 2, 2, 0);
  assert.deepEqual(unsnappy(twoBytes, MIB), utf8.encode("xababab"));
  const fourBytes = Uint8Array.of(7, 0b1000, 0x78, 0x61, 0x62, (4 - 1) << 2 | 3, 2, 0, 0, 0);
  assert.deepEqual(unsnappy(fourBytes, MIB), utf8.encode("xababab"));
  assert.deepEqual(unsnappy(Uint8Array.of(0), MIB), new Uint8Array());
});

Deno.test("unsnappy: what was compressed comes back", () => {
  const texts = fc.array(fc.constantFrom("instance=", "job=", "node", "a", "0123456789"), {
    maxLength: 400,
  }).map((parts) => utf8.encode(parts.join("")));
  const bodies = fc.oneof(fc.uint8Array({ maxLength: 300 }), texts);
  fc.assert(fc.property(bodies, (body) => {
    assert.deepEqual(unsnappy(snappyBlock(body), body.length), body);
  }));
  const long = new Uint8Array(300_000).map((_, i) => i * i >>> 3);
  assert.deepEqual(unsnappy(snappyBlock(long), MIB), long);
});

Deno.test("unsnappy: whatever comes is decompressed within its bound or refused", () => {
  const damaged = fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255)).map(
    ([body, at, byte]) => {
      const block = snappyBlock(body);
      block[at % block.length] = byte;
      return block;
    },
  );
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), (block) => {
      try {
        assert.ok(unsnappy(block, 1_000).length <= 1_000);
      } catch (error) {
        assert.ok(error instanceof HorizonError, String(error));
        assert.ok(error.code === "invalid_argument" || error.code === "too_large");
      }
    }),
    { numRuns: 2_000 },
  );
});

const REFUSED: readonly (readonly [what: string, bytes: readonly number[], code: string])[] = [
  ["nothing", [], "invalid_argument"],
  ["a length past the bound", [0xff, 0xff, 0xff, 0x7f], "too_large"],
  ["a length of 2^32", [0xff, 0xff, 0xff, 0xff, 0x1f], "invalid_argument"],
  ["a length it cannot have", [0xff, 0xff, 0x3f, 0, 1], "invalid_argument"],
  ["less than it says", [3, 0, 1], "invalid_argument"],
  ["more than it says", [1, 4, 1, 2], "invalid_argument"],
  ["a literal past the end", [4, 12, 1], "invalid_argument"],
  ["a copy from before the start", [5, 0, 1, 1, 2], "invalid_argument"],
  ["a copy from where it stands", [5, 0, 1, 1, 0], "invalid_argument"],
  ["half a tag", [100, 61 << 2, 1], "invalid_argument"],
];

for (const [what, bytes, code] of REFUSED) {
  Deno.test(`unsnappy: refuses ${what}`, () => {
    assert.throws(
      () => unsnappy(Uint8Array.from(bytes), MIB),
      (error) => error instanceof HorizonError && error.code === code,
    );
  });
}

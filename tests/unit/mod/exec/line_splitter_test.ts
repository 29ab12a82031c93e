import assert from "node:assert/strict";
import fc from "fast-check";
import { LineSplitter } from "../../../../mod/exec/line_splitter.ts";

function linesOf(chunks: readonly Uint8Array[], maxBytes: number): string[] {
  const splitter = new LineSplitter(maxBytes);
  return [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()];
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("LineSplitter: lines, with or without a carriage return and a last end", () => {
  assert.deepEqual(linesOf([bytes("a\r\n\nb\nc")], 100), ["a", "", "b", "c"]);
  assert.deepEqual(linesOf([bytes("a\n")], 100), ["a"]);
  assert.deepEqual(linesOf([], 100), []);
});

Deno.test("LineSplitter: a long line comes in pieces, and nothing of it is lost", () => {
  assert.deepEqual(linesOf([bytes("abcdefgh\nx\n")], 3), ["abc", "def", "gh", "x"]);
  // Told in whole pieces: its end is no empty line.
  assert.deepEqual(linesOf([bytes("abcdef"), bytes("\n\ny\n")], 3), ["abc", "def", "", "y"]);
});

Deno.test("LineSplitter: how the stream was cut into chunks makes no difference", () => {
  fc.assert(fc.property(
    fc.array(fc.constantFrom("a", "é", "\n", "漢", "\r\n", "zz"), { maxLength: 60 }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 }),
    (parts, sizes) => {
      const whole = bytes(parts.join(""));
      const chunks: Uint8Array[] = [];
      for (let at = 0, i = 0; at < whole.length; i++) {
        const size = sizes[i % sizes.length]!;
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(linesOf(chunks, 1_000), linesOf([whole], 1_000));
    },
  ));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Utf8Column } from "../../../../../mod/columns/column.ts";
import { Utf8Builder } from "../../../../../mod/columns/builders.ts";
import { TriggerScan } from "../../../../../mod/pipeline/redact/trigger_scan.ts";

const TRIGGERS = ["pass", "token", "://", "eyj", "key=", "aaa"].map((literal, i) => ({
  literal,
  bits: 1 << i,
}));

function columnOf(texts: readonly (string | null)[]): Utf8Column {
  const builder = new Utf8Builder();
  for (const text of texts) {
    if (text === null) builder.pushNull();
    else builder.push(text);
  }
  return builder.finish();
}

function scanned(column: Utf8Column): (readonly [row: number, bits: number])[] {
  const found: (readonly [number, number])[] = [];
  new TriggerScan(TRIGGERS).scan(
    column.bytes,
    column.offsets,
    (row, bits) => found.push([row, bits]),
  );
  return found;
}

Deno.test("TriggerScan: finds what a plain search finds, in any case, never across texts", () => {
  const piece = fc.constantFrom(..."paswtokenPASS:/eyJK=A ü", "pass", "tok", "en", "a", "://", "");
  const text = fc.option(fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
      const expected = texts.flatMap((text, row) => {
        const lower = (text ?? "").replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
        const bits = TRIGGERS.reduce(
          (all, { literal, bits }) => lower.includes(literal) ? all | bits : all,
          0,
        );
        return bits === 0 ? [] : [[row, bits] as const];
      });
      assert.deepEqual(scanned(columnOf(texts)), expected);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("TriggerScan: bytes may begin anywhere in their buffer", () => {
  const { bytes, offsets } = columnOf(["a token", "none", "x://y"]);
  for (let shift = 0; shift < 4; shift++) {
    const moved = new Uint8Array(new ArrayBuffer(bytes.length + 8), shift, bytes.length);
    moved.set(bytes);
    const column: Utf8Column = { type: "utf8", bytes: moved, offsets, nulls: null };
    assert.deepEqual(scanned(column), [[0, 2], [2, 4]]);
  }
});

Deno.test("TriggerScan: a trigger of two bytes is refused", () => {
  assert.throws(() => new TriggerScan([{ literal: "ab", bits: 1 }]), RangeError);
});

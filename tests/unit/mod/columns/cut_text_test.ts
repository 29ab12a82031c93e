import assert from "node:assert/strict";
import fc from "fast-check";
import { cutEnd } from "../../../../mod/columns/cut_text.ts";

Deno.test("cutEnd: keeps as many whole characters as fit", () => {
  const unit = fc.string({ unit: "binary", maxLength: 20 });
  fc.assert(fc.property(unit, fc.nat({ max: 30 }), (text, maxBytes) => {
    const bytes = new TextEncoder().encode(text);
    const end = cutEnd(bytes, 0, bytes.length, maxBytes);
    const kept = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes.subarray(0, end));
    assert.ok(text.startsWith(kept));
    assert.ok(end <= maxBytes || end === bytes.length && bytes.length <= maxBytes);
    const next = [...text].slice([...kept].length)[0];
    if (next !== undefined) assert.ok(end + new TextEncoder().encode(next).length > maxBytes);
  }));
});

Deno.test("cutEnd: cuts bytes that are no UTF-8 too", () => {
  const bytes = new Uint8Array(10).fill(0x80);
  assert.equal(cutEnd(bytes, 0, 10, 6), 3);
  assert.equal(cutEnd(bytes, 5, 10, 1), 5);
});

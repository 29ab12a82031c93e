import assert from "node:assert/strict";
import fc from "fast-check";
import { type Key, readKeys } from "../../../../mod/top/keys.ts";

const shown = (keys: readonly Key[]) =>
  keys.map((key) => key.kind === "text" ? key.text : `<${key.name}>`).join("");

Deno.test("readKeys: characters, controls and what terminals send for other keys", () => {
  assert.equal(shown(readKeys("aé漢/")), "aé漢/");
  assert.equal(
    shown(readKeys("\x1b[A\x1b[B\x1bOA\x1b[5~\x1b[6~")),
    "<up><down><up><page_up><page_down>",
  );
  assert.equal(shown(readKeys("\x1b[H\x1b[F\x1b[1~\x1b[4~")), "<home><end><home><end>");
  assert.equal(shown(readKeys("\r\x7f\x03")), "<enter><backspace><interrupt>");
  assert.equal(shown(readKeys("\x1b")), "<escape>");
});

Deno.test("readKeys: keys that mean nothing here are passed over as a whole", () => {
  // F5, alt-left, delete, a bell.
  assert.equal(shown(readKeys("\x1b[15~\x1b[1;3D\x1b[3~\x07q")), "q");
});

Deno.test("readKeys: whatever is typed, it ends, and keeps printable characters", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    for (const key of readKeys(text)) {
      if (key.kind === "text") assert.ok(text.includes(key.text) && key.text >= " ");
    }
  }));
});

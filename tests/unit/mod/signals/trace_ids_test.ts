import assert from "node:assert/strict";
import { idOfDigits } from "../../../../mod/signals/trace_ids.ts";

Deno.test("idOfDigits: answers lower case, and null for what is no id", () => {
  assert.equal(idOfDigits("B7AD6B7169203331", 16), "b7ad6b7169203331");
  for (const text of ["", "b7ad", "0000000000000000", "b7ad6b716920333g", "b7ad6b71692033310"]) {
    assert.equal(idOfDigits(text, 16), null, text);
  }
});

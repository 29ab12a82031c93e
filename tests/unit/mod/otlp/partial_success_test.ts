import assert from "node:assert/strict";
import fc from "fast-check";
import { OTLP_SIGNALS } from "../../../../mod/otlp/otlp_signal.ts";
import { decodePartialSuccess } from "../../../../mod/otlp/partial_success.ts";
import { encodeExportResponse } from "../../../../mod/otlp/responses.ts";

Deno.test("decodePartialSuccess: reads what a receiver of ours says, for every signal", () => {
  fc.assert(fc.property(
    fc.constantFrom(...OTLP_SIGNALS),
    fc.nat(),
    fc.string({ unit: "binary" }),
    (signal, rejected, message) => {
      const outcome = { accepted: 0, rejected, reasons: {}, errorMessage: message, newestUs: null };
      const read = decodePartialSuccess(encodeExportResponse(signal, outcome, "protobuf"));
      const expected = rejected === 0 && message === "" ? null : { rejected, message };
      assert.deepEqual(read, expected);
    },
  ));
});

Deno.test("decodePartialSuccess: passes over unknown fields, takes negative counts for none", () => {
  const minusOne = [...Array(9).fill(0xff), 1];
  const cases: readonly (readonly [readonly number[], unknown])[] = [
    [[], null],
    [[0x0a, 0], null],
    [[0x12, 1, 7, 0x0a, 2, 0x08, 3], { rejected: 3, message: "" }],
    [[0x0a, 4, 0x18, 9, 0x08, 3], { rejected: 3, message: "" }],
    [[0x0a, 14, 0x08, ...minusOne, 0x12, 1, 0x61], { rejected: 0, message: "a" }],
    [[0x0a, 9, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x18, 0], {
      rejected: 2 ** 35,
      message: "",
    }],
    [[0x0a, 200], null],
    [[0x0f], null],
  ];
  for (const [bytes, expected] of cases) {
    assert.deepEqual(decodePartialSuccess(Uint8Array.from(bytes)), expected, `${bytes}`);
  }
});

Deno.test("decodePartialSuccess: no bytes make it fail", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    decodePartialSuccess(bytes);
  }));
});

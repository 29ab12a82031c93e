import assert from "node:assert/strict";
import { fieldPath } from "../../../../mod/otlp/field_path.ts";
import { bytesOfHex, encodeRequest, keyValues } from "./reference_encoder.ts";

const body = encodeRequest("traces", {
  resourceSpans: [{}, {
    resource: { attributes: keyValues({ a: "1" }) },
    scopeSpans: [{
      spans: [{ name: "first" }, {
        traceId: bytesOfHex("0af7651916cd43dd8448eb211c80319c"),
        name: "second",
        attributes: keyValues({ k: "marker" }),
      }],
    }],
  }],
});

const offsetOf = (text: string): number => new TextDecoder("latin1").decode(body).indexOf(text);

Deno.test("fieldPath: names the field that holds a byte, with the index of each repeated one", () => {
  const spans = "resourceSpans[1].scopeSpans[0].spans";
  assert.equal(fieldPath("traces", body, offsetOf("first")), `${spans}[0].name`);
  assert.equal(fieldPath("traces", body, offsetOf("second") + 2), `${spans}[1].name`);
  assert.equal(
    fieldPath("traces", body, offsetOf("marker")),
    `${spans}[1].attributes[0].value.stringValue`,
  );
});

Deno.test("fieldPath: goes as deep as the body is well-formed", () => {
  const cut = body.slice(0, offsetOf("marker") + 3);
  assert.equal(fieldPath("traces", cut, cut.length), "");
  assert.equal(fieldPath("traces", Uint8Array.from([255]), 0), "");
  assert.equal(fieldPath("logs", new Uint8Array(), 0), "");
});

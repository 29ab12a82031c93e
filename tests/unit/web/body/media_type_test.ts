import assert from "node:assert/strict";
import { bestMediaType, mediaType } from "../../../../web/body/media_type.ts";

Deno.test("mediaType: leaves out parameters and case", () => {
  const of = (type: string): string => mediaType(new Headers({ "content-type": type }));
  assert.equal(of("Application/JSON; charset=UTF-8"), "application/json");
  assert.equal(of("application/x-protobuf"), "application/x-protobuf");
  assert.equal(mediaType(new Headers()), "");
});

Deno.test("bestMediaType: quality, then specificity, then the order of the offer", () => {
  const offered = ["application/json", "text/csv", "text/plain"];
  const table: [string | null, string | null][] = [
    [null, "application/json"],
    ["", "application/json"],
    ["*/*", "application/json"],
    ["text/csv", "text/csv"],
    ["text/*", "text/csv"],
    ["text/*;q=0.5, text/plain", "text/plain"],
    ["text/csv;q=0.1, application/json;q=0.2", "application/json"],
    ["text/csv;q=0, */*;q=0.1", "application/json"],
    ["image/png", null],
    ["text/csv;q=nonsense", null],
    ["TEXT/CSV ; Q=1", "text/csv"],
  ];
  for (const [accept, expected] of table) {
    assert.equal(bestMediaType(accept, offered), expected, String(accept));
  }
});

import assert from "node:assert/strict";
import {
  formatStatusRanges,
  inRanges,
  parseStatusRanges,
} from "../../../../mod/health/status_ranges.ts";

Deno.test("parseStatusRanges: codes, ranges and lists of them", () => {
  const ranges = parseStatusRanges("200-299, 304,418 - 418");
  assert.ok(ranges !== null);
  assert.equal(formatStatusRanges(ranges), "200-299, 304, 418");
  for (const status of [200, 299, 304, 418]) assert.ok(inRanges(status, ranges), String(status));
  for (const status of [199, 300, 417, 500]) assert.ok(!inRanges(status, ranges), String(status));
  for (const bad of ["", "2xx", "99", "600", "299-200", "200,", "200-", "-200", "200 300"]) {
    assert.equal(parseStatusRanges(bad), null, bad);
  }
});

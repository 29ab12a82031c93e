import assert from "node:assert/strict";
import { type ErrorCode, HorizonError } from "../../../../mod/errors.ts";
import { errorHeaders, httpStatus } from "../../../../web/errors/http_status.ts";
import { SlowBodyError } from "../../../../web/errors/slow_body_error.ts";

Deno.test("httpStatus: has the status of every code", () => {
  const expected: Record<ErrorCode, number> = {
    invalid_argument: 400,
    invalid_query: 400,
    too_large: 413,
    unsupported_media_type: 415,
    unauthenticated: 401,
    permission_denied: 403,
    not_found: 404,
    conflict: 409,
    method_not_allowed: 405,
    overloaded: 429,
    unavailable: 503,
    deadline_exceeded: 504,
    cancelled: 499,
    internal: 500,
  };
  for (const [code, status] of Object.entries(expected)) {
    assert.equal(httpStatus(new HorizonError(code as ErrorCode, "x")), status);
  }
  assert.equal(httpStatus(new SlowBodyError(5)), 408);
});

Deno.test("errorHeaders: Retry-After is in whole seconds, at least one", () => {
  const retry = (ms: number | null): [string, string][] =>
    errorHeaders(new HorizonError("overloaded", "x", {}, ms));
  assert.deepEqual(retry(null), [["retry-after", "1"]]);
  assert.deepEqual(retry(1), [["retry-after", "1"]]);
  assert.deepEqual(retry(1_001), [["retry-after", "2"]]);
  assert.deepEqual(errorHeaders(new HorizonError("invalid_argument", "x", {}, 1)), []);
});

import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { ErrorCode } from "../../../../mod/errors.ts";
import { rpcCode } from "../../../../mod/otlp/rpc_code.ts";

Deno.test("rpcCode: the codes are those that gRPC knows by these names", () => {
  const expected: Readonly<Record<ErrorCode, keyof typeof status>> = {
    cancelled: "CANCELLED",
    invalid_argument: "INVALID_ARGUMENT",
    invalid_query: "INVALID_ARGUMENT",
    too_large: "INVALID_ARGUMENT",
    unsupported_media_type: "INVALID_ARGUMENT",
    method_not_allowed: "INVALID_ARGUMENT",
    deadline_exceeded: "DEADLINE_EXCEEDED",
    not_found: "NOT_FOUND",
    conflict: "ALREADY_EXISTS",
    permission_denied: "PERMISSION_DENIED",
    overloaded: "RESOURCE_EXHAUSTED",
    internal: "INTERNAL",
    unavailable: "UNAVAILABLE",
    unauthenticated: "UNAUTHENTICATED",
  };
  for (const [code, name] of Object.entries(expected)) {
    assert.equal(rpcCode(code as ErrorCode), status[name], code);
  }
});

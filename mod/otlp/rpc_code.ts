import type { ErrorCode } from "../errors.ts";

/** google.rpc.Code of each failure, for the Status that OTLP clients get over HTTP and gRPC. */
const RPC_CODES = {
  cancelled: 1,
  invalid_argument: 3,
  invalid_query: 3,
  too_large: 3,
  unsupported_media_type: 3,
  method_not_allowed: 3,
  deadline_exceeded: 4,
  not_found: 5,
  conflict: 6,
  permission_denied: 7,
  overloaded: 8,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const satisfies Record<ErrorCode, number>;

/** The google.rpc.Code of a failure. */
export function rpcCode(code: ErrorCode): number {
  return RPC_CODES[code];
}

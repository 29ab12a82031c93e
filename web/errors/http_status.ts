import type { ErrorCode, HorizonError } from "../../mod/errors.ts";
import { SlowBodyError } from "./slow_body_error.ts";

/** HTTP status of each failure (RFC 9110). `satisfies` names the code that was forgotten. */
const STATUS = {
  invalid_argument: 400,
  invalid_query: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  overloaded: 429,
  // Not in RFC 9110; nobody is left to read it, but logs and metrics do (as nginx has it).
  cancelled: 499,
  internal: 500,
  unavailable: 503,
  deadline_exceeded: 504,
} as const satisfies Record<ErrorCode, number>;

/** What a client is told to wait, in seconds, when the failure does not say. */
const DEFAULT_RETRY_AFTER_S = 1;

/** The HTTP status of a failure. */
export function httpStatus(error: HorizonError): number {
  return error instanceof SlowBodyError ? 408 : STATUS[error.code];
}

/** Headers that belong to a failure: `Retry-After` in whole seconds, `WWW-Authenticate`, `Allow`. */
export function errorHeaders(error: HorizonError): [name: string, value: string][] {
  const headers: [string, string][] = [];
  if (error.code === "overloaded" || error.code === "unavailable") {
    const seconds = error.retryAfterMs === null
      ? DEFAULT_RETRY_AFTER_S
      : Math.max(1, Math.ceil(error.retryAfterMs / 1000));
    headers.push(["retry-after", String(seconds)]);
  }
  if (error.code === "unauthenticated") {
    headers.push(["www-authenticate", 'Bearer realm="horizon"']);
  }
  const allowed = error.details["allowed_methods"];
  if (error.code === "method_not_allowed" && Array.isArray(allowed)) {
    headers.push(["allow", allowed.join(", ")]);
  }
  return headers;
}

import type { HorizonError } from "../../mod/errors.ts";
import { errorHeaders, httpStatus } from "./http_status.ts";

/** A failure as `{"error": {"code", "message", "details"}}` with its status and headers. */
export function jsonError(error: HorizonError): Response {
  const { code, message, details } = error;
  return new Response(JSON.stringify({ error: { code, message, details } }), {
    status: httpStatus(error),
    headers: [["content-type", "application/json"], ...errorHeaders(error)],
  });
}

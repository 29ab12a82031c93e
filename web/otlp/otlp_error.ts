import type { HorizonError } from "../../mod/errors.ts";
import { encodeRpcStatus } from "../../mod/otlp/responses.ts";
import { rpcCode } from "../../mod/otlp/rpc_code.ts";
import { mediaType } from "../body/media_type.ts";
import { errorHeaders, httpStatus } from "../errors/http_status.ts";
import { encodingOf, OTLP_MEDIA_TYPES } from "./otlp_encoding.ts";

/**
 * A failure as `google.rpc.Status` in the encoding of the request, JSON where that is not
 * known (OTLP specification, "OTLP/HTTP Response", "Failures").
 */
export function otlpError(error: HorizonError, requestHeaders: Headers): Response {
  const encoding = encodingOf(mediaType(requestHeaders)) ?? "json";
  return new Response(encodeRpcStatus(rpcCode(error.code), error.message, encoding), {
    status: httpStatus(error),
    headers: [["content-type", OTLP_MEDIA_TYPES[encoding]], ...errorHeaders(error)],
  });
}

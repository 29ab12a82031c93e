import { toHorizonError } from "../../mod/errors.ts";
import type { Endpoint } from "../connection.ts";
import type { Gate } from "./gate.ts";

/** What a gRPC call's `authorization` metadata is worth; the listener turns it into a status. */
export type CallVerdict =
  | { readonly ok: true }
  | {
    readonly ok: false;
    readonly code: "unauthenticated" | "permission_denied" | "overloaded";
    readonly message: string;
    readonly retryAfterMs?: number;
  };

/** Lets a gRPC listener at `local` ask the same gate as HTTP whether a caller may send telemetry. */
export function grpcAuthorize(
  gate: Gate,
  local: Endpoint,
): (authorization: string | null, peer: string) => CallVerdict {
  return (authorization, peer) => {
    const headers = new Headers(authorization === null ? {} : { authorization });
    const connection = { local, remote: { hostname: peer, port: 0 } };
    try {
      gate.authorizeHeaders(headers, connection, "ingest");
      return { ok: true };
    } catch (error) {
      const { code, message, retryAfterMs } = toHorizonError(error);
      if (code === "overloaded") {
        return { ok: false, code, message, ...retryAfterMs === null ? {} : { retryAfterMs } };
      }
      if (code === "unauthenticated" || code === "permission_denied") {
        return { ok: false, code, message };
      }
      throw error;
    }
  };
}

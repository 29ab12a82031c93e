import type { Config } from "../mod/config/schema.ts";
import type { BodyLimits } from "./body/body_limits.ts";
import type { GateOptions } from "./security/gate.ts";

/** How long a request's body may take to arrive. */
const BODY_TIMEOUT_MS = 30_000;

/** Who comes in, and how large what they bring may be, as the configuration has it. */
export function configuredDoors(
  { auth, server }: Pick<Config, "auth" | "server">,
): { readonly gate: GateOptions; readonly bodyLimits: BodyLimits } {
  return {
    gate: {
      tokens: auth.tokens,
      allowUnauthenticatedRemote: server.allow_unauthenticated_remote,
      allowedHosts: server.allowed_hosts,
      allowedOrigins: server.allowed_origins,
    },
    bodyLimits: {
      maxBytes: server.max_body_bytes,
      maxDecompressedBytes: server.max_decompressed_body_bytes,
      timeoutMs: BODY_TIMEOUT_MS,
    },
  };
}

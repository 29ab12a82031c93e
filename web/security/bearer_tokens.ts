import { createHash, timingSafeEqual } from "node:crypto";
import { assert } from "../../mod/errors.ts";
import type { TokenRole } from "./roles.ts";

/** A configured token; only its hash is known here. */
export interface TokenGrant {
  readonly name: string;
  readonly role: TokenRole;
  /** SHA-256 of the token's UTF-8 text, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** No real token is longer; what is longer is not hashed. */
const MAX_TOKEN_LENGTH = 512;
/** Prefix of the WebSocket subprotocol that carries a token; browsers can send no header there. */
const SUBPROTOCOL_PREFIX = "bearer.";

/** The configured tokens, found by comparing hashes in constant time. */
export class BearerTokens {
  readonly #grants: readonly { readonly grant: TokenGrant; readonly hash: Uint8Array }[];

  constructor(grants: readonly TokenGrant[]) {
    this.#grants = grants.map((grant) => {
      assert(/^[0-9a-fA-F]{64}$/.test(grant.sha256), "a token's hash is 64 hexadecimal digits");
      return { grant, hash: Uint8Array.from(grant.sha256.match(/../g) ?? [], (x) => +`0x${x}`) };
    });
  }

  /** True when no token is configured. */
  get isEmpty(): boolean {
    return this.#grants.length === 0;
  }

  /** The grant of a token, or null. Takes as long for a near miss as for a far one. */
  find(token: string): TokenGrant | null {
    if (token.length === 0 || token.length > MAX_TOKEN_LENGTH) return null;
    const hash = createHash("sha256").update(token, "utf8").digest();
    let found: TokenGrant | null = null;
    for (const one of this.#grants) {
      if (timingSafeEqual(hash, one.hash) && found === null) found = one.grant;
    }
    return found;
  }
}

/**
 * The token of a request: `Authorization: Bearer …` (RFC 6750 section 2.1), or for a WebSocket
 * the subprotocol `bearer.<token>`. `Token …` is how InfluxDB's clients write it. Null when there
 * is none. Never taken from the URL, which ends up in logs and histories.
 */
export function presentedToken(headers: Headers): string | null {
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    const match = /^(?:bearer|token) +(\S+) *$/i.exec(authorization);
    // Another scheme is an attempt as well: it must not fall back to "no token".
    return match?.[1] ?? "";
  }
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return null;
  for (const protocol of (headers.get("sec-websocket-protocol") ?? "").split(",")) {
    const name = protocol.trim();
    if (name.startsWith(SUBPROTOCOL_PREFIX)) return name.slice(SUBPROTOCOL_PREFIX.length);
  }
  return null;
}

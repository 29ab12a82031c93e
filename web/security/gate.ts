import type { Clock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import { type Connection, isLoopbackAddress } from "../connection.ts";
import { BearerTokens, presentedToken, type TokenGrant } from "./bearer_tokens.ts";
import { FAILED_ATTEMPT_LIMITS, FailedAttempts } from "./failed_attempts.ts";
import { checkHost } from "./host_check.ts";
import { judgeOrigin, type OriginVerdict } from "./origin_check.ts";
import { type Principal, type Role, roleIncludes } from "./roles.ts";

export interface GateOptions {
  readonly tokens: readonly TokenGrant[];
  /** Serve listeners that are not loopback although no token is configured. */
  readonly allowUnauthenticatedRemote: boolean;
  /** Further names under which this listener may be called. */
  readonly allowedHosts: readonly string[];
  /** Foreign web origins, such as `https://grafana.example`, that may call this listener. */
  readonly allowedOrigins: readonly string[];
}

const ANONYMOUS: Principal = { name: "anonymous", role: "public" };

/** Decides who comes in: the host name, the web origin, then the token and its role. */
export class Gate {
  readonly #options: GateOptions;
  readonly #tokens: BearerTokens;
  readonly #attempts: FailedAttempts;

  constructor(options: GateOptions, clock: Clock) {
    this.#options = options;
    this.#tokens = new BearerTokens(options.tokens);
    this.#attempts = new FailedAttempts(FAILED_ATTEMPT_LIMITS, clock);
  }

  /** Wrong tokens, and requests refused because of them. */
  get stats(): { readonly failures: number; readonly refused: number } {
    return this.#attempts.stats;
  }

  /** @throws HorizonError `permission_denied` when the host name is not ours */
  checkHost(request: Request, connection: Connection): void {
    checkHost(hostOf(request), connection.local, this.#options.allowedHosts);
  }

  /** @throws HorizonError `permission_denied` for a page of another origin */
  judgeOrigin(request: Request): OriginVerdict {
    return judgeOrigin(request.headers, hostOf(request), this.#options.allowedOrigins);
  }

  /**
   * Judges the host name, and the web origin of everything that is not a public page: those
   * are linked to from elsewhere and hold no data.
   * @throws HorizonError `permission_denied`
   */
  judge(request: Request, connection: Connection, role: Role): OriginVerdict {
    this.checkHost(request, connection);
    const harmless = request.method === "GET" || request.method === "HEAD";
    return role === "public" && harmless ? { kind: "none" } : this.judgeOrigin(request);
  }

  /**
   * Who calls, if they may call a route that wants `role`.
   * @throws HorizonError `unauthenticated`, `permission_denied` (naming the role), or
   * `overloaded` after too many wrong tokens
   */
  authorize(request: Request, connection: Connection, role: Role): Principal {
    return this.authorizeHeaders(request.headers, connection, role);
  }

  /** The same for a caller who comes over another protocol, by the headers that it has. */
  authorizeHeaders(headers: Headers, connection: Connection, role: Role): Principal {
    if (role === "public") return ANONYMOUS;
    if (this.#tokens.isEmpty) return this.#openDoor(connection);
    const token = presentedToken(headers);
    const address = connection.remote.hostname;
    if (token === null) {
      throw new HorizonError("unauthenticated", "a bearer token is needed", {
        role_needed: role,
      });
    }
    const grant = this.#tokens.find(token);
    const waitMs = this.#attempts.waitMs(address, grant?.name ?? null);
    if (waitMs > 0) {
      throw new HorizonError(
        "overloaded",
        "too many wrong tokens came from this address; wait",
        {},
        waitMs,
      );
    }
    if (grant === null) {
      this.#attempts.fail(address);
      throw new HorizonError("unauthenticated", "this bearer token is not known", {
        role_needed: role,
      });
    }
    this.#attempts.succeed(address, grant.name);
    if (!roleIncludes(grant.role, role)) {
      throw new HorizonError("permission_denied", `this needs a token with the role ${role}`, {
        role_needed: role,
        role_held: grant.role,
      });
    }
    return { name: grant.name, role: grant.role };
  }

  // The configuration refuses such a listener at start; this holds if it ever gets past that.
  #openDoor(connection: Connection): Principal {
    if (
      isLoopbackAddress(connection.local.hostname) || this.#options.allowUnauthenticatedRemote
    ) return { name: "anonymous", role: "admin" };
    throw new HorizonError(
      "unauthenticated",
      "this listener is reachable from other hosts and no token is configured: add one to auth.tokens",
    );
  }
}

/** The `Host` a request was sent to; HTTP/2 has it in the URL only. */
function hostOf(request: Request): string {
  return request.headers.get("host") ?? new URL(request.url).host;
}

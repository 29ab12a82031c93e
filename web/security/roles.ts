/** What a token may be good for. `admin` includes the others; `operator` includes `viewer`. */
export type TokenRole = "viewer" | "ingest" | "operator" | "admin";

/** Who may call a route; `public` needs no token. */
export type Role = TokenRole | "public";

/** Who is calling. */
export interface Principal {
  /** The token's name, or `anonymous` where nothing was asked for. */
  readonly name: string;
  readonly role: Role;
}

const INCLUDES: Readonly<Record<TokenRole, readonly TokenRole[]>> = {
  viewer: ["viewer"],
  ingest: ["ingest"],
  operator: ["operator", "viewer"],
  admin: ["admin", "operator", "viewer", "ingest"],
};

/** True when a token with role `held` may call a route that wants `needed`. */
export function roleIncludes(held: TokenRole, needed: Role): boolean {
  return needed === "public" || INCLUDES[held].includes(needed);
}

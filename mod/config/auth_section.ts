import { z } from "zod";
import { contradiction, type IssueContext, whenRight } from "./contradiction.ts";
import { ALLOWED, choice, text } from "./scalars.ts";

/** What a token may be good for; `admin` includes all, `operator` includes `viewer`. */
export const TOKEN_ROLES = ["viewer", "ingest", "operator", "admin"] as const;
export type TokenRoleName = typeof TOKEN_ROLES[number];

/** A token that is accepted; only its hash is ever configured. */
export interface TokenConfig {
  readonly name: string;
  readonly role: TokenRoleName;
  /** SHA-256 of the token's text, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** `auth`: who may call. */
export interface AuthConfig {
  readonly tokens: readonly TokenConfig[];
}

/** As they are written in the file. */
export const AUTH_DEFAULTS = { tokens: [] as TokenConfig[] };

const MAX_TOKENS = 256;

/** The name of a token, which logs and the audit trail show. */
export const TokenName: z.ZodType<string, string> = text(
  64,
  "letters, digits, dots, dashes and underscores; at most 64",
).refine((name) => /^[\w.-]+$/.test(name), { error: "is not a name" });

const Sha256 = z.string({ error: "is not a SHA-256 hash" })
  .meta({
    pattern: "^[0-9A-Fa-f]{64}$",
    [ALLOWED]: "64 hexadecimal digits, as `horizon token` prints them",
  })
  .transform((text, ctx) => {
    if (!/^[0-9a-f]{64}$/i.test(text)) {
      ctx.addIssue("is not a SHA-256 hash (never put the token itself here)");
    }
    return text.toLowerCase();
  });

/** Keys under which people write a token itself; the hint says what to do instead. */
export const PLAIN_TOKEN_KEYS: readonly string[] = ["token", "value", "secret", "password", "key"];
export const PLAIN_TOKEN_HINT =
  "a token itself may not stand in the configuration, only its SHA-256 hash: " +
  "`horizon token --role ROLE --name NAME` prints a new token and the lines to put here";

const Token = z.strictObject({
  name: TokenName.describe("Shown in logs and in the audit trail."),
  role: choice(TOKEN_ROLES).describe("What the token may be used for."),
  sha256: Sha256.describe("SHA-256 of the token, in hexadecimal."),
});

export const AuthSection: z.ZodType<AuthConfig> = z
  .strictObject({
    tokens: z.array(Token, { error: "is not a list" }).max(MAX_TOKENS, {
      error: `has more than ${MAX_TOKENS} entries`,
    })
      .prefault(AUTH_DEFAULTS.tokens)
      .describe("Tokens that are accepted. None: everybody who reaches the listener may call."),
  })
  .superRefine(({ tokens }, ctx) => {
    tokens.forEach((token, i) => {
      const before = tokens.slice(0, i);
      if (before.some((other) => other.name === token.name)) {
        duplicate(ctx, i, "name", "is the name of an earlier token");
      }
      if (before.some((other) => other.sha256 === token.sha256)) {
        duplicate(ctx, i, "sha256", "is the hash of an earlier token");
      }
    });
  }, whenRight("tokens"))
  .describe("Who may call.");

function duplicate(
  ctx: IssueContext,
  index: number,
  key: string,
  message: string,
): void {
  contradiction(ctx, ["tokens", index, key], message, "one that no other token has");
}

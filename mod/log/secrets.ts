/** What stands where a secret stood. */
export const REDACTED = "[redacted]";

// Words, not substrings: `token_count` and `author` are no secrets, `auth_token` and `apiKey` are.
const SECRET_WORDS: ReadonlySet<string> = new Set([
  "apikey",
  "authorization",
  "cookie",
  "credential",
  "credentials",
  "passphrase",
  "passwd",
  "password",
  "pwd",
  "secret",
  "secrets",
  "token",
  "tokens",
]);
const SECRET_PAIRS: readonly (readonly [string, string])[] = [
  ["api", "key"],
  ["access", "key"],
  ["private", "key"],
  ["signing", "key"],
  ["encryption", "key"],
  ["client", "key"],
  ["session", "id"],
];
/** Last words that turn a secret's name into the name of a fact about secrets. */
const FACT_WORDS: ReadonlySet<string> = new Set(["count", "name", "names", "role", "bytes", "ms"]);

/** True when a value under this key should never be seen: `password`, `auth_token`, `X-Api-Key`, … */
export function isSecretKey(key: string): boolean {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  if (FACT_WORDS.has(words.at(-1) ?? "")) return false;
  return words.some((word, i) =>
    SECRET_WORDS.has(word) ||
    SECRET_PAIRS.some(([first, second]) => word === first && words[i + 1] === second)
  );
}

// Bounded repetitions: these run on text from anywhere, so they must not backtrack far.
const TEXT_RULES: readonly (readonly [RegExp, string])[] = [
  // Credentials of a URL: scheme://user:password@host
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,512}@/gi, `$1${REDACTED}@`],
  // RFC 6750 section 2.1, RFC 7617.
  // The look-ahead spares ordinary words ("basic information").
  [
    /\b([Bb]earer|[Bb]asic|BEARER|BASIC)(\s{1,8})(?=[a-z._~+/=-]{0,200}[A-Z0-9])[A-Za-z0-9._~+/=-]{8,4096}/g,
    `$1$2${REDACTED}`,
  ],
  // Horizon's own tokens, wherever they turn up.
  [/\bhz_[A-Za-z0-9_-]{16,512}/g, REDACTED],
];

/** The text without credentials in URLs, without authorization headers, without Horizon's tokens. */
export function redactText(text: string): string {
  return TEXT_RULES.reduce((out, [rule, replacement]) => out.replaceAll(rule, replacement), text);
}

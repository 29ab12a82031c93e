/** Ends of words that name a secret: `dbPassword`, `PGPASSWORD`, `auth_token`, `clientsecret`. */
const SECRET_ENDS: readonly string[] = [
  "password",
  "passwords",
  "passwd",
  "passphrase",
  "pwd",
  "secret",
  "token",
  "apikey",
  "accesskey",
  "accountkey",
  "privatekey",
  "secretkey",
  "credential",
  "credentials",
  "authorization",
];
/** Words that name a secret only as they are: `bypass` is none. */
const SECRET_WORDS: ReadonlySet<string> = new Set(["pass", "cookie", "cookies"]);
/** Words that make the word `key` behind them a secret. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  ...["api", "access", "account", "private", "signing", "encryption", "client", "master"],
  ...["license", "shared", "service", "deploy", "webhook"],
]);
/** Last words that say that the value is a fact about a secret, not the secret. */
const FACTS: ReadonlySet<string> = new Set([
  ...["arn", "audience", "auth", "bucket", "bytes", "count", "created", "domain", "duration"],
  ...["enabled", "endpoint", "error", "exp", "expired", "expires", "expiration", "expiry", "field"],
  ...["file", "found", "header", "hint", "in", "index", "invalid", "issuer", "kind", "length"],
  ...["limit", "max", "min", "missing", "mode", "ms", "name", "names", "namespace", "parameter"],
  ...["path", "policy", "present", "prompt", "provider", "ref", "remaining", "required", "role"],
  ...["rotation", "rule", "scope", "seconds", "size", "source", "status", "store", "strength"],
  ...["supplied", "total", "ttl", "type", "uri", "url", "usage", "used", "valid", "version"],
]);

/** Longest name that is looked at; the end counts. */
const MAX_NAME = 128;

/**
 * True when what stands under this name is a secret: `password`, `DB_PASSWORD`, `X-Api-Key`,
 * `http.request.header.cookie`. Not `token_count`, `gen_ai.usage.input_tokens`, `session.id`.
 */
export function isSecretName(name: string): boolean {
  const words = name.slice(-MAX_NAME).replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase()
    .split(/[^a-z0-9]+/).filter((word) => word !== "");
  const last = words.at(-1);
  if (last === undefined || words.length > 1 && FACTS.has(last)) return false;
  return words.some((word, i) =>
    SECRET_WORDS.has(word) || SECRET_ENDS.some((end) => word.endsWith(end)) ||
    word === "key" && SECRET_KEYS.has(words[i - 1] ?? "")
  );
}

/** Names of headers, whose value goes to the end of the line. */
export function isHeaderName(name: string): boolean {
  return /(?:^|[^a-z])(?:authorization|cookie|cookies)$/i.test(name);
}

const PLACEHOLDER =
  /^(?:|true|false|yes|no|null|nil|none|undefined|empty|unset|n\/a|-+|\*+|x{3,}|\.{3}|[<[(]?(?:redacted|hidden|masked|filtered|removed|secret|sensitive)[>\])]?|\$\{?\w{1,64}\}?|\$\{\{.{0,64}\}\}|%\w{1,3}|%\w{1,64}%|\{\w{0,64}\}|<[\w -]{1,64}>)$/i;

/** Longest value that can stand for "nothing", or for a secret that is somewhere else. */
const LONGEST_PLACEHOLDER = 72;

/**
 * True for a value that is no secret whatever its name: one that is empty, a switch, already
 * masked or a reference (`${DB_PASSWORD}`); and a small number, but for a password.
 */
export function isHarmless(name: string, value: string): boolean {
  if (value.length <= LONGEST_PLACEHOLDER && PLACEHOLDER.test(value)) return true;
  if (/pwd$/i.test(name) && value.startsWith("/")) return true;
  return /^\d{1,6}$/.test(value) && !/passw|passphrase|_pass|pwd/i.test(name);
}

import { REDACTED, redactText } from "../log/secrets.ts";
import { isSecretPath } from "./config_problem.ts";
import type { Config } from "./schema.ts";

/**
 * The configuration as it may be shown: plain data for JSON, with the hashes of tokens and the
 * credentials in texts left out. Nobody needs a hash to be shown, and weak tokens can be guessed
 * from it.
 */
export function redactedConfig(config: Config): unknown {
  return redacted(config, []);
}

function redacted(value: unknown, path: readonly PropertyKey[]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, i) => redacted(item, [...path, i]));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, v]) => [key, redacted(v, [...path, key])]),
    );
  }
  if (isSecretPath(path)) return REDACTED;
  return typeof value === "string" ? redactText(value) : value;
}

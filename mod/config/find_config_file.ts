import type { ConfigProblem } from "./config_problem.ts";
import { CONFIG_VARIABLE, type Environment } from "./settings.ts";

/** Reads a whole text file; rejects with `Deno.errors.NotFound` when there is none. */
export type ReadTextFile = (path: string) => Promise<string>;

/** Files that are used when they are there, the first of them. */
export const DEFAULT_CONFIG_FILES: readonly string[] = [
  "./horizon.yaml",
  "/etc/horizon/horizon.yaml",
];

export type FoundFile =
  | { readonly kind: "file"; readonly path: string; readonly text: string }
  /** None was named and none is at the usual places. */
  | { readonly kind: "none" }
  | { readonly kind: "problem"; readonly problem: ConfigProblem };

/**
 * Finds the configuration file: `--config`, else `HORIZON_CONFIG`, else the first of
 * `DEFAULT_CONFIG_FILES`. One that was named must be there; one that is there must be readable.
 */
export async function findConfigFile(
  flag: string | undefined,
  env: Environment,
  readTextFile: ReadTextFile,
): Promise<FoundFile> {
  const variable = env[CONFIG_VARIABLE];
  const named = flag ?? (variable === "" ? undefined : variable);
  for (const path of named === undefined ? DEFAULT_CONFIG_FILES : [named]) {
    try {
      return { kind: "file", path, text: await readTextFile(path) };
    } catch (error) {
      const isMissing = error instanceof Deno.errors.NotFound;
      if (isMissing && named === undefined) continue;
      const where = named !== undefined && flag === undefined ? CONFIG_VARIABLE : null;
      return { kind: "problem", problem: unreadable(path, where, error) };
    }
  }
  return { kind: "none" };
}

function unreadable(path: string, where: string | null, error: unknown): ConfigProblem {
  const reason = error instanceof Deno.errors.NotFound
    ? "there is no such file"
    : error instanceof Error
    ? error.message
    : String(error);
  return {
    path: "",
    where,
    value: JSON.stringify(path),
    message: `cannot be read: ${reason}`,
    allowed: null,
  };
}

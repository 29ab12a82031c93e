import type { z } from "zod";
import { PLAIN_TOKEN_HINT, PLAIN_TOKEN_KEYS } from "./auth_section.ts";
import { closestName } from "./closest_name.ts";
import { type ConfigProblem, dottedPath, shownValue } from "./config_problem.ts";
import type { SchemaTree } from "./schema_tree.ts";

/** What is known of a configuration that did not pass. */
export interface ProblemContext {
  /** The merged values, before they were checked. */
  readonly raw: unknown;
  readonly schema: SchemaTree;
  /** Where the value at a path stands; null for a default. */
  readonly whereIs: (path: readonly PropertyKey[]) => string | null;
}

/** The problems that Zod found, one per path (the first), in words for an operator. */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  context: ProblemContext,
): ConfigProblem[] {
  const byPath = new Map<string, ConfigProblem>();
  for (const issue of issues) {
    const found = issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => unknownKey([...issue.path, key], context))
      : [wrongValue(issue, context)];
    for (const problem of found) {
      if (!byPath.has(problem.path)) byPath.set(problem.path, problem);
    }
  }
  return [...byPath.values()];
}

function unknownKey(path: readonly PropertyKey[], context: ProblemContext): ConfigProblem {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const known = context.schema.keysAt(parent);
  return {
    path: dottedPath(path),
    where: context.whereIs(path),
    // Never shown: what stands under a mistyped key may be a secret.
    value: null,
    message: unknownKeyMessage(key, parent, known, context.schema),
    allowed: known.length === 0 ? null : known.join(", "),
  };
}

function unknownKeyMessage(
  key: string,
  parent: readonly PropertyKey[],
  known: readonly string[],
  schema: SchemaTree,
): string {
  if (/^auth\.tokens\[\d+\]$/.test(dottedPath(parent)) && PLAIN_TOKEN_KEYS.includes(key)) {
    return PLAIN_TOKEN_HINT;
  }
  const elsewhere = schema.pathsOf(key)[0];
  const close = closestName(key, known);
  const meant = close ?? elsewhere;
  return meant === undefined
    ? "there is no such key"
    : `there is no such key; did you mean ${meant}?`;
}

function wrongValue(issue: z.core.$ZodIssue, context: ProblemContext): ConfigProblem {
  const value = valueAt(context.raw, issue.path);
  const allowed = issue.code === "custom" && typeof issue.params?.["allowed"] === "string"
    ? issue.params["allowed"]
    : context.schema.allowedAt(issue.path);
  return {
    path: dottedPath(issue.path),
    where: context.whereIs(issue.path),
    value: shownValue(issue.path, value),
    message: wrongValueMessage(issue, value),
    allowed,
  };
}

function wrongValueMessage(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined && issue.code !== "custom") return "is missing";
  if (issue.code === "invalid_type" && issue.expected === "object") {
    return "is not a mapping of keys to values";
  }
  if (issue.code === "invalid_value" && typeof value === "string") {
    const meant = closestName(value, issue.values.filter((word) => typeof word === "string"));
    return meant === null ? issue.message : `${issue.message}; did you mean ${meant}?`;
  }
  return issue.message;
}

/** The value at a path of nested mappings and lists; undefined when there is none. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = Reflect.get(value, step);
  }
  return value;
}

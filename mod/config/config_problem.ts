import { isSecretKey, REDACTED, redactText } from "../log/secrets.ts";

/** One thing that is wrong with the configuration. Holds no secrets. */
export interface ConfigProblem {
  /** Dotted path of the key, such as `storage.retention.metrics`; empty for the file as a whole. */
  readonly path: string;
  /** Where the value stands: `horizon.yaml:3:5`, `--listen`, `HORIZON_LISTEN`; null for a default. */
  readonly where: string | null;
  /** The value as JSON, cut, secrets redacted; null when there is none to show. */
  readonly value: string | null;
  /** Continues a sentence that begins with the value: `is not a duration`. */
  readonly message: string;
  /** What would be right; null when the message says it. */
  readonly allowed: string | null;
}

const MAX_SHOWN_LENGTH = 100;

/** A problem as lines of text, for the terminal and the log. */
export function formatProblem(problem: ConfigProblem): string {
  const where = problem.where === null ? "" : `${problem.where}: `;
  const path = problem.path === "" ? "" : `${problem.path}: `;
  const value = problem.value === null ? "" : `${problem.value} `;
  const allowed = problem.allowed === null ? "" : `\n    allowed: ${problem.allowed}`;
  return `${where}${path}${value}${problem.message}${allowed}`;
}

/** All problems as lines of text, with how many there are at the end. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  const summary = problems.length === 1
    ? "the configuration has 1 problem"
    : `the configuration has ${problems.length} problems`;
  return [...problems.map(formatProblem), summary].join("\n") + "\n";
}

/** `["collectors", "groups", 0, "name"]` as `collectors.groups[0].name`. */
export function dottedPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? String(step) : `${text}.${String(step)}`;
  }, "");
}

/** A value of the configuration as it may be shown. */
export function shownValue(path: readonly PropertyKey[], value: unknown): string | null {
  if (value === undefined) return null;
  if (isSecretPath(path)) return REDACTED;
  // Of a mapping or a list only the kind: their parts may be secrets that nobody looks at here.
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  const json = JSON.stringify(typeof value === "string" ? redactText(value) : value) ?? "";
  return json.length <= MAX_SHOWN_LENGTH ? json : `${json.slice(0, MAX_SHOWN_LENGTH)}…`;
}

/**
 * True when what stands at a path is a secret, or could be one by mistake: everything below
 * a key such as `tokens`, but for what names it.
 */
export function isSecretPath(path: readonly PropertyKey[]): boolean {
  const keys = path.filter((step) => typeof step === "string");
  const last = keys.at(-1);
  if (last === "name" || last === "role" || keys.length === 0) return false;
  // Headers carry credentials under any name.
  return keys.some((key) => key === "headers" || isSecretKey(key));
}

/** The part of Zod's refinement context that a contradiction needs. */
export interface IssueContext {
  addIssue(issue: {
    code: "custom";
    path: PropertyKey[];
    message: string;
    params: { allowed: string };
    input: unknown;
  }): void;
}

/**
 * Refuses values that are each fine but not together. They are never clamped: the operator
 * should learn that one of the two will not do what it says.
 *
 * @param message continues the sentence that the value begins: "is longer than …"
 */
export function contradiction(
  ctx: IssueContext,
  path: PropertyKey[],
  message: string,
  allowed: string,
): void {
  ctx.addIssue({ code: "custom", path, message, params: { allowed }, input: undefined });
}

/** The part of Zod's payload that tells which keys are wrong. */
interface Parsed {
  readonly issues: readonly {
    readonly code?: string | undefined;
    path?: PropertyKey[] | undefined;
  }[];
}

/**
 * Lets a check for contradictions run when the keys that it compares are right, whatever else is
 * wrong beside them, so that all problems are told at once. Without it Zod waits until
 * everything else is right.
 */
export function whenRight(...keys: string[]): { when: (parsed: Parsed) => boolean } {
  return {
    when: ({ issues }) =>
      !issues.some(({ code, path = [] }) =>
        path.length === 0 ? code === "invalid_type" : keys.includes(String(path[0]))
      ),
  };
}

import { z } from "zod";
import { patternProblem } from "../pipeline/pattern_safety.ts";
import { text } from "./scalars.ts";

const MAX_NAMES = 256;

/** A regular expression of the operator's, refused at start when it could take for ever. */
export function safePattern(): z.ZodType<string, string> {
  return text(512, "a regular expression whose repetitions all have an end, such as \\w{1,64}")
    .superRefine((pattern, ctx) => {
      const problem = patternProblem(pattern);
      if (problem !== null) ctx.addIssue(problem);
    });
}

/** Names of attributes. */
export function attributeNames(): z.ZodType<string[], string[]> {
  return z.array(text(256, "the name of an attribute"), { error: "is not a list" }).max(MAX_NAMES, {
    error: `has more than ${MAX_NAMES} entries`,
  });
}

/** Says whether a mapping is none, or one of its keys is wrong. */
export function mappingProblem(issue: { readonly code?: string | undefined }): string {
  return issue.code === "invalid_key" ? "has a name that is not one" : "is not a mapping";
}

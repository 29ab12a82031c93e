import type { z } from "zod";
import { HorizonError } from "../../mod/errors.ts";

/** Problems told in one answer. */
const MAX_PROBLEMS = 20;

/** Everything a schema found wrong with a request, as one `invalid_argument`. */
export function invalidFields(error: z.ZodError): HorizonError {
  const problems = error.issues.slice(0, MAX_PROBLEMS).map((issue) => ({
    path: issue.path.join("."),
    message: issue.message,
  }));
  const first = problems[0];
  const where = first === undefined || first.path === "" ? "the request" : first.path;
  return new HorizonError("invalid_argument", `${where}: ${first?.message ?? "is not valid"}`, {
    problems,
  });
}

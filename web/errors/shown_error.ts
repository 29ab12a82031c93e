import { HorizonError, toHorizonError } from "../../mod/errors.ts";

/**
 * The failure as a caller may see it. What is unexpected may carry paths and internals in its
 * message: the caller gets a fixed sentence, the log gets the rest.
 */
export function shownError(thrown: unknown): HorizonError {
  const error = toHorizonError(thrown);
  if (error.code !== "internal" || thrown instanceof HorizonError) return error;
  return new HorizonError("internal", "an internal error; Horizon's log has it", {}, null, {
    cause: thrown,
  });
}

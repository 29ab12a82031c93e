import { HorizonError } from "../errors.ts";

/** What a sender is told to wait when its rows could not be stored. */
const RETRY_AFTER_MS = 1_000;

/**
 * What a commit that failed means to the sender of its rows: none was kept, all may be sent
 * again. `what` names the rows, as in "the samples".
 */
export function notKept(error: unknown, what: string): HorizonError {
  if (error instanceof HorizonError && error.retryAfterMs !== null) return error;
  return new HorizonError(
    "unavailable",
    `${what} could not be stored; retry later`,
    {},
    RETRY_AFTER_MS,
    { cause: error },
  );
}

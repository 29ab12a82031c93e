import { HorizonError } from "../../mod/errors.ts";

/** The request's body did not arrive in time. HTTP has a status of its own for that (408). */
export class SlowBodyError extends HorizonError {
  constructor(timeoutMs: number) {
    super("deadline_exceeded", `the request body did not arrive within ${timeoutMs} ms`, {
      timeout_ms: timeoutMs,
    });
  }
}

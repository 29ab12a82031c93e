/**
 * The closed set of failures that cross a boundary of Horizon (HTTP, gRPC, CLI).
 * Translators to each transport are exhaustive over `ErrorCode`, so adding a code
 * here makes the compiler name every place that must learn it.
 */
export type ErrorCode =
  /** The request can never be accepted as it is: malformed, wrong type, unknown field. */
  | "invalid_argument"
  /** SQL that does not parse, does not bind, or is not exactly one SELECT. */
  | "invalid_query"
  /** Larger than a configured bound (body, statement, result that must be whole). */
  | "too_large"
  | "unsupported_media_type"
  | "unauthenticated"
  | "permission_denied"
  | "not_found"
  | "conflict"
  | "method_not_allowed"
  /** A bounded queue is full; try again after `retryAfterMs`. */
  | "overloaded"
  /** Not ready or shutting down; try again after `retryAfterMs`. */
  | "unavailable"
  /** The query ran past its deadline and was stopped. */
  | "deadline_exceeded"
  /** The caller went away or asked to stop. Never an internal error. */
  | "cancelled"
  | "internal";

/** Extra facts of an error, safe to show to the caller. Never holds secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An expected failure with a code, a sentence for people, and facts for programs. */
export class HorizonError extends Error {
  override readonly name = "HorizonError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    /** Milliseconds after which a retry makes sense; only for retryable codes. */
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The `HorizonError` behind an unknown thrown value; what is not expected becomes `internal`. */
export function toHorizonError(error: unknown): HorizonError {
  if (error instanceof HorizonError) return error;
  if (error instanceof DOMException && error.name === "AbortError") {
    return new HorizonError("cancelled", "the request was cancelled", {}, null, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new HorizonError("internal", message, {}, null, { cause: error });
}

/** Throws when an invariant of our own code does not hold. Never used on input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`);
}

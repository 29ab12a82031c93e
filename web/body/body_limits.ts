/** Bounds of one request's body. */
export interface BodyLimits {
  /** Bytes on the wire. */
  readonly maxBytes: number;
  /** Bytes after decompression. */
  readonly maxDecompressedBytes: number;
  /** Milliseconds from the first look at the body to its last byte. */
  readonly timeoutMs: number;
}

/** Bounds of all bodies that are in memory at a time. */
export interface BodyBudget {
  readonly maxBodies: number;
  readonly maxBufferedBytes: number;
}

export const BODY_BUDGET: BodyBudget = {
  maxBodies: 256,
  maxBufferedBytes: 192 * 1024 * 1024,
};

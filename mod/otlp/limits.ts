/** Bounds of what one record may hold. What is cut or dropped at a bound is counted. */
export interface OtlpLimits {
  /** Attributes of a span, event, link, log record, data point or resource; the rest is dropped. */
  readonly maxAttributes: number;
  /** Bytes of an attribute key; an attribute with a longer one is dropped. */
  readonly maxKeyBytes: number;
  /** Bytes of one attribute value as text; longer ones are cut at a character. */
  readonly maxValueBytes: number;
  /** Bytes of a log body as text; longer ones are cut at a character. */
  readonly maxBodyBytes: number;
  /** Bytes of other texts, such as names and messages; longer ones are cut at a character. */
  readonly maxNameBytes: number;
  /** Events of a span, and links of a span; the rest is dropped. */
  readonly maxEvents: number;
  readonly maxLinks: number;
  /** Buckets of an explicit histogram; a point with more is rejected. */
  readonly maxBuckets: number;
  /** Series whose delta points are being added up; the oldest is restarted beyond that. */
  readonly maxDeltaSeries: number;
  /** Records from before this time are rejected; microseconds since the Unix epoch. */
  readonly minTimeUs: number;
  /** Records from further ahead of our clock than this are rejected; milliseconds. */
  readonly maxFutureMs: number;
  /** Take times of spans and logs that were sent in another unit than nanoseconds for what they are. */
  readonly guessUnits: boolean;
}

export const DEFAULT_OTLP_LIMITS: OtlpLimits = {
  maxAttributes: 128,
  maxKeyBytes: 256,
  maxValueBytes: 16_384,
  maxBodyBytes: 262_144,
  maxNameBytes: 4_096,
  maxEvents: 256,
  maxLinks: 256,
  maxBuckets: 1_024,
  maxDeltaSeries: 100_000,
  // 1971-01-01: what is older was never set, or is in the wrong unit.
  minTimeUs: 31_536_000_000_000,
  maxFutureMs: 86_400_000,
  guessUnits: true,
};

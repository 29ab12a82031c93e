import { z } from "zod";
import { ALLOWED, count, duration, flag } from "./scalars.ts";

/** `pipeline.sampling`: which spans are stored when not all of them are. */
export interface SamplingConfig {
  readonly enabled: boolean;
  /** Share of traces, in (0, 1]. */
  readonly probability: number;
  /** Spans a second that each service is brought down to; null: no such aim. */
  readonly spans_per_second: number | null;
  readonly keep_errors: boolean;
  readonly keep_slower_than_ms: number;
  readonly tail: TailSamplingConfig;
}

/** `pipeline.sampling.tail`: which traces are left once their chunk is sealed. */
export interface TailSamplingConfig {
  readonly enabled: boolean;
  /** Share of the traces that neither failed nor were slow, in (0, 1]. */
  readonly probability: number;
  readonly keep_errors: boolean;
  readonly keep_slower_than_ms: number;
}

/** As they are written in the file. */
export const SAMPLING_DEFAULTS = {
  enabled: false,
  probability: 1,
  spans_per_second: null,
  keep_errors: true,
  keep_slower_than: "5s",
  tail: { enabled: false, probability: 0.1, keep_errors: true, keep_slower_than: "5s" },
} as const;

const share = () =>
  z.number({ error: "is not a number" })
    .meta({ [ALLOWED]: "a number from 0.000001 to 1" })
    .min(0.000001, { error: "is too small" }).max(1, { error: "is more than all" });

const { tail: TAIL_DEFAULTS } = SAMPLING_DEFAULTS;

const Tail = z
  .strictObject({
    enabled: flag().prefault(TAIL_DEFAULTS.enabled)
      .describe("Decide on whole traces once their chunk is sealed."),
    probability: share().prefault(TAIL_DEFAULTS.probability)
      .describe("Share that is kept of the traces that neither failed nor were slow."),
    keep_errors: flag().prefault(TAIL_DEFAULTS.keep_errors)
      .describe("Keep every trace in which a span failed."),
    keep_slower_than: duration("1ms", "365d").prefault(TAIL_DEFAULTS.keep_slower_than)
      .describe("Keep every trace in which a span took longer."),
  })
  .transform(({ keep_slower_than, ...rest }): TailSamplingConfig => ({
    ...rest,
    keep_slower_than_ms: keep_slower_than,
  }));

export const Sampling = z
  .strictObject({
    enabled: flag().prefault(SAMPLING_DEFAULTS.enabled)
      .describe("Store a part of the spans only."),
    probability: share().prefault(SAMPLING_DEFAULTS.probability).describe(
      "Share of traces that is kept.",
    ),
    spans_per_second: count(1, 10_000_000).nullable().prefault(SAMPLING_DEFAULTS.spans_per_second)
      .describe("Bring each service down to about so many spans a second; null does not."),
    keep_errors: flag().prefault(SAMPLING_DEFAULTS.keep_errors)
      .describe("Keep every span that failed."),
    keep_slower_than: duration("1ms", "365d").prefault(SAMPLING_DEFAULTS.keep_slower_than)
      .describe("Keep every span that took longer."),
    tail: Tail.prefault({}).describe("What is left of traces later on."),
  })
  .transform(({ keep_slower_than, ...rest }): SamplingConfig => ({
    ...rest,
    keep_slower_than_ms: keep_slower_than,
  }));

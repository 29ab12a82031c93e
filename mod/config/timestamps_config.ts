import { z } from "zod";
import { choice, duration, flag } from "./scalars.ts";

/** What becomes of a record whose time is out of range. */
export const TIME_POLICIES = ["keep", "clamp", "drop"] as const;
export type TimePolicy = typeof TIME_POLICIES[number];

/** `pipeline.timestamps`: times that cannot be right. */
export interface TimestampsConfig {
  readonly guess_units: boolean;
  readonly max_future_ms: number;
  readonly future: TimePolicy;
  readonly max_past_ms: number;
  readonly past: TimePolicy;
}

/** As they are written in the file. */
export const TIMESTAMPS_DEFAULTS = {
  guess_units: true,
  max_future: "10m",
  future: "keep",
  max_past: "365d",
  past: "keep",
} as const;

export const Timestamps = z
  .strictObject({
    guess_units: flag().prefault(TIMESTAMPS_DEFAULTS.guess_units)
      .describe("Take OTLP times in seconds, milliseconds or microseconds for what they are."),
    max_future: duration("1s", "365d").prefault(TIMESTAMPS_DEFAULTS.max_future)
      .describe("How far ahead of this host's clock a time may be."),
    future: choice(TIME_POLICIES).prefault(TIMESTAMPS_DEFAULTS.future)
      .describe(
        "What becomes of a record further ahead: kept, given the present time, or dropped.",
      ),
    max_past: duration("1s", "3650d").prefault(TIMESTAMPS_DEFAULTS.max_past)
      .describe("How old a record may be."),
    past: choice(TIME_POLICIES).prefault(TIMESTAMPS_DEFAULTS.past)
      .describe("What becomes of an older record: kept, given the present time, or dropped."),
  })
  .transform(({ max_future, max_past, ...rest }): TimestampsConfig => ({
    ...rest,
    max_future_ms: max_future,
    max_past_ms: max_past,
  }));

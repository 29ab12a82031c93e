import { z } from "zod";
import { count, duration, flag, size } from "./scalars.ts";

/** `crashes`: what is kept of a process that crashed. */
export interface CrashesConfig {
  readonly enabled: boolean;
  /** How much of what was before the end is kept. */
  readonly before_ms: number;
  /** Bundles kept; past any of the three the oldest go. */
  readonly max_count: number;
  readonly max_bytes: number;
  readonly max_age_ms: number;
  /** Of one program no further bundle is made for so long. */
  readonly pause_ms: number;
}

/** As they are written in the file. */
export const CRASHES_DEFAULTS = {
  enabled: true,
  before: "5m",
  max_count: 100,
  max_bytes: "256MiB",
  max_age: "90d",
  pause: "5m",
} as const;

export const CrashesSection: z.ZodType<CrashesConfig> = z
  .strictObject({
    enabled: flag().prefault(CRASHES_DEFAULTS.enabled)
      .describe("Freeze the last minutes of a process that crashed."),
    before: duration("10s", "1h").prefault(CRASHES_DEFAULTS.before)
      .describe("How much of what was before the end is kept."),
    max_count: count(1, 10_000).prefault(CRASHES_DEFAULTS.max_count)
      .describe("Crashes kept; the oldest go."),
    max_bytes: size("1MiB", "64GiB").prefault(CRASHES_DEFAULTS.max_bytes)
      .describe("Bytes of crashes kept; the oldest go."),
    max_age: duration("1h", "3650d").prefault(CRASHES_DEFAULTS.max_age)
      .describe("How long a crash is kept."),
    pause: duration("1s", "1d").prefault(CRASHES_DEFAULTS.pause)
      .describe("Of one program no further crash is kept for so long."),
  })
  .transform(({ before, max_age, pause, ...rest }): CrashesConfig => ({
    ...rest,
    before_ms: before,
    max_age_ms: max_age,
    pause_ms: pause,
  }))
  .describe("What is kept of a process that crashed.");

import type { TimestampsConfig } from "../config/timestamps_config.ts";
import { DEFAULT_OTLP_LIMITS, type OtlpLimits } from "../otlp/limits.ts";

/** Beyond it a time is not one, whatever is configured: 100 years. */
const ANY_FUTURE_MS = 100 * 365 * 86_400_000;

/**
 * What receivers take for a time. Where the pipeline deals with times ahead, receivers let them
 * through to it instead of rejecting them.
 */
export function timeLimits(
  { guess_units, future }: TimestampsConfig,
): Pick<OtlpLimits, "guessUnits" | "maxFutureMs"> {
  return {
    guessUnits: guess_units,
    maxFutureMs: future === "keep" ? DEFAULT_OTLP_LIMITS.maxFutureMs : ANY_FUTURE_MS,
  };
}

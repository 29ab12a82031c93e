import { unsignedOf } from "./wire.ts";

/** 2001-09-09, seconds since the Unix epoch: the first with ten digits. */
const EARLIEST_S = 1_000_000_000;
/** How far ahead of our clock a time may be for its unit to be guessed. */
const MAX_FUTURE_S = 86_400;
/** Microseconds reach this high half in 2106, nanoseconds passed it in February 1970. */
const LEAST_HIGH_OF_NANOSECONDS = 1_000_000;

/**
 * By what a time that should be in nanoseconds has to be multiplied when it was sent in seconds,
 * milliseconds or microseconds, as senders err; 1 when it is none of these. Times between 2001
 * and tomorrow have ranges of their own in each unit, so that no guess can be taken for another,
 * and as nanoseconds all of them would be of January 1970.
 */
export function unitFactor(low: number, high: number, nowUs: number): 1 | 1e3 | 1e6 | 1e9 {
  // Almost all times end here.
  if (high >= LEAST_HIGH_OF_NANOSECONDS) return 1;
  const value = unsignedOf(low, high);
  const latestS = nowUs / 1e6 + MAX_FUTURE_S;
  for (const [perSecond, factor] of [[1, 1e9], [1e3, 1e6], [1e6, 1e3]] as const) {
    if (value >= EARLIEST_S * perSecond && value <= latestS * perSecond) return factor;
  }
  return 1;
}

/** A 64-bit value multiplied, as its halves. */
export function multiplied(low: number, high: number, factor: number): [low: number, high: number] {
  const value = (BigInt(high) << 32n | BigInt(low)) * BigInt(factor);
  return [Number(value & 0xffffffffn), Number(value >> 32n & 0xffffffffn)];
}

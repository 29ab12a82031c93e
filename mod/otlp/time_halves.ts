import { TWO_TO_32 } from "./wire.ts";

// Nanoseconds since the Unix epoch need 61 bits, a double holds 53: times come as two 32-bit
// halves and are divided by 1000 in halves. high = 1000q + r, so
// ns / 1000 = q * 2^32 + (r * 2^32 + low) / 1000, where r * 2^32 + low < 2^42 is exact.

/** Whole microseconds of a time in nanoseconds; exact. */
export function microsOf(low: number, high: number): number {
  const quotient = Math.floor(high / 1000);
  const rest = (high - quotient * 1000) * TWO_TO_32 + low;
  return quotient * TWO_TO_32 + Math.floor(rest / 1000);
}

/** The 0–999 nanoseconds that `microsOf` leaves; exact. */
export function nanosRemainder(low: number, high: number): number {
  return ((high % 1000) * TWO_TO_32 + low) % 1000;
}

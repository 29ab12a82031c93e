const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;
const MINUS = 0x2d;
/** Digits whose value a double holds exactly. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i);
/** Longest text taken for a number; doubles need no more. */
const MAX_CHARACTERS = 400;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(inity)?$/i;
const NOT_A_NUMBER = /^nan$/i;

/**
 * The number that bytes[start, end) spell, or null: decimal with or without exponent, `+Inf`,
 * `-Inf`, `NaN`. What has at most 15 digits and no exponent, which is nearly all, is read in
 * place; both parts of the division are exact then, and so the quotient is the nearest double.
 */
export function numberOf(bytes: Uint8Array, start: number, end: number): number | null {
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  let mantissa = 0;
  let digits = 0;
  let decimals = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      digits++;
      if (decimals >= 0) decimals++;
    } else if (byte === DOT && decimals < 0) decimals = 0;
    else return slowNumber(bytes, start, end);
  }
  if (digits === 0 || digits > EXACT_DIGITS) return slowNumber(bytes, start, end);
  const value = decimals > 0 ? mantissa / POWERS_OF_TEN[decimals]! : mantissa;
  return negative ? -value : value;
}

function slowNumber(bytes: Uint8Array, start: number, end: number): number | null {
  if (end - start > MAX_CHARACTERS) return null;
  return parseNumber(String.fromCharCode(...bytes.subarray(start, end)));
}

/** The same for a text that was decoded already. */
export function parseNumber(text: string): number | null {
  if (text.length > MAX_CHARACTERS) return null;
  if (DECIMAL.test(text)) return Number(text);
  if (NOT_A_NUMBER.test(text)) return NaN;
  if (INFINITE.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return null;
}

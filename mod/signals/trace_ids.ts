/** Hexadecimal digits of the ids of W3C Trace Context. */
export const TRACE_ID_DIGITS = 32;
export const SPAN_ID_DIGITS = 16;

const HEX = /^[0-9a-fA-F]+$/;
const ZEROS = /^0+$/;

/**
 * An id written as `digits` hexadecimal digits, in lower case; null when the text is none, or all
 * zero, which means "no id".
 */
export function idOfDigits(text: string, digits: number): string | null {
  if (text.length !== digits || !HEX.test(text) || ZEROS.test(text)) return null;
  return text.toLowerCase();
}

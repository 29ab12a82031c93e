import { REDACTED } from "../../log/secrets.ts";
import type { RedactionRule } from "./redaction_rule.ts";

/** 13 to 19 digits in groups, as numbers of cards are written; not a part of a longer number. */
const CARD_LIKE = /(?<![\w.-]|\d[ ])\d(?:[ -]?\d){12,18}(?![\w-]|[ .]\d)/g;

/** Beginnings and lengths of the large networks' numbers (ISO/IEC 7812). */
const NETWORKS =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12})$/;

/** Of one in the wild; a local part of 64 characters and a domain of 255 (RFC 5321). */
const EMAIL = /(?<![\w.%+-])[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])/g;

/** Numbers of payment cards: a known beginning, the right length and a right check digit. */
export const CARD_RULE: RedactionRule = {
  name: "card",
  where: { kind: "digits", least: 13 },
  redact: (text) =>
    text.replace(CARD_LIKE, (shown) => {
      const digits = shown.replace(/\D/g, "");
      return NETWORKS.test(digits) && passesLuhn(digits) ? REDACTED : shown;
    }),
};

/** Addresses of electronic mail. */
export const EMAIL_RULE: RedactionRule = {
  name: "email",
  where: { kind: "byte", byte: 64 },
  redact: (text) => text.replace(EMAIL, REDACTED),
};

/** The check digit of ISO/IEC 7812-1, annex B. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

/** Which texts a rule looks at. */
export type Where =
  /** Those with one of these literals in them, in any case of ASCII letters. */
  | { readonly kind: "literals"; readonly literals: readonly string[] }
  /** Those with this byte in them. */
  | { readonly kind: "byte"; readonly byte: number }
  /** Those with so many digits in a row, single spaces and dashes between them not counted. */
  | { readonly kind: "digits"; readonly least: number }
  /** All, which costs accordingly. */
  | { readonly kind: "every_text" };

/** One kind of secret: where to look for it, and how it is taken out of a text. */
export interface RedactionRule {
  /** For counters; lower case with underscores. */
  readonly name: string;
  /** Must take in every text that `redact` would change. */
  readonly where: Where;
  /** The text without the secret; the same text when there is none. Linear in its length. */
  readonly redact: (text: string) => string;
}

import type { RedactionRule, Where } from "./redaction_rule.ts";
import { rowAt, type Trigger, TriggerScan } from "./trigger_scan.ts";

type Found = (row: number, bits: number) => void;

const ZERO = 48;
const NINE = 57;
const SPACE = 32;
const DASH = 45;

/** Finds the texts of a column that rules have to look at, without decoding any of them. */
export class TextFinder {
  readonly #literals: TriggerScan;
  readonly #bytes: readonly { readonly byte: number; readonly bits: number }[];
  readonly #digits: readonly { readonly least: number; readonly bits: number }[];
  readonly #everyText: number;

  /** The bit of a rule is its place in the list: at most 31 rules. */
  constructor(rules: readonly RedactionRule[]) {
    const placed = rules.map(({ where }, i) => ({ where, bits: 1 << i }));
    this.#literals = new TriggerScan(placed.flatMap(({ where, bits }) => triggers(where, bits)));
    this.#bytes = placed.flatMap(({ where, bits }) =>
      where.kind === "byte" ? [{ byte: where.byte, bits }] : []
    );
    this.#digits = placed.flatMap(({ where, bits }) =>
      where.kind === "digits" ? [{ least: where.least, bits }] : []
    );
    this.#everyText = placed.reduce(
      (all, { where, bits }) => where.kind === "every_text" ? all | bits : all,
      0,
    );
  }

  /** Calls `found` once, in order, for each text that some rule looks at. */
  find(bytes: Uint8Array, offsets: Int32Array, found: Found): void {
    if (this.#bytes.length === 0 && this.#digits.length === 0 && this.#everyText === 0) {
      return this.#literals.scan(bytes, offsets, found);
    }
    const rows = offsets.length - 1;
    const bitsOf = new Int32Array(rows).fill(this.#everyText);
    const add: Found = (row, bits) => void (bitsOf[row]! |= bits);
    this.#literals.scan(bytes, offsets, add);
    for (const one of this.#bytes) findByte(bytes, offsets, one.byte, one.bits, add);
    for (const one of this.#digits) findDigits(bytes, offsets, one.least, one.bits, add);
    for (let row = 0; row < rows; row++) {
      if (bitsOf[row] !== 0 && offsets[row + 1]! > offsets[row]!) found(row, bitsOf[row]!);
    }
  }
}

function triggers(where: Where, bits: number): Trigger[] {
  return where.kind === "literals" ? where.literals.map((literal) => ({ literal, bits })) : [];
}

function findByte(
  bytes: Uint8Array,
  offsets: Int32Array,
  byte: number,
  bits: number,
  found: Found,
): void {
  const end = offsets[offsets.length - 1] ?? 0;
  let row = 0;
  let at = bytes.indexOf(byte, offsets[0] ?? 0);
  while (at !== -1 && at < end) {
    row = rowAt(offsets, row, at);
    found(row, bits);
    at = bytes.indexOf(byte, offsets[row + 1]!);
  }
}

function findDigits(
  bytes: Uint8Array,
  offsets: Int32Array,
  least: number,
  bits: number,
  found: Found,
): void {
  const end = offsets[offsets.length - 1] ?? 0;
  let row = 0;
  let run = 0;
  for (let i = offsets[0] ?? 0; i < end; i++) {
    const byte = bytes[i]!;
    if (byte >= ZERO && byte <= NINE) {
      if (++run < least) continue;
      row = rowAt(offsets, row, i);
      // Texts stand back to back: digits of the one before may have been counted.
      found(row, bits);
      i = offsets[row + 1]! - 1;
      run = 0;
    } else if (byte !== SPACE && byte !== DASH) run = 0;
  }
}

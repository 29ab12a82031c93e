import { encodeUtf8 } from "../../columns/utf8_text.ts";

/** A literal, in any case of its ASCII letters, and the bits that a text with it in gets. */
export interface Trigger {
  /** `MIN_TRIGGER_BYTES` at least. */
  readonly literal: string;
  readonly bits: number;
}

/** Of three bytes in a row two stand at an even place and the next. */
export const MIN_TRIGGER_BYTES = 3;

/** A trigger that may be where its pair of bytes was seen. */
interface Candidate {
  /** Folded. */
  readonly bytes: Uint8Array;
  readonly bits: number;
  /** Where the pair stands within it. */
  readonly pairAt: number;
}

/** Lower case for ASCII letters, every other byte itself. */
const FOLD = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

/** How common a character is in logs, roughly, in thousandths; what is not here is rare. */
const COMMON: Readonly<Record<string, number>> = {
  ...{ " ": 120, e: 100, t: 80, a: 70, o: 65, i: 65, n: 65, s: 60, r: 60, l: 40, d: 40, c: 35 },
  ...{ u: 30, m: 25, p: 25, h: 25, g: 20, f: 15, y: 12, b: 12, w: 10, v: 10, ".": 40, "-": 25 },
  ...{ "/": 25, ":": 25, "=": 20, '"': 25, "_": 20, k: 6, "0": 30, "1": 30 },
};
const RARE = 3;

/**
 * Looks for many literals at once in the bytes of a whole column, two bytes a step: a table says
 * which pairs are in a literal, and only there is it looked for. Of each literal the pairs that
 * are rarest in text are in the table. It may be used on any bytes.
 */
export class TriggerScan {
  /** By two bytes as a number: 0, or which list of `#candidates`, from 1. */
  readonly #pairs = new Uint16Array(65_536);
  readonly #candidates: Candidate[][] = [[]];

  constructor(triggers: readonly Trigger[]) {
    for (const { literal, bits } of triggers) this.#add(encodeUtf8(literal.toLowerCase()), bits);
  }

  #add(bytes: Uint8Array, bits: number): void {
    if (bytes.length < MIN_TRIGGER_BYTES) {
      throw new RangeError(`a trigger of fewer than ${MIN_TRIGGER_BYTES} bytes`);
    }
    const first = rarestPairs(bytes);
    for (const pairAt of [first, first + 1]) {
      const spelled = spellings(bytes[pairAt]!, bytes[pairAt + 1]!);
      let list = this.#pairs[spelled[0]!]!;
      if (list === 0) {
        list = this.#candidates.length;
        this.#candidates.push([]);
        for (const pair of spelled) this.#pairs[pair] = list;
      }
      this.#candidates[list]!.push({ bytes, bits, pairAt });
    }
  }

  /**
   * Calls `found` for every text of a column that has triggers in it, in order, once, with the
   * bits of all of them together. `offsets` are as in `Utf8Column`.
   */
  scan(bytes: Uint8Array, offsets: Int32Array, found: (row: number, bits: number) => void): void {
    const pairs = this.#pairs;
    const first = offsets[0] ?? 0;
    const end = offsets[offsets.length - 1] ?? 0;
    // Views of two bytes a number begin at even places of the buffer.
    const shift = first + ((bytes.byteOffset + first) & 1);
    if (end - shift < 2) return;
    const words = new Uint16Array(bytes.buffer, bytes.byteOffset + shift, (end - shift) >> 1);
    let row = 0;
    let rowBits = 0;
    for (let word = 0; word < words.length; word++) {
      const list = pairs[words[word]!]!;
      if (list === 0) continue;
      const at = shift + word * 2;
      const candidates = this.#candidates[list]!;
      for (let c = 0; c < candidates.length; c++) {
        const { bytes: trigger, bits, pairAt } = candidates[c]!;
        const start = at - pairAt;
        if (start < first || !matches(bytes, start, end, trigger)) continue;
        if (offsets[row + 1]! <= start) {
          if (rowBits !== 0) found(row, rowBits);
          rowBits = 0;
          row = rowAt(offsets, row, start);
        }
        // One that begins in a text and ends in the next is of neither.
        if (start >= offsets[row]! && start + trigger.length <= offsets[row + 1]!) rowBits |= bits;
      }
    }
    if (rowBits !== 0) found(row, rowBits);
  }
}

function matches(bytes: Uint8Array, start: number, end: number, trigger: Uint8Array): boolean {
  const length = trigger.length;
  if (start + length > end) return false;
  for (let i = 0; i < length; i++) {
    if (FOLD[bytes[start + i]!] !== trigger[i]) return false;
  }
  return true;
}

/** Where the three bytes begin whose two pairs are seen least in text. */
function rarestPairs(bytes: Uint8Array): number {
  const weight = (at: number): number => COMMON[String.fromCharCode(bytes[at]!)] ?? RARE;
  const cost = (at: number): number => weight(at + 1) * (weight(at) + weight(at + 2));
  let best = 0;
  for (let at = 1; at + 2 < bytes.length; at++) if (cost(at) < cost(best)) best = at;
  return best;
}

/** The text that the byte at `at` is of; it is none before `row`. Texts before it may be empty. */
export function rowAt(offsets: Int32Array, row: number, at: number): number {
  // Hits are mostly close to each other; where they are not, halving finds the text sooner.
  for (let i = 0; i < 8; i++, row++) if (offsets[row + 1]! > at) return row;
  let [low, high] = [row, offsets.length - 2];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle + 1]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Two folded bytes in all their cases, as the numbers that a view of two bytes makes of them. */
function spellings(first: number, second: number): number[] {
  return cases(first).flatMap((a) =>
    cases(second).map((b) => new Uint16Array(Uint8Array.of(a, b).buffer)[0]!)
  );
}

function cases(byte: number): number[] {
  return byte >= 97 && byte <= 122 ? [byte, byte - 32] : [byte];
}

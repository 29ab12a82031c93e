import { decodeUtf8 } from "../columns/utf8_text.ts";

/** One line of a block of bytes. */
export interface BlockLine {
  readonly text: string;
  /** Where its bytes start in the block, and where the next line's do. */
  readonly start: number;
  readonly end: number;
}

export interface SplitBlock {
  readonly lines: readonly BlockLine[];
  /** Lines longer than the limit, which stand in several pieces. */
  readonly split: number;
}

const NEWLINE = 10;
const RETURN = 13;
const NUL = 0;

/**
 * The lines of bytes[0, length), without their line ends. A line longer than `maxLineBytes` comes
 * in pieces, so that nothing is lost. The last line counts without a line end only if `whole` says
 * that no more will come. Bytes that are no UTF-8 become U+FFFD. NULs in front of a line, which a file has where it was truncated under a
 * writer that did not notice, are passed over.
 */
export function splitLines(
  bytes: Uint8Array,
  maxLineBytes: number,
  whole: boolean,
): SplitBlock {
  const lines: BlockLine[] = [];
  let split = 0;
  // One call for all the text: each costs more than the decoding of a line.
  const all = decodeUtf8(bytes);
  // Equal lengths mean that every byte became one character, so positions are the same in both.
  const same = all.length === bytes.length;
  const push = (from: number, textEnd: number, end: number): void => {
    let start = from;
    while (start < textEnd && bytes[start] === NUL) start++;
    const last = textEnd > start && bytes[textEnd - 1] === RETURN ? textEnd - 1 : textEnd;
    const text = same ? all.slice(start, last) : decodeUtf8(bytes, start, last);
    lines.push({ text, start: from, end });
  };
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    let from = start;
    while (end - from > maxLineBytes) {
      if (from === start) split++;
      const cut = characterStart(bytes, from + maxLineBytes, from);
      push(from, cut, cut);
      from = cut;
    }
    if (newline === -1) {
      if (whole) push(from, end, end);
      break;
    }
    push(from, end, newline + 1);
    start = newline + 1;
  }
  return { lines, split };
}

/** The start of the UTF-8 character that `at` is in, unless that is not after `from`. */
function characterStart(bytes: Uint8Array, at: number, from: number): number {
  let start = at;
  for (let i = 0; i < 3 && start > from + 1 && (bytes[start]! & 0xc0) === 0x80; i++) start--;
  return start;
}

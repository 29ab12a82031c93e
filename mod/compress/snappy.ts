import { HorizonError } from "../errors.ts";

/** A literal longer than this has its length in one to four bytes of its own. */
const LONGEST_SHORT_LITERAL = 60;

/**
 * Decompresses snappy's block format (google/snappy, format_description.txt), which Prometheus'
 * remote write and Loki's push use; the framing format is another one, and not taken.
 *
 * The block says its length first: one above `maxBytes` is refused before memory is taken.
 *
 * @throws HorizonError `too_large` past `maxBytes`, `invalid_argument` when it is not snappy
 */
export function unsnappy(compressed: Uint8Array, maxBytes: number): Uint8Array {
  const { length, start } = lengthOf(compressed);
  if (length > maxBytes) {
    throw new HorizonError("too_large", "the body is too large once decompressed", {
      max_decompressed_bytes: maxBytes,
    });
  }
  // A copy of 64 bytes takes three, so no block grows more than that: a short body cannot make
  // us take much memory by what it says of itself.
  if (length > compressed.length * 22) throw broken("it is shorter than it says");
  const out = new Uint8Array(length);
  let at = start;
  let written = 0;
  while (at < compressed.length) {
    const tag = compressed[at++]!;
    if ((tag & 3) === 0) {
      let size = (tag >>> 2) + 1;
      if (size > LONGEST_SHORT_LITERAL) {
        const width = size - LONGEST_SHORT_LITERAL;
        size = littleEndian(compressed, at, width) + 1;
        at += width;
      }
      if (size > compressed.length - at) throw broken("a literal goes past the end");
      if (size > length - written) throw broken("it is longer than it says");
      copyLiteral(compressed, at, out, written, size);
      at += size;
      written += size;
      continue;
    }
    let size: number;
    let offset: number;
    if ((tag & 3) === 1) {
      size = (tag >>> 2 & 7) + 4;
      offset = (tag >>> 5) * 256 + littleEndian(compressed, at, 1);
      at += 1;
    } else {
      const width = (tag & 3) === 2 ? 2 : 4;
      size = (tag >>> 2) + 1;
      offset = littleEndian(compressed, at, width);
      at += width;
    }
    if (offset === 0 || offset > written) throw broken("a copy from before the start");
    if (size > length - written) throw broken("it is longer than it says");
    copyWithin(out, written, offset, size);
    written += size;
  }
  if (written !== length) throw broken("it is shorter than it says");
  return out;
}

// Short runs are the rule, for which a loop beats a call.
const LOOP_BYTES = 32;

function copyLiteral(
  from: Uint8Array,
  start: number,
  to: Uint8Array,
  at: number,
  size: number,
): void {
  if (size > LOOP_BYTES) to.set(from.subarray(start, start + size), at);
  else for (let i = 0; i < size; i++) to[at + i] = from[start + i]!;
}

// What is copied may overlap what is written: a run repeats itself.
function copyWithin(out: Uint8Array, at: number, offset: number, size: number): void {
  if (size > LOOP_BYTES && offset >= size) out.copyWithin(at, at - offset, at - offset + size);
  else for (let i = 0; i < size; i++) out[at + i] = out[at - offset + i]!;
}

function lengthOf(bytes: Uint8Array): { length: number; start: number } {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i];
    if (byte === undefined) throw broken("it ends in its length");
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (length >= 2 ** 32) break;
      return { length, start: i + 1 };
    }
  }
  throw broken("its length has more than 32 bits");
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  if (width > bytes.length - at) throw broken("it ends within a tag");
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

function broken(problem: string): HorizonError {
  return new HorizonError("invalid_argument", `the body is not valid snappy: ${problem}`);
}

/** Longest run of random bytes, alone or put into a message. */
const MAX_NOISE_BYTES = 600;
const MAX_FLIPS = 8;

/**
 * Bad messages made of a good one, the same ones for the same numbers: cut off, bits turned over,
 * noise put in between, and noise alone. Some may by chance still be good.
 *
 * @param random unsigned 32-bit numbers
 */
export function damaged(
  good: Uint8Array,
  random: () => number,
): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(good);
  switch (random() % 4) {
    case 0:
      return bytes.slice(0, random() % bytes.length);
    case 1: {
      for (let flips = 1 + random() % MAX_FLIPS; flips > 0; flips--) {
        const at = random() % bytes.length;
        bytes[at] = bytes[at]! ^ 1 << random() % 8;
      }
      return bytes;
    }
    case 2: {
      const at = random() % bytes.length;
      const put = noise(1 + random() % 32, random);
      return Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at)]);
    }
    default:
      return noise(1 + random() % MAX_NOISE_BYTES, random);
  }
}

/** So many random bytes. */
export function noise(length: number, random: () => number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => random() & 0xff);
}

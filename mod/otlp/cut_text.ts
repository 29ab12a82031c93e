/**
 * Where bytes[start, end) must end to hold at most `maxBytes`, without cutting a UTF-8
 * character in two. Equal to `end` when nothing is cut.
 */
export function cutEnd(bytes: Uint8Array, start: number, end: number, maxBytes: number): number {
  if (end - start <= maxBytes) return end;
  let at = start + maxBytes;
  // A character has at most three continuation bytes (10xxxxxx); more is not UTF-8.
  for (let i = 0; i < 3 && at > start && (bytes[at]! & 0xc0) === 0x80; i++) at--;
  return at;
}

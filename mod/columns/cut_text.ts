import type { Utf8Builder } from "./builders.ts";
import { encodeUtf8 } from "./utf8_text.ts";

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

/** Appends a text of at most `maxBytes` bytes of UTF-8. Answers true when it was cut. */
export function pushCutText(column: Utf8Builder, text: string, maxBytes: number): boolean {
  // A UTF-16 unit needs at most three bytes.
  if (text.length * 3 <= maxBytes) {
    column.push(text);
    return false;
  }
  const bytes = encodeUtf8(text);
  const end = cutEnd(bytes, 0, bytes.length, maxBytes);
  column.pushValidBytes(bytes, 0, end);
  return end < bytes.length;
}

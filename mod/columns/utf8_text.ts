const encoder = new TextEncoder();
const lossyDecoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of bytes[start, end); what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return lossyDecoder.decode(bytes.subarray(start, end));
}

/** True when bytes[start, end) holds only ASCII, the case that needs no validation. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

/**
 * The bytes to store for a string that came off the wire: the same bytes when they are valid
 * UTF-8, else a copy with U+FFFD for what is not. The store's engine rejects a whole batch
 * for one invalid byte, so nothing may pass unchecked.
 */
export function validUtf8(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  if (isAscii(bytes, start, end)) return null;
  const part = bytes.subarray(start, end);
  try {
    strictDecoder.decode(part);
    return null;
  } catch {
    return encoder.encode(lossyDecoder.decode(part));
  }
}

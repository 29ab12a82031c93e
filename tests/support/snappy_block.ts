/** Writes snappy's block format, greedily: enough to test a reader with every kind of element. */
export function snappyBlock(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  let length = bytes.length;
  for (; length >= 128; length = Math.floor(length / 128)) out.push(length % 128 | 128);
  out.push(length);
  const seen = new Map<number, number>();
  let literalStart = 0;
  let at = 0;
  while (at + 4 <= bytes.length) {
    const key = (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16) * 256 + bytes[at + 3]!;
    const before = seen.get(key);
    seen.set(key, at);
    if (before === undefined) {
      at++;
      continue;
    }
    let size = 4;
    while (size < 64 && at + size < bytes.length && bytes[before + size] === bytes[at + size]) {
      size++;
    }
    pushLiteral(out, bytes.subarray(literalStart, at));
    pushCopy(out, at - before, size);
    at += size;
    literalStart = at;
  }
  pushLiteral(out, bytes.subarray(literalStart));
  return Uint8Array.from(out);
}

function pushLiteral(out: number[], bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const size = bytes.length - 1;
  if (size < 60) out.push(size << 2);
  else {
    const width = size < 2 ** 8 ? 1 : size < 2 ** 16 ? 2 : size < 2 ** 24 ? 3 : 4;
    out.push((59 + width) << 2);
    pushNumber(out, size, width);
  }
  for (const byte of bytes) out.push(byte);
}

function pushCopy(out: number[], offset: number, size: number): void {
  if (size < 12 && offset < 2048) {
    out.push((offset >>> 8) << 5 | (size - 4) << 2 | 1, offset & 255);
    return;
  }
  const width = offset < 2 ** 16 ? 2 : 4;
  out.push((size - 1) << 2 | (width === 2 ? 2 : 3));
  pushNumber(out, offset, width);
}

function pushNumber(out: number[], value: number, width: number): void {
  for (let i = 0; i < width; i++) out.push(Math.floor(value / 256 ** i) % 256);
}

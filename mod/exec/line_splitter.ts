const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Bytes of a stream as lines, without their ends. A line longer than `maxBytes` comes in pieces of
 * that size, so that nothing is lost and memory stays bounded. Bytes that are no UTF-8 are replaced.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  #open: Uint8Array;
  #used = 0;
  /** True while the pieces of a long line are being told. */
  #inLongLine = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#open = new Uint8Array(Math.min(maxBytes, 4096));
  }

  *push(bytes: Uint8Array): Generator<string> {
    let start = 0;
    while (start < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.length : newline;
      while (this.#used + end - start > this.#maxBytes) {
        const part = this.#maxBytes - this.#used;
        this.#append(bytes.subarray(start, start + part));
        start += part;
        this.#inLongLine = true;
        yield this.#take(false);
      }
      this.#append(bytes.subarray(start, end));
      if (newline < 0) return;
      start = newline + 1;
      // A long line that ended with a whole piece has been told already.
      if (this.#used > 0 || !this.#inLongLine) yield this.#take(true);
      this.#inLongLine = false;
    }
  }

  /** The last line, if the stream did not end with a newline. */
  *end(): Generator<string> {
    if (this.#used > 0) yield this.#take(true);
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#used + bytes.length;
    if (needed > this.#open.length) {
      const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, needed * 2)));
      larger.set(this.#open.subarray(0, this.#used));
      this.#open = larger;
    }
    this.#open.set(bytes, this.#used);
    this.#used = needed;
  }

  #take(lineEnds: boolean): string {
    let end = this.#used;
    if (lineEnds && end > 0 && this.#open[end - 1] === CARRIAGE_RETURN) end--;
    this.#used = 0;
    return this.#decoder.decode(this.#open.subarray(0, end));
  }
}

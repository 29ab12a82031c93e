import type { WireReader } from "./wire.ts";

/** The first ranges of a repeated field, up to a limit; reused from record to record. */
export class RangeList {
  readonly #bounds: Int32Array;
  #total = 0;

  constructor(limit: number) {
    this.#bounds = new Int32Array(limit * 2);
  }

  /** Ranges held. */
  get count(): number {
    return Math.min(this.#total, this.#bounds.length >> 1);
  }

  /** Ranges that came past the limit. */
  get dropped(): number {
    return this.#total - this.count;
  }

  clear(): void {
    this.#total = 0;
  }

  /** Adds the length-delimited field at `reader.pos`, and passes over it. */
  take(reader: WireReader, end: number): void {
    const rangeEnd = reader.rangeEnd(end);
    const at = this.#total * 2;
    if (at < this.#bounds.length) {
      this.#bounds[at] = reader.pos;
      this.#bounds[at + 1] = rangeEnd;
    }
    this.#total++;
    reader.pos = rangeEnd;
  }

  start(index: number): number {
    return this.#bounds[index * 2]!;
  }

  end(index: number): number {
    return this.#bounds[index * 2 + 1]!;
  }
}

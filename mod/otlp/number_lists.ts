import { bytesTag, fixed64Tag, TWO_TO_32, unsignedOf, varintTag, type WireReader } from "./wire.ts";

/** Numbers taken of one repeated field; the list of a point with more is refused by its decoder. */
const MAX_NUMBERS = 16_384;

/**
 * A repeated number field, packed or not; both must be read (protobuf.dev, "Encoding",
 * "Packed Repeated Fields"). Reused from point to point.
 */
export class NumberList {
  readonly #packed: number;
  readonly #single: number;
  readonly #readOne: (reader: WireReader, end: number) => number;
  #values: number[] = [];
  #tooMany = false;

  constructor(field: number, type: "fixed64" | "double" | "varint" | "sint64") {
    this.#packed = bytesTag(field);
    const isVarint = type === "varint" || type === "sint64";
    this.#single = isVarint ? varintTag(field) : fixed64Tag(field);
    this.#readOne = READERS[type];
  }

  /** The numbers; kept by nobody else, so the next point gets a list of its own. */
  get values(): readonly number[] {
    return this.#values;
  }

  /** True when more numbers came than are taken. */
  get tooMany(): boolean {
    return this.#tooMany;
  }

  clear(): void {
    this.#values = [];
    this.#tooMany = false;
  }

  /** Reads the field when it is this one; answers false when it is another. */
  read(reader: WireReader, tag: number, end: number): boolean {
    if (tag === this.#single) {
      this.#push(this.#readOne(reader, end));
      return true;
    }
    if (tag !== this.#packed) return false;
    const listEnd = reader.rangeEnd(end);
    while (reader.pos < listEnd && !this.#tooMany) this.#push(this.#readOne(reader, listEnd));
    reader.pos = listEnd;
    return true;
  }

  #push(value: number): void {
    if (this.#values.length >= MAX_NUMBERS) this.#tooMany = true;
    else this.#values.push(value);
  }
}

const READERS = {
  fixed64: (reader: WireReader, end: number): number => {
    reader.fixed64(end);
    return unsignedOf(reader.low, reader.high);
  },
  varint: (reader: WireReader, end: number): number => {
    reader.varint(end);
    return unsignedOf(reader.low, reader.high);
  },
  sint64: (reader: WireReader, end: number): number => {
    reader.varint(end);
    const { low, high } = reader;
    const half = (high >>> 1) * TWO_TO_32 + ((high & 1) * 2 ** 31 + (low >>> 1));
    return (low & 1) === 0 ? half : -half - 1;
  },
  double: (reader: WireReader, end: number): number => reader.double(end),
};

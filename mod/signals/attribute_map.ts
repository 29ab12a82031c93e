import type { MapColumn } from "../columns/column.ts";
import { DictionaryBuilder, ListOffsetsBuilder, Utf8Builder } from "../columns/builders.ts";

/** Attributes as a MAP column: for span events and links, which are few. Keys unique per row. */
export class AttributeMapBuilder {
  readonly #offsets = new ListOffsetsBuilder();
  readonly keys = new DictionaryBuilder();
  readonly values = new Utf8Builder();

  get byteLength(): number {
    return this.keys.length * 8 + this.values.byteLength;
  }

  push(attributes: Iterable<readonly [string, string]>): void {
    for (const [key, value] of attributes) {
      this.keys.push(key);
      this.values.push(value);
    }
    this.#offsets.close(this.keys.length);
  }

  truncate(rows: number): void {
    const length = this.#offsets.truncate(rows);
    this.keys.truncate(length);
    this.values.truncate(length);
  }

  finish(): MapColumn {
    return {
      type: "map",
      offsets: this.#offsets.finish(),
      keys: this.keys.finish(),
      values: this.values.finish(),
    };
  }
}

import type { Column } from "../columns/column.ts";
import { ListOffsetsBuilder, u16Builder, Utf8Builder } from "../columns/builders.ts";

/** The numbers of all keys in a batch's rows, each as often as it stands there; none where rows have no attributes. */
export function attributeKeyIds(
  columns: readonly (readonly [name: string, column: Column])[],
): Uint16Array {
  const column = columns.find(([name]) => name === "attr_keys")?.[1];
  return column?.type === "list" && column.child.type === "u16"
    ? column.child.data
    : new Uint16Array();
}

/**
 * Attributes of spans and logs while they are fresh: per row a list of key numbers (from
 * `AttributeKeys`) and a list of values as text. Two lists go into the engine seven times
 * faster than one MAP; the store makes MAPs of them when it seals a chunk.
 *
 * Keys must be unique within a row: the caller of `push` sees to it (see `hasKey`).
 */
export class AttributeListBuilder {
  readonly #offsets = new ListOffsetsBuilder();
  readonly #keys = u16Builder();
  readonly values = new Utf8Builder();
  /** Where the open row's items start. */
  #openStart = 0;

  get byteLength(): number {
    return this.#keys.length * 6 + this.values.byteLength;
  }

  /** Adds a key to the open row; the caller pushes its value to `values` right after. */
  pushKey(keyId: number): void {
    this.#keys.push(keyId);
  }

  /** True when the open row already has the key; OTLP says keys are unique, senders err. */
  hasKey(keyId: number): boolean {
    for (let i = this.#openStart; i < this.#keys.length; i++) {
      if (this.#keys.at(i) === keyId) return true;
    }
    return false;
  }

  /** Attributes in the open row. */
  get openCount(): number {
    return this.#keys.length - this.#openStart;
  }

  closeRow(): void {
    this.#openStart = this.#keys.length;
    this.#offsets.close(this.#keys.length);
  }

  truncate(rows: number): void {
    const length = this.#offsets.truncate(rows);
    this.#openStart = length;
    this.#keys.truncate(length);
    this.values.truncate(length);
  }

  finish(): readonly (readonly [string, Column])[] {
    this.#openStart = 0;
    const offsets = this.#offsets.finish();
    return [
      ["attr_keys", { type: "list", offsets, child: { type: "u16", data: this.#keys.finish() } }],
      // A copy: of two equal buffers in one batch Arrow's writer leaves one out when the lists are
      // empty, and the stream is then too short.
      ["attr_values", { type: "list", offsets: offsets.slice(), child: this.values.finish() }],
    ];
  }
}

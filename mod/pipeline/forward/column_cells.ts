import type { Column, ColumnBatch, MapColumn } from "../../columns/column.ts";
import { assert } from "../../errors.ts";
import { isPresent, textAt } from "../batch_columns.ts";

/** Reads the cells of a batch's columns by name, whatever they are laid out as. */
export class ColumnCells {
  readonly #columns: ReadonlyMap<string, Column>;

  constructor(columns: ColumnBatch["columns"]) {
    this.#columns = new Map(columns);
  }

  /** Empty where there is no value. */
  text(name: string, row: number): string {
    const column = this.#column(name);
    if (column.type === "utf8") return textAt(column, row);
    assert(column.type === "dictionary", `${name} is text`);
    return isPresent(column.nulls, row) ? textAt(column.values, column.ids[row]!) : "";
  }

  /** Null where there is no value. */
  number(name: string, row: number): number | null {
    const column = this.#column(name);
    assert("data" in column, `${name} is a number`);
    if ("nulls" in column && !isPresent(column.nulls, row)) return null;
    return Number(column.data[row]);
  }

  big(name: string, row: number): bigint {
    const column = this.#column(name);
    assert("data" in column, `${name} is a number`);
    return BigInt(column.data[row]!);
  }

  /** The items of a list of numbers. */
  numbers(name: string, row: number): number[] {
    const column = this.#column(name);
    assert(column.type === "list" && "data" in column.child, `${name} is a list of numbers`);
    const { offsets, child } = column;
    const items: number[] = [];
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) items.push(Number(child.data[i]));
    return items;
  }

  /** The items of a list of structs: their cells, and which of them are this row's. */
  structs(name: string, row: number): { cells: ColumnCells; start: number; end: number } {
    const column = this.#column(name);
    assert(
      column.type === "list" && column.child.type === "struct",
      `${name} is a list of structs`,
    );
    return {
      cells: new ColumnCells(column.child.fields),
      start: column.offsets[row]!,
      end: column.offsets[row + 1]!,
    };
  }

  pairs(name: string, row: number): [key: string, value: string][] {
    const column = this.#column(name);
    assert(column.type === "map", `${name} is a map`);
    const pairs: [string, string][] = [];
    for (let i = column.offsets[row]!; i < column.offsets[row + 1]!; i++) {
      pairs.push([itemText(column.keys, i), itemText(column.values, i)]);
    }
    return pairs;
  }

  #column(name: string): Column {
    const column = this.#columns.get(name);
    assert(column !== undefined, `there is a column ${name}`);
    return column;
  }
}

function itemText(column: MapColumn["keys"], item: number): string {
  if (column.type === "utf8") return textAt(column, item);
  return textAt(column.values, column.ids[item]!);
}

/** Bytes that a batch holds in memory. */
export function batchBytes(batch: ColumnBatch): number {
  return batch.columns.reduce((sum, [, column]) => sum + columnBytes(column), 0);
}

function columnBytes(column: Column): number {
  switch (column.type) {
    case "utf8":
      return column.offsets.byteLength + column.bytes.byteLength;
    case "dictionary":
      return column.ids.byteLength + columnBytes(column.values);
    case "list":
      return column.offsets.byteLength + columnBytes(column.child);
    case "struct":
      return column.fields.reduce((sum, [, field]) => sum + columnBytes(field), 0);
    case "map":
      return column.offsets.byteLength + columnBytes(column.keys) + columnBytes(column.values);
    default:
      return column.data.byteLength;
  }
}

import { cutToWidth, displayWidth } from "./display_width.ts";
import { terminalText } from "./terminal_text.ts";

/** A column of a table; `type` is DuckDB's name of the type. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
}

/** The widest a cell gets; what is longer is cut. The other formats are for whole values. */
const MAX_CELL_WIDTH = 100;
const GAP = "  ";
const NUMBER_TYPES = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\b.*)$/;

/** Rows as aligned columns under their names, numbers to the right; one line per row. */
export function* textTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly unknown[])[],
): Generator<string> {
  const head = columns.map((column) => cell(column.name));
  const cells = rows.map((row) => columns.map((_, i) => cell(row[i])));
  const widths = head.map((name, i) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[i] ?? "")), displayWidth(name))
  );
  const isNumber = columns.map(({ type }) => NUMBER_TYPES.test(type));
  const line = (row: readonly string[]): string =>
    row.map((text, i) => aligned(text, widths[i] ?? 0, isNumber[i] ?? false)).join(GAP)
      .trimEnd() + "\n";
  yield line(head);
  yield line(widths.map((width) => "-".repeat(width)));
  for (const row of cells) yield line(row);
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  // Cut first, since escaping costs by length; escapes may make it longer again.
  return cutToWidth(terminalText(text.slice(0, MAX_CELL_WIDTH * 4)), MAX_CELL_WIDTH);
}

function aligned(text: string, width: number, toTheRight: boolean): string {
  const space = " ".repeat(width - displayWidth(text));
  return toTheRight ? space + text : text + space;
}

import type { SqlColumn } from "../../mod/ports.ts";

/** Column names without repetition: the second `x` is `x_1`, so that no value is lost as an object key. */
export function uniqueColumnNames(columns: readonly SqlColumn[]): readonly string[] {
  const used = new Set<string>();
  return columns.map(({ name }) => {
    let unique = name;
    for (let n = 1; used.has(unique); n++) unique = `${name}_${n}`;
    used.add(unique);
    return unique;
  });
}

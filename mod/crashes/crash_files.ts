import type { TarEntry } from "../archive/tar_archive.ts";
import { CRASH_TABLES, type CrashBundle, type FrozenTable } from "./crash.ts";

/**
 * A crash as the files of an archive, for people and their tools: `crash.json` with everything but
 * the rows, and a file of JSON lines for each table.
 */
export function crashFiles(bundle: CrashBundle): TarEntry[] {
  const { tables, ...rest } = bundle;
  const folder = `crash-${bundle.summary.id}`;
  const file = (name: string, text: string): TarEntry => ({
    path: `${folder}/${name}`,
    content: new TextEncoder().encode(text),
    executable: false,
  });
  const notes = Object.fromEntries(CRASH_TABLES.map((name) => {
    const { rows, truncated, problem } = tables[name];
    return [name, { rows: rows.length, truncated, problem }];
  }));
  return [
    file("crash.json", `${JSON.stringify({ ...rest, tables: notes }, null, 2)}\n`),
    ...CRASH_TABLES.map((name) => file(`${name}.jsonl`, jsonLines(tables[name]))),
  ];
}

function jsonLines({ columns, rows }: FrozenTable): string {
  return rows.map((row) =>
    `${JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null])))}\n`
  ).join("");
}

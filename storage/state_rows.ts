import type { Column } from "../mod/columns/column.ts";
import { Int64Builder, NullableF64Builder, Utf8Builder } from "../mod/columns/builders.ts";
import { encodeArrow } from "./arrow_encode.ts";
import type { StateTable } from "./schema.ts";

/** Columns of each state table in order, and how a value of a row becomes one. */
const STATE_COLUMNS = {
  processes: {
    pid: "number",
    ppid: "number",
    start_time: "time",
    name: "text",
    executable: "text",
    command_line: "text",
    user: "text",
    state: "text",
    service: "text",
    cgroup: "text",
    cpu_ratio: "number",
    rss_bytes: "number",
    virtual_bytes: "number",
    pss_bytes: "number",
    threads: "number",
    open_fds: "number",
    fd_limit: "number",
    read_bytes_per_second: "number",
    write_bytes_per_second: "number",
    first_seen: "time",
    last_seen: "time",
    exited_at: "time",
    container_id: "text",
  },
  collectors: {
    name: "text",
    interval_ms: "number",
    last_duration_ms: "number",
    last_success: "time",
    successes: "number",
    failures: "number",
    timeouts: "number",
    skipped: "number",
    last_error: "text",
  },
} as const satisfies Record<StateTable, Record<string, "number" | "text" | "time">>;

type ValueOf<K> = K extends "text" ? string | null : number | null;

/** A row of a state table. Times are milliseconds since the Unix epoch. */
export type StateRow<T extends StateTable> = {
  readonly [C in keyof typeof STATE_COLUMNS[T]]: ValueOf<typeof STATE_COLUMNS[T][C]>;
};

export function encodeStateRows<T extends StateTable>(
  table: T,
  rows: readonly StateRow<T>[],
): Uint8Array<ArrayBuffer> {
  const kinds: Readonly<Record<string, "number" | "text" | "time">> = STATE_COLUMNS[table];
  const columns = Object.entries(kinds).map(([name, kind]): [string, Column] => {
    const values = rows.map((row): string | number | null => valueOf(row, name));
    return [name, kind === "text" ? textColumn(values) : numberColumn(values, kind === "time")];
  });
  return encodeArrow(rows.length, columns);
}

function valueOf(row: object, name: string): string | number | null {
  const value: unknown = Object.getOwnPropertyDescriptor(row, name)?.value;
  return typeof value === "string" || typeof value === "number" ? value : null;
}

function textColumn(values: readonly (string | number | null)[]): Column {
  const builder = new Utf8Builder();
  for (const value of values) value === null ? builder.pushNull() : builder.push(String(value));
  return builder.finish();
}

function numberColumn(values: readonly (string | number | null)[], time: boolean): Column {
  if (!time) {
    const builder = new NullableF64Builder();
    for (const value of values) builder.push(typeof value === "number" ? value : null);
    return builder.finish();
  }
  const builder = new Int64Builder();
  const present = new NullableF64Builder();
  for (const value of values) {
    builder.push(typeof value === "number" ? Math.round(value * 1000) : 0);
    present.push(typeof value === "number" ? 0 : null);
  }
  return { type: "timestamp_us", data: builder.finish(), nulls: present.finish().nulls };
}

/** Names of a state table's columns, in order; a test holds them against the schema. */
export function stateColumnNames(table: StateTable): readonly string[] {
  return Object.keys(STATE_COLUMNS[table]);
}

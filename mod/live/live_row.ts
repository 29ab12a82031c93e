import type { Column, ColumnBatch } from "../columns/column.ts";
import type { Registries } from "../intern/registries.ts";
import type { SqlValue } from "../ports.ts";
import { attributesAt, integerAt, numberAt, textAt } from "./cells.ts";
import type { LiveSignal } from "./row_filter.ts";

/** A row as the signal's SQL view has it, but for its nested lists, and for `ts`. */
export interface LiveRow {
  /** Microseconds since the Unix epoch. */
  readonly tsUs: number;
  readonly fields: Readonly<Record<string, SqlValue>>;
}

/** What numbers in rows stand for. */
export interface RowNames {
  readonly attributeKeys: Pick<Registries["attributeKeys"], "keyOf">;
  readonly resources: Pick<Registries["resources"], "get">;
}

const TEXTS: Readonly<Record<LiveSignal, readonly string[]>> = {
  logs: ["severity", "body", "service", "host", "trace_id", "span_id", "source", "event_name"],
  spans: [
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "kind",
    "service",
    "status",
    "status_message",
    "scope_name",
  ],
  events: ["stream", "name", "subject", "service", "severity", "message"],
};
const NUMBERS: Readonly<Record<LiveSignal, readonly string[]>> = {
  logs: ["severity_number", "pid"],
  spans: [],
  events: ["pid", "value"],
};

export function liveRow(
  batch: ColumnBatch,
  signal: LiveSignal,
  row: number,
  names: RowNames,
): LiveRow {
  const columns = new Map<string, Column>(batch.columns);
  const fields: Record<string, SqlValue> = {};
  for (const name of TEXTS[signal]) fields[name] = textAt(columns.get(name), row);
  for (const name of NUMBERS[signal]) fields[name] = numberAt(columns.get(name), row);
  fields["attributes"] = attributesAt(
    columns.get("attr_keys"),
    columns.get("attr_values"),
    row,
    (id) => names.attributeKeys.keyOf(id),
  );
  const ns = integerAt(columns.get("ts"), row) * 1000n +
    BigInt(numberAt(columns.get("ns_remainder"), row) ?? 0);
  if (signal !== "events") {
    const resource = names.resources.get(numberAt(columns.get("resource_id"), row) ?? 0) ?? [];
    fields["resource"] = Object.fromEntries(resource);
  }
  if (signal === "logs") fields["time_unix_ns"] = `${ns}`;
  if (signal === "spans") {
    const duration = integerAt(columns.get("duration_ns"), row);
    fields["duration_ms"] = Number(duration) / 1e6;
    fields["start_unix_ns"] = `${ns}`;
    fields["end_unix_ns"] = `${ns + duration}`;
  }
  return { tsUs: numberAt(columns.get("ts"), row) ?? 0, fields };
}

import type {
  Column,
  ColumnBatch,
  DictionaryColumn,
  MapColumn,
  Signal,
  Utf8Column,
} from "../../columns/column.ts";
import { decodeUtf8, encodeUtf8 } from "../../columns/utf8_text.ts";
import type { Redactor } from "./redactor.ts";

/** Columns that hold no words of a sender: identifiers that were checked, words of closed sets. */
const CLOSED_COLUMNS: ReadonlySet<string> = new Set([
  "trace_id",
  "span_id",
  "parent_span_id",
  "kind",
  "status",
]);

/** Signals whose rows refer to a series. */
const OF_SERIES: ReadonlySet<Signal> = new Set<Signal>(["metrics", "histograms", "exemplars"]);

export interface RedactBatchOptions {
  readonly redactor: Redactor;
  /** The key of an attribute by its number. */
  readonly keyOf: (keyId: number) => string;
  /** Columns of texts to leave as they are, such as `name`. */
  readonly skippedColumns: readonly string[];
}

/** The batch without secrets in any of its texts. Columns in which nothing changed are the same. */
export function redactBatch(batch: ColumnBatch, options: RedactBatchOptions): ColumnBatch {
  // Those hold numbers and ids; labels are redacted where series are made.
  if (OF_SERIES.has(batch.signal)) return batch;
  const keys = batch.columns.find(([name]) => name === "attr_keys")?.[1];
  let changed = false;
  const columns = batch.columns.map(([name, column]) => {
    const redacted = name === "attr_values" && keys !== undefined
      ? redactAttributes(keys, column, options)
      : redactColumn(name, column, options);
    changed ||= redacted !== column;
    return [name, redacted] as const;
  });
  return changed ? { ...batch, columns } : batch;
}

function redactColumn(name: string, column: Column, options: RedactBatchOptions): Column {
  if (CLOSED_COLUMNS.has(name) || options.skippedColumns.includes(name)) return column;
  switch (column.type) {
    case "utf8":
      return redactTexts(column, options.redactor, null);
    case "dictionary":
      return redactDictionary(column, options.redactor);
    case "list": {
      const child = redactColumn(name, column.child, options);
      return child === column.child ? column : { ...column, child };
    }
    case "struct": {
      const fields = column.fields.map(([field, inner]) =>
        [field, redactColumn(field, inner, options)] as const
      );
      const same = fields.every(([, inner], i) => inner === column.fields[i]![1]);
      return same ? column : { ...column, fields };
    }
    case "map":
      return redactMap(column, options.redactor);
    default:
      return column;
  }
}

function redactDictionary(column: DictionaryColumn, redactor: Redactor): DictionaryColumn {
  const values = redactTexts(column.values, redactor, null);
  return values === column.values ? column : { ...column, values };
}

/** Attributes as two lists: `keys` holds numbers, `values` texts, item by item. */
function redactAttributes(keys: Column, values: Column, options: RedactBatchOptions): Column {
  if (
    keys.type !== "list" || keys.child.type !== "u16" ||
    values.type !== "list" || values.child.type !== "utf8"
  ) return values;
  const ids = keys.child.data;
  const { redactor, keyOf } = options;
  const child = redactTexts(
    values.child,
    redactor,
    (item) => keyOf(ids[item]!),
    secretItems(ids, (id) => redactor.nameKind(keyOf(id)) === "secret"),
  );
  return child === values.child ? values : { ...values, child };
}

/** Items whose key is a secret's name. Keys are few: each is judged once. */
function secretItems(ids: Uint16Array, isSecret: (id: number) => boolean): number[] {
  const judged = new Int8Array(65_536);
  const items: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (judged[id] === 0) judged[id] = isSecret(id) ? 1 : -1;
    if (judged[id] === 1) items.push(i);
  }
  return items;
}

/** A map of few entries: their keys are texts. */
function redactMap(column: MapColumn, redactor: Redactor): MapColumn {
  const { keys, values } = column;
  const nameOf = (item: number): string => textAt(keys, item);
  if (values.type === "dictionary") {
    // Its values are shared by names, so that none of them can be judged by its name.
    const redacted = redactDictionary(values, redactor);
    return redacted === values ? column : { ...column, values: redacted };
  }
  const secret: number[] = [];
  for (let item = 0; item < values.offsets.length - 1; item++) {
    if (redactor.nameKind(nameOf(item)) === "secret") secret.push(item);
  }
  const redacted = redactTexts(values, redactor, nameOf, secret);
  return redacted === values ? column : { ...column, values: redacted };
}

function textAt(column: Utf8Column | DictionaryColumn, row: number): string {
  if (column.type === "dictionary") return textAt(column.values, column.ids[row]!);
  return decodeUtf8(column.bytes, column.offsets[row]!, column.offsets[row + 1]!);
}

/** `secret` are rows, ascending, that go as a whole because of their name. */
function redactTexts(
  column: Utf8Column,
  redactor: Redactor,
  nameOf: ((row: number) => string) | null,
  secret: readonly number[] = [],
): Utf8Column {
  const { bytes, offsets } = column;
  const changes = new Map<number, Uint8Array>();
  redactor.scan(bytes, offsets, nameOf, (row, text) => void changes.set(row, encodeUtf8(text)));
  for (const row of secret) {
    if (nameOf === null) break;
    const value = decodeUtf8(bytes, offsets[row]!, offsets[row + 1]!);
    const redacted = redactor.secretValue(nameOf(row), value);
    if (redacted !== value) changes.set(row, encodeUtf8(redacted));
  }
  return changes.size === 0 ? column : replaceTexts(column, changes);
}

/** The column with other texts in some rows. */
export function replaceTexts(
  column: Utf8Column,
  changes: ReadonlyMap<number, Uint8Array>,
): Utf8Column {
  const { bytes, offsets } = column;
  const rows = [...changes.keys()].sort((a, b) => a - b);
  const first = offsets[0] ?? 0;
  let size = offsets[offsets.length - 1]! - first;
  for (const row of rows) size += changes.get(row)!.length - (offsets[row + 1]! - offsets[row]!);
  const newBytes = new Uint8Array(size);
  const newOffsets = new Int32Array(offsets.length);
  let from = first;
  let to = 0;
  let next = 0;
  for (const row of rows) {
    const text = changes.get(row)!;
    // Unchanged texts before this one, in one piece.
    for (; next <= row; next++) newOffsets[next] = offsets[next]! - from + to;
    newBytes.set(bytes.subarray(from, offsets[row]!), to);
    to += offsets[row]! - from;
    newBytes.set(text, to);
    to += text.length;
    from = offsets[row + 1]!;
  }
  for (; next < offsets.length; next++) newOffsets[next] = offsets[next]! - from + to;
  newBytes.set(bytes.subarray(from, offsets[offsets.length - 1]!), to);
  return { ...column, bytes: newBytes, offsets: newOffsets };
}

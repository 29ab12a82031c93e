import type { Column } from "../columns/column.ts";
import {
  DictionaryBuilder,
  f64Builder,
  ListOffsetsBuilder,
  u16Builder,
  u32Builder,
  Utf8Builder,
} from "../columns/builders.ts";
import { AttributeMapBuilder } from "../signals/attribute_map.ts";

/** Tables that batches refer to by number. A definition is stored before its first use. */
export type DefinitionTable = "series" | "attribute_keys" | "resources" | "bounds";

/** New rows of one definition table, in the order of the table's columns. */
export interface DefinitionBatch {
  readonly table: DefinitionTable;
  readonly rows: number;
  readonly columns: readonly (readonly [name: string, column: Column])[];
}

export type SeriesKind = "gauge" | "counter" | "updown" | "summary" | "histogram";

/** What a series id stands for. Labels are sorted by key, keys unique. */
export interface SeriesDefinition {
  readonly id: number;
  readonly name: string;
  readonly kind: SeriesKind;
  /** UCUM, as OpenTelemetry gives it ("By", "s", "1", "{request}"); empty when unknown. */
  readonly unit: string;
  readonly service: string;
  readonly labels: readonly (readonly [key: string, value: string])[];
}

export interface ResourceDefinition {
  readonly id: number;
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

export function seriesBatch(definitions: readonly SeriesDefinition[]): DefinitionBatch {
  const id = u32Builder();
  const name = new DictionaryBuilder();
  const kind = new DictionaryBuilder();
  const unit = new DictionaryBuilder();
  const service = new DictionaryBuilder();
  const labels = new AttributeMapBuilder();
  for (const one of definitions) {
    id.push(one.id);
    name.push(one.name);
    kind.push(one.kind);
    unit.push(one.unit);
    service.push(one.service);
    labels.push(one.labels);
  }
  return {
    table: "series",
    rows: definitions.length,
    columns: [
      ["series_id", { type: "u32", data: id.finish() }],
      ["name", name.finish()],
      ["kind", kind.finish()],
      ["unit", unit.finish()],
      ["service", service.finish()],
      ["labels", labels.finish()],
    ],
  };
}

export function attributeKeyBatch(
  definitions: readonly { readonly id: number; readonly key: string }[],
): DefinitionBatch {
  const id = u16Builder();
  const key = new Utf8Builder();
  for (const one of definitions) {
    id.push(one.id);
    key.push(one.key);
  }
  return {
    table: "attribute_keys",
    rows: definitions.length,
    columns: [["key_id", { type: "u16", data: id.finish() }], ["key", key.finish()]],
  };
}

export function resourceBatch(definitions: readonly ResourceDefinition[]): DefinitionBatch {
  const id = u32Builder();
  const attributes = new AttributeMapBuilder();
  for (const one of definitions) {
    id.push(one.id);
    attributes.push(one.attributes);
  }
  return {
    table: "resources",
    rows: definitions.length,
    columns: [["resource_id", { type: "u32", data: id.finish() }], [
      "attributes",
      attributes.finish(),
    ]],
  };
}

export function boundsBatch(
  definitions: readonly { readonly id: number; readonly bounds: readonly number[] }[],
): DefinitionBatch {
  const id = u32Builder();
  const offsets = new ListOffsetsBuilder();
  const values = f64Builder();
  for (const one of definitions) {
    id.push(one.id);
    for (const bound of one.bounds) values.push(bound);
    offsets.close(values.length);
  }
  return {
    table: "bounds",
    rows: definitions.length,
    columns: [["bounds_id", { type: "u32", data: id.finish() }], [
      "bounds",
      {
        type: "list",
        offsets: offsets.finish(),
        child: { type: "f64", data: values.finish(), nulls: null },
      },
    ]],
  };
}

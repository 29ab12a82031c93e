import type { ColumnBatch } from "../../columns/column.ts";
import type { SeriesDefinition } from "../../intern/definitions.ts";
import type { Registries } from "../../intern/registries.ts";
import { decodeHex } from "../../otlp/hex.ts";
import type { OtlpSignal } from "../../otlp/otlp_signal.ts";
import { fixed32Tag, fixed64Tag, varintTag } from "../../otlp/wire.ts";
import { WireWriter } from "../../otlp/wire_writer.ts";
import { SPAN_KINDS, SPAN_STATUSES } from "../../signals/spans.ts";
import { attributesOf, textAt } from "../batch_columns.ts";
import { ColumnCells } from "./column_cells.ts";

/** What numbers in batches stand for. */
export type EncoderRegistries = Pick<
  Registries,
  "attributeKeys" | "resources" | "series" | "bounds"
>;

type Pairs = readonly (readonly [key: string, value: string])[];

/** Labels that say who sent a metric: in OTLP they are the resource's. */
const IDENTITY: ReadonlySet<string> = new Set([
  "host.name",
  "process.pid",
  "service.instance.id",
  "service.name",
]);
const CUMULATIVE = 2;

/** The signal under which rows of a batch are sent; null for those that OTLP has none for. */
export function otlpSignalOf(batch: ColumnBatch): OtlpSignal | null {
  switch (batch.signal) {
    case "spans":
      return "traces";
    case "logs":
      return "logs";
    case "metrics":
    case "histograms":
      return "metrics";
    default:
      return null;
  }
}

/**
 * Rows [start, end) of a batch as an `ExportXServiceRequest` in protobuf. Values of attributes are
 * texts, as they are stored.
 */
export function encodeOtlp(
  batch: ColumnBatch,
  start: number,
  end: number,
  registries: EncoderRegistries,
): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  if (batch.signal === "spans" || batch.signal === "logs") {
    writeRecords(writer, batch, start, end, registries);
  } else writeSeries(writer, batch, start, end, registries);
  return writer.finish();
}

function writeRecords(
  writer: WireWriter,
  batch: ColumnBatch,
  start: number,
  end: number,
  registries: EncoderRegistries,
): void {
  const cells = new ColumnCells(batch.columns);
  const items = attributesOf(batch);
  const attributes = (row: number): [string, string][] => {
    const pairs: [string, string][] = [];
    for (let item = items.offsets[row]!; item < items.offsets[row + 1]!; item++) {
      pairs.push([registries.attributeKeys.keyOf(items.keys[item]!), textAt(items.values, item)]);
    }
    return pairs;
  };
  const write = batch.signal === "spans" ? writeSpan : writeLog;
  const rows = Array.from({ length: end - start }, (_, i) => start + i);
  const byResource = Map.groupBy(rows, (row) => JSON.stringify(resourceOf(cells, row, registries)));
  for (const [resource, ofResource] of byResource) {
    const group = writer.begin(1);
    writeResource(writer, JSON.parse(resource));
    const byScope = Map.groupBy(
      ofResource,
      (row) => `${cells.text("scope_name", row)}\0${cells.text("scope_version", row)}`,
    );
    for (const [scope, ofScope] of byScope) {
      const scoped = writer.begin(2);
      const [name = "", version = ""] = scope.split("\0");
      const about = writer.begin(1);
      writeText(writer, 1, name);
      writeText(writer, 2, version);
      writer.end(about);
      for (const row of ofScope) {
        const record = writer.begin(2);
        write(writer, cells, row, attributes(row));
        writer.end(record);
      }
      writer.end(scoped);
    }
    writer.end(group);
  }
}

/** The resource of a record; of one that has none, what its columns tell about the sender. */
function resourceOf(cells: ColumnCells, row: number, registries: EncoderRegistries): Pairs {
  const id = cells.number("resource_id", row) ?? 0;
  return registries.resources.valueOf(id) ?? [["service.name", cells.text("service", row)]];
}

function writeSpan(writer: WireWriter, cells: ColumnCells, row: number, attributes: Pairs): void {
  writeId(writer, 1, cells.text("trace_id", row));
  writeId(writer, 2, cells.text("span_id", row));
  writeText(writer, 3, cells.text("trace_state", row));
  writeId(writer, 4, cells.text("parent_span_id", row));
  writeText(writer, 5, cells.text("name", row));
  writeVarint(writer, 6, indexOf(SPAN_KINDS, cells.text("kind", row)));
  const startNs = timeNs(cells, row);
  writeTime(writer, 7, startNs);
  writeTime(writer, 8, startNs + cells.big("duration_ns", row));
  writePairs(writer, 9, attributes);
  writeVarint(writer, 10, cells.number("dropped_attributes", row) ?? 0);
  const events = cells.structs("events", row);
  for (let i = events.start; i < events.end; i++) {
    const event = writer.begin(11);
    writeTime(writer, 1, events.cells.big("time_unix_ns", i));
    writeText(writer, 2, events.cells.text("name", i));
    writePairs(writer, 3, events.cells.pairs("attributes", i));
    writeVarint(writer, 4, events.cells.number("dropped_attributes", i) ?? 0);
    writer.end(event);
  }
  writeVarint(writer, 12, cells.number("dropped_events", row) ?? 0);
  const links = cells.structs("links", row);
  for (let i = links.start; i < links.end; i++) {
    const link = writer.begin(13);
    writeId(writer, 1, links.cells.text("trace_id", i));
    writeId(writer, 2, links.cells.text("span_id", i));
    writeText(writer, 3, links.cells.text("trace_state", i));
    writePairs(writer, 4, links.cells.pairs("attributes", i));
    writeFixed32(writer, 6, links.cells.number("flags", i) ?? 0);
    writer.end(link);
  }
  writeVarint(writer, 14, cells.number("dropped_links", row) ?? 0);
  const status = writer.begin(15);
  writeText(writer, 2, cells.text("status_message", row));
  writeVarint(writer, 3, indexOf(SPAN_STATUSES, cells.text("status", row)));
  writer.end(status);
  writeFixed32(writer, 16, cells.number("flags", row) ?? 0);
}

function writeLog(writer: WireWriter, cells: ColumnCells, row: number, attributes: Pairs): void {
  writeTime(writer, 1, timeNs(cells, row));
  writeVarint(writer, 2, cells.number("severity_number", row) ?? 0);
  writeText(writer, 3, cells.text("severity", row));
  const body = writer.begin(5);
  writer.stringField(1, cells.text("body", row));
  writer.end(body);
  writePairs(writer, 6, attributes);
  writeVarint(writer, 7, cells.number("dropped_attributes", row) ?? 0);
  writeFixed32(writer, 8, cells.number("flags", row) ?? 0);
  writeId(writer, 9, cells.text("trace_id", row));
  writeId(writer, 10, cells.text("span_id", row));
  writeTime(writer, 11, cells.big("observed_ts", row) * 1_000n);
  writeText(writer, 12, cells.text("event_name", row));
}

function writeSeries(
  writer: WireWriter,
  batch: ColumnBatch,
  start: number,
  end: number,
  registries: EncoderRegistries,
): void {
  const cells = new ColumnCells(batch.columns);
  const rows = Array.from({ length: end - start }, (_, i) => start + i);
  const bySeries = Map.groupBy(rows, (row) => cells.number("series_id", row) ?? 0);
  const known = [...bySeries].flatMap(([id, ofSeries]) => {
    const series = registries.series.get(id);
    return series === undefined ? [] : [{ series, ofSeries }];
  });
  const byResource = Map.groupBy(
    known,
    ({ series }) => JSON.stringify(series.labels.filter(([key]) => IDENTITY.has(key))),
  );
  for (const [resource, group] of byResource) {
    const resourceMetrics = writer.begin(1);
    writeResource(writer, JSON.parse(resource));
    const scoped = writer.begin(2);
    for (const { series, ofSeries } of group) {
      const metric = writer.begin(2);
      writeText(writer, 1, series.name);
      writeText(writer, 3, series.unit);
      if (batch.signal === "histograms") {
        writeHistogram(writer, cells, ofSeries, series, registries);
      } else writeNumbers(writer, cells, ofSeries, series);
      writer.end(metric);
    }
    writer.end(scoped);
    writer.end(resourceMetrics);
  }
}

function writeNumbers(
  writer: WireWriter,
  cells: ColumnCells,
  rows: readonly number[],
  series: SeriesDefinition,
): void {
  const isSum = series.kind === "counter" || series.kind === "updown";
  const data = writer.begin(isSum ? 7 : 5);
  for (const row of rows) {
    const point = writer.begin(1);
    writePairs(writer, 7, pointLabels(series));
    writeTime(writer, 3, cells.big("ts", row) * 1_000n);
    writer.varint(fixed64Tag(4));
    writer.double(cells.number("value", row) ?? 0);
    writer.end(point);
  }
  if (isSum) {
    writeVarint(writer, 2, CUMULATIVE);
    writeVarint(writer, 3, series.kind === "counter" ? 1 : 0);
  }
  writer.end(data);
}

function writeHistogram(
  writer: WireWriter,
  cells: ColumnCells,
  rows: readonly number[],
  series: SeriesDefinition,
  registries: EncoderRegistries,
): void {
  const data = writer.begin(9);
  for (const row of rows) {
    const point = writer.begin(1);
    writePairs(writer, 9, pointLabels(series));
    writeTime(writer, 3, cells.big("ts", row) * 1_000n);
    writeTime(writer, 4, cells.big("count", row));
    for (const [field, name] of [[5, "sum"], [11, "min"], [12, "max"]] as const) {
      const value = cells.number(name, row);
      if (value === null) continue;
      writer.varint(fixed64Tag(field));
      writer.double(value);
    }
    for (const count of cells.numbers("counts", row)) writeTime(writer, 6, BigInt(count));
    for (const bound of registries.bounds.valueOf(cells.number("bounds_id", row) ?? 0) ?? []) {
      writer.varint(fixed64Tag(7));
      writer.double(bound);
    }
    writer.end(point);
  }
  writeVarint(writer, 2, CUMULATIVE);
  writer.end(data);
}

function pointLabels(series: SeriesDefinition): Pairs {
  return series.labels.filter(([key]) => !IDENTITY.has(key));
}

function timeNs(cells: ColumnCells, row: number): bigint {
  return cells.big("ts", row) * 1_000n + cells.big("ns_remainder", row);
}

function writeResource(writer: WireWriter, attributes: Pairs): void {
  const resource = writer.begin(1);
  writePairs(writer, 1, attributes);
  writer.end(resource);
}

function writePairs(writer: WireWriter, field: number, pairs: Pairs): void {
  for (const [key, value] of pairs) {
    const pair = writer.begin(field);
    writer.stringField(1, key);
    const any = writer.begin(2);
    writer.stringField(1, value);
    writer.end(any);
    writer.end(pair);
  }
}

// What protobuf takes for granted when it is left out is left out.

function writeText(writer: WireWriter, field: number, text: string): void {
  if (text !== "") writer.stringField(field, text);
}

function writeVarint(writer: WireWriter, field: number, value: number): void {
  if (value === 0) return;
  writer.varint(varintTag(field));
  writer.varint(value);
}

function writeFixed32(writer: WireWriter, field: number, value: number): void {
  if (value === 0) return;
  writer.varint(fixed32Tag(field));
  writer.fixed32(value);
}

/** Also for what is no time but has 64 bits; zero is written too, since lists may hold it. */
function writeTime(writer: WireWriter, field: number, value: bigint): void {
  writer.varint(fixed64Tag(field));
  writer.fixed64Big(value);
}

function writeId(writer: WireWriter, field: number, hex: string): void {
  const bytes = hex === "" ? null : decodeHex(hex);
  if (bytes !== null) writer.bytesField(field, bytes);
}

function indexOf(words: readonly string[], word: string): number {
  return Math.max(0, words.indexOf(word));
}

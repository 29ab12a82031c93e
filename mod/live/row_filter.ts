import type { Column, ColumnBatch } from "../columns/column.ts";
import { type BytesTest, numberAt, textTest } from "./cells.ts";

/** Signals whose rows can be followed. */
export const LIVE_SIGNALS = ["logs", "spans", "events"] as const;
export type LiveSignal = (typeof LIVE_SIGNALS)[number];

/** What rows are wanted: those that meet everything that is said. */
export interface RowFilter {
  readonly signal: LiveSignal;
  readonly services?: readonly string[];
  /** Of spans and events: `name`; of logs: `event_name`. */
  readonly names?: readonly string[];
  /** Of logs: the least `severity_number`. */
  readonly minSeverityNumber?: number;
  /** Of spans. */
  readonly status?: string;
  /** Of logs and spans, 32 lower-case hex digits. */
  readonly traceId?: string;
  /** Part of a log's body, a span's name or an event's message, whatever the case of its ASCII letters. */
  readonly text?: string;
}

const NAME_COLUMN: Readonly<Record<LiveSignal, string>> = {
  logs: "event_name",
  spans: "name",
  events: "name",
};
const TEXT_COLUMN: Readonly<Record<LiveSignal, string>> = {
  logs: "body",
  spans: "name",
  events: "message",
};

type RowTest = (row: number) => boolean;

/** The rows of a batch that a filter lets through, in order. No text is decoded for it. */
export function matchingRows(batch: ColumnBatch, filter: RowFilter): number[] {
  if (batch.signal !== filter.signal) return [];
  const tests = testsOf(new Map(batch.columns), filter);
  const matching: number[] = [];
  for (let row = 0; row < batch.rows; row++) {
    if (tests.every((test) => test(row))) matching.push(row);
  }
  return matching;
}

function testsOf(columns: ReadonlyMap<string, Column>, filter: RowFilter): RowTest[] {
  const { signal, services, names, minSeverityNumber, status, traceId, text } = filter;
  const tests: RowTest[] = [];
  const oneOf = (column: string, wanted: readonly string[] | undefined) => {
    if (wanted !== undefined) tests.push(textTest(columns.get(column), equalsOneOf(wanted)));
  };
  oneOf("service", services);
  oneOf(NAME_COLUMN[signal], names);
  oneOf("status", status === undefined ? undefined : [status]);
  oneOf("trace_id", traceId === undefined ? undefined : [traceId]);
  if (minSeverityNumber !== undefined) {
    const severity = columns.get("severity_number");
    tests.push((row) => (numberAt(severity, row) ?? 0) >= minSeverityNumber);
  }
  if (text !== undefined) tests.push(textTest(columns.get(TEXT_COLUMN[signal]), containing(text)));
  return tests;
}

function equalsOneOf(wanted: readonly string[]): BytesTest {
  const encoded = wanted.map((one) => new TextEncoder().encode(one));
  return (bytes, start, end) =>
    encoded.some((one) => {
      if (one.length !== end - start) return false;
      for (let i = 0; i < one.length; i++) if (one[i] !== bytes[start + i]) return false;
      return true;
    });
}

function containing(text: string): BytesTest {
  const needle = new TextEncoder().encode(text).map(lowered);
  return (bytes, start, end) => {
    for (let at = start; at <= end - needle.length; at++) {
      let same = 0;
      while (same < needle.length && lowered(bytes[at + same] ?? 0) === needle[same]) same++;
      if (same === needle.length) return true;
    }
    return false;
  };
}

function lowered(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

import { decodeUtf8 } from "../columns/utf8_text.ts";
import { HorizonError } from "../errors.ts";
import type { TextAttributes } from "../intake/log_writer.ts";
import { MalformedError } from "../otlp/malformed.ts";
import { bytesTag, knownFields, signedOf, varintTag, WireReader } from "../otlp/wire.ts";
import { parseLokiLabels } from "./loki_labels.ts";
import type { LokiEntry, LokiStream } from "./loki_stream.ts";

// Loki, pkg/push/push.proto: PushRequest, StreamAdapter, EntryAdapter, LabelPairAdapter.
const STREAMS = bytesTag(1);
const STREAM_LABELS = bytesTag(1);
const STREAM_ENTRIES = bytesTag(2);
const ENTRY_TIME = bytesTag(1);
const ENTRY_LINE = bytesTag(2);
const ENTRY_METADATA = bytesTag(3);
const TIME_SECONDS = varintTag(1);
const TIME_NANOS = varintTag(2);
const PAIR_NAME = bytesTag(1);
const PAIR_VALUE = bytesTag(2);
const NOT_BYTES = knownFields();

/**
 * The streams of a push in protobuf, decompressed.
 * @throws HorizonError `invalid_argument`
 */
export function lokiStreamsOfProto(bytes: Uint8Array): LokiStream[] {
  const reader = new WireReader(bytes);
  const streams: LokiStream[] = [];
  try {
    while (reader.pos < bytes.length) {
      const tag = reader.tag(bytes.length);
      if (tag !== STREAMS) reader.skip(tag, NOT_BYTES, bytes.length);
      else within(reader, bytes.length, (end) => streams.push(readStream(reader, end)));
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new HorizonError(
      "invalid_argument",
      `the push is malformed: ${error.message}`,
      { offset: error.offset },
      null,
      { cause: error },
    );
  }
  return streams;
}

function readStream(reader: WireReader, end: number): LokiStream {
  let labels: TextAttributes = [];
  const entries: LokiEntry[] = [];
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === STREAM_LABELS) {
      within(reader, end, (to) => {
        labels = parseLokiLabels(decodeUtf8(reader.bytes, reader.pos, to)) ??
          reader.fail("labels that are none");
      });
    } else if (tag === STREAM_ENTRIES) {
      within(reader, end, (to) => entries.push(readEntry(reader, to)));
    } else reader.skip(tag, NOT_BYTES, end);
  }
  return { labels, entries };
}

function readEntry(reader: WireReader, end: number): LokiEntry {
  let seconds = 0;
  let nanos = 0;
  let line = "";
  const metadata: (readonly [string, string])[] = [];
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === ENTRY_TIME) {
      within(reader, end, (to) => {
        while (reader.pos < to) {
          const part = reader.tag(to);
          if (part !== TIME_SECONDS && part !== TIME_NANOS) reader.skip(part, NOT_BYTES, to);
          else {
            reader.varint(to);
            const value = signedOf(reader.low, reader.high);
            if (part === TIME_SECONDS) seconds = value;
            else nanos = value;
          }
        }
      });
    } else if (tag === ENTRY_LINE) {
      within(reader, end, (to) => line = decodeUtf8(reader.bytes, reader.pos, to));
    } else if (tag === ENTRY_METADATA) {
      within(reader, end, (to) => metadata.push(readPair(reader, to)));
    } else reader.skip(tag, NOT_BYTES, end);
  }
  if (nanos < 0 || nanos > 999_999_999) reader.fail("nanoseconds out of range");
  return {
    tsUs: seconds * 1_000_000 + Math.floor(nanos / 1_000),
    nsRemainder: nanos % 1_000,
    line,
    metadata,
  };
}

function readPair(reader: WireReader, end: number): readonly [string, string] {
  let name = "";
  let value = "";
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === PAIR_NAME || tag === PAIR_VALUE) {
      within(reader, end, (to) => {
        const text = decodeUtf8(reader.bytes, reader.pos, to);
        if (tag === PAIR_NAME) name = text;
        else value = text;
      });
    } else reader.skip(tag, NOT_BYTES, end);
  }
  return [name, value];
}

/** Reads a field of bytes, and goes on behind it. */
function within(reader: WireReader, end: number, read: (end: number) => void): void {
  const to = reader.rangeEnd(end);
  read(to);
  reader.pos = to;
}

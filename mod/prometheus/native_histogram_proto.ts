import { NumberList } from "../otlp/number_lists.ts";
import {
  bytesTag,
  fixed64Tag,
  knownFields,
  signedOf,
  unsignedOf,
  varintTag,
  type WireReader,
} from "../otlp/wire.ts";
import { type BucketSpan, nativeBuckets, type NativeSide } from "./native_buckets.ts";
import { isStaleAt } from "./stale_marker.ts";

// Fields of Histogram, the same in prompb/types.proto and io/prometheus/write/v2/types.proto;
// deltas = 9 and 12, float counts = 10 and 13, custom_values = 16.
const COUNT_INT = varintTag(1);
const COUNT_FLOAT = fixed64Tag(2);
const SUM = fixed64Tag(3);
const SCHEMA = varintTag(4);
const ZERO_THRESHOLD = fixed64Tag(5);
const ZERO_COUNT_INT = varintTag(6);
const ZERO_COUNT_FLOAT = fixed64Tag(7);
const NEGATIVE_SPANS = bytesTag(8);
const POSITIVE_SPANS = bytesTag(11);
const RESET_HINT = varintTag(14);
const TIMESTAMP = varintTag(15);
const HISTOGRAM_FIELDS = knownFields(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
// Fields of BucketSpan.
const SPAN_OFFSET = varintTag(1);
const SPAN_LENGTH = varintTag(2);
const SPAN_FIELDS = knownFields(1, 2);
/** Spans of one sign; real histograms have a few. */
const MAX_SPANS = 4_096;

/** A native histogram as the store keeps it; null where its buckets do not fit together. */
export interface NativePoint {
  readonly tsMs: number;
  readonly stale: boolean;
  readonly count: number;
  readonly sum: number;
  readonly buckets:
    | { readonly bounds: readonly number[]; readonly counts: readonly number[] }
    | null;
}

/** Reads the message Histogram of remote write. Reused from point to point. */
export class NativeHistogramReader {
  readonly #negativeDeltas = new NumberList(9, "sint64");
  readonly #negativeCounts = new NumberList(10, "double");
  readonly #positiveDeltas = new NumberList(12, "sint64");
  readonly #positiveCounts = new NumberList(13, "double");
  readonly #customBounds = new NumberList(16, "double");
  #negativeSpans: BucketSpan[] = [];
  #positiveSpans: BucketSpan[] = [];
  #count = 0;
  #sum = 0;
  #stale = false;
  #schema = 0;
  #zeroThreshold = 0;
  #zeroCount = 0;
  #tsMs = 0;
  #isFloat = false;

  /** Reads the message that ends at `end`. */
  read(reader: WireReader, end: number): NativePoint {
    this.#clear();
    while (reader.pos < end) this.#field(reader, reader.tag(end), end);
    const stale = this.#stale;
    const base = { tsMs: this.#tsMs, stale, sum: this.#sum };
    // With a marker the rest says nothing.
    if (stale) return { ...base, count: 0, buckets: null };
    return { ...base, count: Math.round(this.#count), buckets: this.#buckets() };
  }

  #buckets(): NativePoint["buckets"] {
    const lists = [
      this.#negativeDeltas,
      this.#negativeCounts,
      this.#positiveDeltas,
      this.#positiveCounts,
      this.#customBounds,
    ];
    const tooMany = lists.some((list) => list.tooMany) || this.#negativeSpans.length > MAX_SPANS ||
      this.#positiveSpans.length > MAX_SPANS;
    if (tooMany) return null;
    return nativeBuckets({
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      positive: this.#side(this.#positiveSpans, this.#positiveDeltas, this.#positiveCounts),
      negative: this.#side(this.#negativeSpans, this.#negativeDeltas, this.#negativeCounts),
      customBounds: this.#customBounds.values,
    });
  }

  // Integer histograms give each count as the difference to the one before.
  #side(spans: readonly BucketSpan[], deltas: NumberList, counts: NumberList): NativeSide {
    if (this.#isFloat) return { spans, counts: counts.values };
    let running = 0;
    return { spans, counts: deltas.values.map((delta) => running += delta) };
  }

  #clear(): void {
    for (
      const list of [
        this.#negativeDeltas,
        this.#negativeCounts,
        this.#positiveDeltas,
        this.#positiveCounts,
        this.#customBounds,
      ]
    ) list.clear();
    this.#negativeSpans = [];
    this.#positiveSpans = [];
    this.#count =
      this.#sum =
      this.#schema =
      this.#zeroThreshold =
      this.#zeroCount =
      this.#tsMs =
        0;
    this.#stale = this.#isFloat = false;
  }

  #field(reader: WireReader, tag: number, end: number): void {
    switch (tag) {
      case COUNT_INT:
        this.#count = unsigned(reader, end);
        break;
      case COUNT_FLOAT:
        this.#count = reader.double(end);
        this.#isFloat = true;
        break;
      case SUM:
        this.#sum = reader.double(end);
        this.#stale = isStaleAt(reader.view, reader.pos - 8);
        break;
      case SCHEMA:
        this.#schema = reader.sint32(end);
        break;
      case ZERO_THRESHOLD:
        this.#zeroThreshold = reader.double(end);
        break;
      case ZERO_COUNT_INT:
        this.#zeroCount = unsigned(reader, end);
        break;
      case ZERO_COUNT_FLOAT:
        this.#zeroCount = reader.double(end);
        break;
      case NEGATIVE_SPANS:
        readSpan(reader, reader.rangeEnd(end), this.#negativeSpans);
        break;
      case POSITIVE_SPANS:
        readSpan(reader, reader.rangeEnd(end), this.#positiveSpans);
        break;
      case RESET_HINT:
        // The store finds resets by itself.
        reader.varint(end);
        break;
      case TIMESTAMP:
        reader.varint(end);
        this.#tsMs = signedOf(reader.low, reader.high);
        break;
      default:
        this.#list(reader, tag, end);
    }
  }

  #list(reader: WireReader, tag: number, end: number): void {
    const taken = this.#positiveDeltas.read(reader, tag, end) ||
      this.#positiveCounts.read(reader, tag, end) || this.#negativeDeltas.read(reader, tag, end) ||
      this.#negativeCounts.read(reader, tag, end) || this.#customBounds.read(reader, tag, end);
    if (!taken) reader.skip(tag, HISTOGRAM_FIELDS, end);
  }
}

function unsigned(reader: WireReader, end: number): number {
  reader.varint(end);
  return unsignedOf(reader.low, reader.high);
}

function readSpan(reader: WireReader, end: number, into: BucketSpan[]): void {
  let [offset, length] = [0, 0];
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === SPAN_OFFSET) offset = reader.sint32(end);
    else if (tag === SPAN_LENGTH) length = reader.uint32(end);
    else reader.skip(tag, SPAN_FIELDS, end);
  }
  // One more than the bound tells that there were too many.
  if (into.length <= MAX_SPANS) into.push({ offset, length });
}

import type { ExemplarBatchBuilder } from "../signals/exemplars.ts";
import type { HistogramBatchBuilder } from "../signals/histograms.ts";
import type { Registries } from "../intern/registries.ts";
import type { SampleBatchBuilder } from "../signals/samples.ts";
import type { AttributeDecoder } from "./attribute_decoder.ts";
import type { Alterations, DecodeContext } from "./decode_context.ts";
import { type EnvelopeVisitor, walkEnvelope } from "./envelope.ts";
import { ExemplarCollector } from "./exemplars.ts";
import { ExponentialPointDecoder } from "./exponential_points.ts";
import { HistogramPointDecoder } from "./histogram_points.ts";
import type { JournaledStates } from "./journaled_states.ts";
import type { OtlpLimits } from "./limits.ts";
import { CUMULATIVE, DELTA, type PointDecoder, type PointParts } from "./metric_points.ts";
import { NumberPointDecoder } from "./number_points.ts";
import type { ResourceCache, ResourceInfo } from "./resource_cache.ts";
import {
  COUNTER,
  GAUGE,
  HISTOGRAM,
  SeriesLookup,
  SUMMARY,
  SUMMARY_COUNT,
  SUMMARY_SUM,
  UPDOWN,
} from "./series_lookup.ts";
import { SummaryPointDecoder } from "./summary_points.ts";
import { bytesTag, knownFields, varintTag, type WireReader } from "./wire.ts";

// Fields of Metric (opentelemetry-proto, metrics/v1/metrics.proto).
const NAME = bytesTag(1);
const UNIT = bytesTag(3);
const GAUGE_DATA = bytesTag(5);
const SUM_DATA = bytesTag(7);
const HISTOGRAM_DATA = bytesTag(9);
const EXPONENTIAL_DATA = bytesTag(10);
const SUMMARY_DATA = bytesTag(11);
const METRIC_FIELDS = knownFields(1, 3, 5, 7, 9, 10, 11);
// Fields that Gauge, Sum, Histogram, ExponentialHistogram and Summary have in common.
const DATA_POINTS = bytesTag(1);
const TEMPORALITY = varintTag(2);
const IS_MONOTONIC = varintTag(3);
const DATA_FIELDS = knownFields(1, 2, 3);

export interface MetricsDecoderParts {
  readonly metrics: SampleBatchBuilder;
  readonly histograms: HistogramBatchBuilder;
  readonly registries: Registries;
  readonly resources: ResourceCache;
  readonly attributes: AttributeDecoder;
  readonly limits: OtlpLimits;
  readonly alterations: Alterations;
  readonly salt: number;
  readonly exemplars: ExemplarBatchBuilder;
}

/**
 * Decodes `ExportMetricsServiceRequest` into samples and histogram points. Points are rejected
 * one by one; `MalformedError` means the whole request: the caller takes back its rows and
 * calls `rollback`.
 */
export class MetricsDecoder implements EnvelopeVisitor {
  readonly #parts: MetricsDecoderParts;
  readonly #series: SeriesLookup;
  readonly #exemplars: ExemplarCollector;
  readonly #numbers: NumberPointDecoder;
  readonly #explicit: HistogramPointDecoder;
  readonly #exponential: ExponentialPointDecoder;
  readonly #summaries: SummaryPointDecoder;
  readonly #states: readonly JournaledStates<unknown>[];
  #context: DecodeContext | null = null;
  #resource: ResourceInfo | null = null;
  // The metric in hand: where its parts stand.
  nameStart = 0;
  nameEnd = 0;
  unitStart = 0;
  unitEnd = 0;
  #dataTag = 0;
  #dataStart = 0;
  #dataEnd = 0;
  #temporality = 0;
  #monotonic = false;

  constructor(parts: MetricsDecoderParts) {
    this.#parts = parts;
    this.#series = new SeriesLookup(parts.registries.series, parts.attributes, parts.salt);
    this.#exemplars = new ExemplarCollector(parts.exemplars, parts.alterations);
    const pointParts: PointParts = {
      ...parts,
      bounds: parts.registries.bounds,
      series: this.#series,
      exemplars: this.#exemplars,
    };
    this.#numbers = new NumberPointDecoder(pointParts);
    this.#explicit = new HistogramPointDecoder(pointParts);
    this.#exponential = new ExponentialPointDecoder(pointParts);
    this.#summaries = new SummaryPointDecoder(pointParts);
    this.#states = [this.#numbers.sums, this.#explicit.states, this.#exponential.states];
  }

  /** Series whose delta points are being added up, and how many were restarted for lack of room. */
  get deltaSeries(): { readonly live: number; readonly evicted: number } {
    return {
      live: this.#states.reduce((sum, states) => sum + states.size, 0),
      evicted: this.#states.reduce((sum, states) => sum + states.evicted, 0),
    };
  }

  /** @throws MalformedError with rows of this request still in the builders. */
  decode(reader: WireReader, context: DecodeContext): void {
    if (this.#series.refresh()) {
      const { series } = this.#parts.registries;
      for (const states of this.#states) states.prune((id) => series.get(id) !== undefined);
    }
    this.#context = context;
    this.#exemplars.beginRequest();
    walkEnvelope(reader, this.#parts.resources, this);
    this.#context = this.#resource = null;
  }

  /** Ends a request that was malformed: its deltas are taken out of the running totals. */
  rollback(): void {
    for (const states of this.#states) states.rollback();
  }

  /**
   * Ends a request that was decoded. Call the answer when its rows could not be stored after
   * all: the totals it changed start anew, so that a retry does not count twice.
   */
  keep(): () => void {
    const changed = this.#states.map((states) => states.keep());
    return () => this.#states.forEach((states, i) => states.forget(changed[i]!));
  }

  resource(info: ResourceInfo): void {
    this.#resource = info;
  }

  // The instrumentation scope is no part of a series.
  scope(): void {}

  record(reader: WireReader, end: number): void {
    this.#readMetric(reader, end);
    if (this.#dataTag === 0) return;
    this.#readData(reader);
    const { limits } = this.#parts;
    const context = this.#context!;
    const nameBytes = this.nameEnd - this.nameStart;
    if (nameBytes === 0 || nameBytes > limits.maxNameBytes) {
      context.rejections.add("metric_name", this.#countPoints(reader));
      return;
    }
    const hasTemporality = this.#dataTag !== GAUGE_DATA && this.#dataTag !== SUMMARY_DATA;
    if (hasTemporality && this.#temporality !== DELTA && this.#temporality !== CUMULATIVE) {
      context.rejections.add("invalid_temporality", this.#countPoints(reader));
      return;
    }
    this.#decodeData(reader, context);
  }

  #decodeData(reader: WireReader, context: DecodeContext): void {
    const delta = this.#temporality === DELTA;
    switch (this.#dataTag) {
      case GAUGE_DATA:
        this.#numbers.begin(false);
        return this.#decodePoints(reader, this.#numbers, GAUGE, context);
      case SUM_DATA:
        this.#numbers.begin(delta);
        return this.#decodePoints(
          reader,
          this.#numbers,
          this.#monotonic ? COUNTER : UPDOWN,
          context,
        );
      case HISTOGRAM_DATA:
        this.#explicit.begin(delta);
        return this.#decodePoints(reader, this.#explicit, HISTOGRAM, context);
      case EXPONENTIAL_DATA:
        this.#exponential.begin(delta);
        return this.#decodePoints(reader, this.#exponential, HISTOGRAM, context);
      default:
        return this.#decodeSummary(reader, context);
    }
  }

  #decodePoints(
    reader: WireReader,
    decoder: PointDecoder,
    variant: number,
    context: DecodeContext,
  ): void {
    const series = this.#series.context(reader, this, variant, this.#resource!);
    const end = this.#dataEnd;
    reader.pos = this.#dataStart;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === DATA_POINTS) {
        const pointEnd = reader.rangeEnd(end);
        decoder.point(reader, pointEnd, series, context);
        reader.pos = pointEnd;
      } else reader.skip(tag, 0, end);
    }
  }

  #decodeSummary(reader: WireReader, context: DecodeContext): void {
    const resource = this.#resource!;
    const series = {
      quantiles: this.#series.context(reader, this, SUMMARY, resource),
      count: this.#series.context(reader, this, SUMMARY_COUNT, resource),
      sum: this.#series.context(reader, this, SUMMARY_SUM, resource),
    };
    this.#decodeEach(reader, (end) => this.#summaries.point(reader, end, series, context));
  }

  #countPoints(reader: WireReader): number {
    let points = 0;
    this.#decodeEach(reader, () => void points++);
    return points;
  }

  #decodeEach(reader: WireReader, decode: (end: number) => void): void {
    reader.pos = this.#dataStart;
    while (reader.pos < this.#dataEnd) {
      const tag = reader.tag(this.#dataEnd);
      if (tag !== DATA_POINTS) {
        reader.skip(tag, 0, this.#dataEnd);
        continue;
      }
      const pointEnd = reader.rangeEnd(this.#dataEnd);
      decode(pointEnd);
      reader.pos = pointEnd;
    }
  }

  // `description` and `metadata` are not kept.
  #readMetric(reader: WireReader, end: number): void {
    this.nameStart =
      this.nameEnd =
      this.unitStart =
      this.unitEnd =
        reader.pos;
    this.#dataTag = 0;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case NAME:
          this.nameEnd = reader.rangeEnd(end);
          this.nameStart = reader.pos;
          reader.pos = this.nameEnd;
          break;
        case UNIT:
          this.unitEnd = reader.rangeEnd(end);
          this.unitStart = reader.pos;
          reader.pos = this.unitEnd;
          break;
        case GAUGE_DATA:
        case SUM_DATA:
        case HISTOGRAM_DATA:
        case EXPONENTIAL_DATA:
        case SUMMARY_DATA:
          this.#dataTag = tag;
          this.#dataEnd = reader.rangeEnd(end);
          this.#dataStart = reader.pos;
          reader.pos = this.#dataEnd;
          break;
        default:
          reader.skip(tag, METRIC_FIELDS, end);
      }
    }
  }

  // The temporality stands after the points it is about.
  #readData(reader: WireReader): void {
    const end = this.#dataEnd;
    this.#temporality = 0;
    this.#monotonic = false;
    reader.pos = this.#dataStart;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      if (tag === DATA_POINTS) reader.pos = reader.rangeEnd(end);
      else if (tag === TEMPORALITY) this.#temporality = reader.uint32(end);
      else if (tag === IS_MONOTONIC) this.#monotonic = reader.uint32(end) !== 0;
      else reader.skip(tag, DATA_FIELDS, end);
    }
  }
}

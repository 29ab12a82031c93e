import type { AttributeDecoder } from "./attribute_decoder.ts";
import type { HistogramBatchBuilder } from "../signals/histograms.ts";
import type { Registries } from "../intern/registries.ts";
import type { SampleBatchBuilder } from "../signals/samples.ts";
import type { Alterations, DecodeContext } from "./decode_context.ts";
import type { ExemplarCollector } from "./exemplars.ts";
import type { OtlpLimits } from "./limits.ts";
import type { SeriesContext, SeriesLookup } from "./series_lookup.ts";
import type { WireReader } from "./wire.ts";

/** What the decoders of data points share. */
export interface PointParts {
  readonly metrics: SampleBatchBuilder;
  readonly histograms: HistogramBatchBuilder;
  readonly bounds: Registries["bounds"];
  readonly series: SeriesLookup;
  readonly attributes: AttributeDecoder;
  readonly exemplars: ExemplarCollector;
  readonly limits: OtlpLimits;
  readonly alterations: Alterations;
}

/** `DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK` (metrics.proto). */
export const NO_RECORDED_VALUE = 1;

/** `AggregationTemporality` (metrics.proto). */
export const DELTA = 1;
export const CUMULATIVE = 2;

/** Decodes one data point: the one that begins at `reader.pos` and ends at `end`. */
export interface PointDecoder {
  point(reader: WireReader, end: number, series: SeriesContext, context: DecodeContext): void;
}

/**
 * Where the zero of a new delta series stands: where its interval began, so that the increase
 * of the first interval is seen too. A sender that does not say gets one just before the point.
 */
export function zeroTimeUs(startUs: number, tsUs: number, context: DecodeContext): number {
  return startUs >= context.minUs && startUs < tsUs ? startUs : tsUs - UNKNOWN_INTERVAL_US;
}

const UNKNOWN_INTERVAL_US = 1_000;

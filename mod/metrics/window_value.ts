import { extrapolated, type Window } from "./extrapolation.ts";
import type { WindowFunction } from "./metric_query.ts";
import type { Segment } from "./segment.ts";

/** A function that can be made of a segment; quantiles need every sample. */
export type SegmentFunction = Exclude<WindowFunction, "p50" | "p95" | "p99">;

/** The value of a function over a window; NaN when there is none. */
export function windowValue(fn: SegmentFunction, segment: Segment, window: Window): number {
  switch (fn) {
    case "min":
      return segment.min;
    case "max":
      return segment.max;
    case "avg":
      return segment.sum / segment.count;
    case "sum":
      return segment.sum;
    case "count":
      return segment.count;
    case "first":
      return segment.first;
    case "last":
      return segment.last;
    case "timestamp":
      return segment.lastUs / 1e6;
    case "increase":
      return extrapolated({ ...segment, change: segment.increase }, window, true);
    case "rate":
      return windowValue("increase", segment, window) * 1e6 / (window.endUs - window.startUs);
    case "delta":
      return extrapolated({ ...segment, change: segment.last - segment.first }, window, false);
  }
}

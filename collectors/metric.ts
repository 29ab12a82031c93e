import type { SeriesKind } from "../mod/intern/definitions.ts";

/** One metric of a collector: the tables of these are the list of what Horizon collects. */
export interface Metric {
  readonly name: string;
  readonly kind: SeriesKind;
  /** UCUM. */
  readonly unit: string;
  /** Keys of its labels, in the order in which `Instrument.record` takes their values. */
  readonly attributes: readonly string[];
  readonly description: string;
}

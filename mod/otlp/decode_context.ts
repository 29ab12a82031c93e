import type { Rejections } from "./rejections.ts";

/** What holds for one request while it is decoded. */
export interface DecodeContext {
  readonly rejections: Rejections;
  /** Our clock when the request came, microseconds since the Unix epoch. */
  readonly nowUs: number;
  /** Times outside [minUs, maxUs] are rejected. */
  readonly minUs: number;
  readonly maxUs: number;
  /** Records taken so far. */
  accepted: number;
  /** The newest time seen in range, microseconds since the Unix epoch; -Infinity before the first. */
  newestUs: number;
}

/** What was altered on its way in, over all requests; every one of these is also a record kept. */
export interface Alterations {
  /** Attributes dropped: too many, key empty, repeated, too long, or the key table is full. */
  droppedAttributes: number;
  /** Texts cut at their limit. */
  cutValues: number;
  /** Spans that end before they start; kept with duration 0. */
  negativeDurations: number;
  droppedEvents: number;
  /** Links past the limit, or with an id that is not one. */
  droppedLinks: number;
  /** Exemplars past the limit of a point or of a request, or of a time that cannot be. */
  droppedExemplars: number;
  /** Data points with the flag "no recorded value", which say only that a series has ended. */
  noRecordedValues: number;
  /** Times of spans and logs that were not in nanoseconds. */
  guessedUnits: number;
}

export const noAlterations = (): Alterations => ({
  droppedAttributes: 0,
  cutValues: 0,
  negativeDurations: 0,
  droppedEvents: 0,
  droppedLinks: 0,
  droppedExemplars: 0,
  noRecordedValues: 0,
  guessedUnits: 0,
});

/** Alterations by the names that counters and the API have for them. */
export function namedAlterations(counts: Alterations): Readonly<Record<string, number>> {
  return {
    dropped_attributes: counts.droppedAttributes,
    cut_values: counts.cutValues,
    negative_durations: counts.negativeDurations,
    dropped_events: counts.droppedEvents,
    dropped_links: counts.droppedLinks,
    dropped_exemplars: counts.droppedExemplars,
    no_recorded_values: counts.noRecordedValues,
    guessed_units: counts.guessedUnits,
  };
}

/** Whether the time of a record is in range; it is then noted as one that came. */
export function timeTaken(tsUs: number, context: DecodeContext): boolean {
  if (!(tsUs >= context.minUs && tsUs <= context.maxUs)) return false;
  if (tsUs > context.newestUs) context.newestUs = tsUs;
  return true;
}

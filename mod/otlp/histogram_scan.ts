import type { ExemplarCollector } from "./exemplars.ts";
import { PointRange } from "./series_lookup.ts";
import { unsignedOf, type WireReader } from "./wire.ts";

/** Tags of the fields that both kinds of histogram points have, under numbers of their own. */
export interface HistogramTags {
  readonly attributes: number;
  readonly startTime: number;
  readonly time: number;
  readonly count: number;
  readonly sum: number;
  readonly exemplars: number;
  readonly flags: number;
  readonly min: number;
  readonly max: number;
}

/** The fields that both kinds of histogram points have. Reused from point to point. */
export class HistogramScan {
  readonly range = new PointRange();
  readonly #tags: HistogramTags;
  readonly #exemplars: ExemplarCollector;
  startLow = 0;
  startHigh = 0;
  timeLow = 0;
  timeHigh = 0;
  count = 0;
  sum: number | null = null;
  min: number | null = null;
  max: number | null = null;
  flags = 0;

  constructor(tags: HistogramTags, exemplars: ExemplarCollector) {
    this.#tags = tags;
    this.#exemplars = exemplars;
  }

  begin(start: number, end: number): void {
    this.range.begin(start, end);
    this.#exemplars.beginPoint();
    this.startLow =
      this.startHigh =
      this.timeLow =
      this.timeHigh =
        0;
    this.count = this.flags = 0;
    this.sum = this.min = this.max = null;
  }

  /** Reads the field whose tag began at `at` when it is one of these; answers false when not. */
  read(reader: WireReader, tag: number, at: number, end: number): boolean {
    const tags = this.#tags;
    if (tag === tags.attributes) {
      reader.pos = reader.rangeEnd(end);
      this.range.add(at, reader.pos);
    } else if (tag === tags.startTime) {
      reader.fixed64(end);
      [this.startLow, this.startHigh] = [reader.low, reader.high];
    } else if (tag === tags.time) {
      reader.fixed64(end);
      [this.timeLow, this.timeHigh] = [reader.low, reader.high];
    } else if (tag === tags.count) {
      reader.fixed64(end);
      this.count = unsignedOf(reader.low, reader.high);
    } else if (tag === tags.sum) this.sum = reader.double(end);
    else if (tag === tags.min) this.min = reader.double(end);
    else if (tag === tags.max) this.max = reader.double(end);
    else if (tag === tags.flags) this.flags = reader.uint32(end);
    else if (tag === tags.exemplars) this.#exemplars.note(reader, end);
    else return false;
    return true;
  }
}

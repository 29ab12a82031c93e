import type { HistogramSample } from "../intake/sample_writer.ts";

/**
 * A classic histogram while an exposition is read: its buckets, sum and count come as samples of
 * their own, and make one point together.
 */
export class ScrapedHistogram {
  readonly seriesId: number;
  /** The scrape that it was last seen in. */
  scrape = 0;
  #tsUs = 0;
  #sum: number | null = null;
  #count: number | null = null;
  #bounds: number[] = [];
  #cumulative: number[] = [];

  constructor(seriesId: number) {
    this.seriesId = seriesId;
  }

  begin(scrape: number, tsUs: number): void {
    this.scrape = scrape;
    this.#tsUs = tsUs;
    this.#sum = this.#count = null;
    this.#bounds = [];
    this.#cumulative = [];
  }

  /** Values up to and including `bound`. */
  bucket(bound: number, cumulative: number): void {
    this.#bounds.push(bound);
    this.#cumulative.push(cumulative);
  }

  sum(value: number): void {
    this.#sum = value;
  }

  count(value: number): void {
    this.#count = value;
  }

  /**
   * The point, its counts per bucket. Buckets in any order; without one of +Inf the count stands
   * in. Counts that fall from one bucket to the next are negative, for the writer to refuse.
   */
  point(): HistogramSample {
    const buckets = this.#bounds.map((bound, i) => [bound, this.#cumulative[i]!] as const)
      .sort(([a], [b]) => a - b);
    const last = buckets.at(-1);
    const count = this.#count ?? last?.[1] ?? 0;
    if (last !== undefined && last[0] !== Infinity) buckets.push([Infinity, count]);
    let before = 0;
    const counts = buckets.map(([, cumulative]) => {
      const whole = Math.round(cumulative);
      const own = whole - before;
      before = whole;
      return own;
    });
    return {
      tsUs: this.#tsUs,
      count: Math.round(count),
      sum: this.#sum,
      min: null,
      max: null,
      bounds: buckets.slice(0, -1).map(([bound]) => bound),
      counts,
    };
  }
}

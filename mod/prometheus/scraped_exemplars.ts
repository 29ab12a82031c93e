import type { SampleRows } from "../intake/sample_writer.ts";
import { readExemplarText } from "./exemplar_text.ts";

/** Exemplars of one scrape; more are left out and counted. */
const MAX_EXEMPLARS = 10_000;
/** OpenMetrics allows 128 characters of labels; a longer text is left out and counted. */
const MAX_CHARACTERS = 1_024;

/**
 * The exemplars of one target. It shows each until another takes its place, so those that the
 * scrape before had too are not stored again.
 */
export class ScrapedExemplars {
  /** Of the scrape before and of the one in hand, by series and text; bounded as those are. */
  #before = new Set<string>();
  #now = new Set<string>();
  #leftOut = 0;

  begin(): void {
    this.#before = this.#now;
    this.#now = new Set();
    this.#leftOut = 0;
  }

  /** Left out of the scrape in hand: past a bound, malformed, or of a time that cannot be. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** What was pushed was not kept. */
  forget(): void {
    this.#before.clear();
    this.#now.clear();
  }

  /** `tsUs`: when it was scraped, for one that has no time. */
  take(seriesId: number, text: string, tsUs: number, rows: SampleRows): void {
    if (this.#now.size >= MAX_EXEMPLARS || text.length > MAX_CHARACTERS) {
      this.#leftOut++;
      return;
    }
    const key = `${seriesId} ${text}`;
    this.#now.add(key);
    if (this.#before.has(key)) return;
    const exemplar = readExemplarText(text, tsUs);
    if (exemplar === null || !rows.exemplar({ ...exemplar, seriesId })) this.#leftOut++;
  }
}

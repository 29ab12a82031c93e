import type { SampleRows, SeriesIdentity } from "../intake/sample_writer.ts";

/** Entries, and characters of all their keys; past either, all are forgotten and found again. */
const MAX_ENTRIES = 100_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Numbers of series by the text that named them, so that a text is taken apart once. */
export class SeriesCache {
  readonly #ids = new Map<string, number>();
  readonly #generation: () => number;
  #known: number;
  #characters = 0;

  /** `generation` rises when numbers are no longer good (`SampleWriter.generation`). */
  constructor(generation: () => number) {
    this.#generation = generation;
    this.#known = generation();
  }

  /** To be called before each write. */
  refresh(): void {
    const generation = this.#generation();
    if (generation !== this.#known) this.#clear();
    this.#known = generation;
  }

  get(key: string): number | undefined {
    return this.#ids.get(key);
  }

  /** Finds the series for the first time. A refusal is counted in `rows`, and not remembered. */
  add(key: string, identity: SeriesIdentity, rows: SampleRows): number | null {
    const id = rows.seriesId(identity);
    if (typeof id === "string") {
      rows.rejections.add(id);
      return null;
    }
    if (this.#ids.size >= MAX_ENTRIES || this.#characters + key.length > MAX_CHARACTERS) {
      this.#clear();
    }
    this.#ids.set(key, id);
    this.#characters += key.length;
    return id;
  }

  #clear(): void {
    this.#ids.clear();
    this.#characters = 0;
  }
}

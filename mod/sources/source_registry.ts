import type { Clock } from "../clock.ts";
import { SourceBook } from "./source_book.ts";
import type { SourceKind, SourceList, SourceSignal, SourceStatus } from "./source_status.ts";

/** Sources listed by themselves, unless said otherwise. */
const MAX_SOURCES = 4_096;
/** What stands for the sources of a kind that are not listed by themselves. */
export const REST = "(others)";

/**
 * All sources of telemetry, in the order in which they were opened.
 *
 * Past the bound, sources of a kind share one book named `(others)`: their figures are counted,
 * but not told apart.
 */
export class SourceRegistry implements SourceList {
  readonly #clock: Clock;
  readonly #maxSources: number;
  readonly #books = new Map<string, SourceBook>();
  readonly #rest = new Map<SourceKind, SourceBook>();
  #unlisted = 0;

  constructor(clock: Clock, maxSources = MAX_SOURCES) {
    this.#clock = clock;
    this.#maxSources = maxSources;
  }

  get unlisted(): number {
    return this.#unlisted;
  }

  /** The books of a source; the same ones where it was open before. `signals` are what it may bring. */
  open(kind: SourceKind, name: string, signals: readonly SourceSignal[]): SourceBook {
    const key = `${kind} ${name}`;
    const known = this.#books.get(key);
    if (known !== undefined) return known;
    if (this.#books.size >= this.#maxSources) return this.#restOf(kind, signals);
    const book = new SourceBook(kind, name, signals, this.#clock);
    this.#books.set(key, book);
    return book;
  }

  /** Takes a source that is gone off the list; its counters go with it. */
  close(book: SourceBook): void {
    const key = `${book.kind} ${book.name}`;
    if (this.#books.get(key) === book) this.#books.delete(key);
  }

  statuses(): readonly SourceStatus[] {
    return [...this.#books.values(), ...this.#rest.values()].map(({ status }) => status);
  }

  #restOf(kind: SourceKind, signals: readonly SourceSignal[]): SourceBook {
    this.#unlisted++;
    const known = this.#rest.get(kind);
    if (known !== undefined) return known;
    const book = new SourceBook(kind, REST, signals, this.#clock);
    this.#rest.set(kind, book);
    return book;
  }
}

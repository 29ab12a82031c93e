/** Characters of a bad line that are shown. */
const SHOWN_LENGTH = 80;

/** What was not taken of some lines: how much by reason, and what was wrong with the first. */
export class LineTally {
  readonly #rejected = new Map<string, number>();
  #firstProblem: string | null = null;

  /** Records or lines, by reason. */
  get rejected(): ReadonlyMap<string, number> {
    return this.#rejected;
  }

  /** A sentence that quotes the first malformed line; null when there was none. */
  get firstProblem(): string | null {
    return this.#firstProblem;
  }

  add(reason: string, count = 1): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + count);
  }

  /** `problem` says what is wrong and what would be right. */
  malformed(line: string, problem: string): void {
    this.add("malformed_line");
    if (this.#firstProblem !== null) return;
    const shown = line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH)}…` : line;
    this.#firstProblem = `${problem}: ${JSON.stringify(shown.toWellFormed())}`;
  }
}

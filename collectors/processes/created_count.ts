/**
 * Tells how many processes came and went without being seen. The kernel counts all that it ever
 * created, threads among them; what a look finds new is taken off. What is left began and ended
 * between two looks. It is a bound from above: a thread that ended in a process that goes on is in it.
 */
export class CreatedCount {
  /** Since boot, at the last call of `look`. */
  #created: number | null = null;
  #seen = 0;
  #unseen = 0;

  get unseen(): number {
    return this.#unseen;
  }

  /** Threads that a look found and the one before had not; fewer than before count as none. */
  saw(threads: number): void {
    this.#seen += Math.max(0, threads);
  }

  /** To be called now and then with the kernel's count. The first call only sets the start. */
  look(created: number | null): void {
    if (created !== null && this.#created !== null) {
      this.#unseen += Math.max(0, created - this.#created - this.#seen);
    }
    this.#created = created;
    this.#seen = 0;
  }
}

/** A listener that is open. */
export interface OpenListener {
  /** Takes nothing more and waits for what is under way, at most so long. */
  shutdown(deadlineMs: number): Promise<unknown>;
}

/** The listeners that are open, with their addresses by name; closed together. */
export class Listeners {
  readonly #open: OpenListener[] = [];
  readonly #addresses: Record<string, string> = {};

  /** The bound addresses by what listens there, such as `otlp_http`. */
  get addresses(): Readonly<Record<string, string>> {
    return this.#addresses;
  }

  /** Takes over a listener, which may listen at several addresses. */
  add(addresses: Readonly<Record<string, string>>, listener: OpenListener): void {
    this.#open.push(listener);
    Object.assign(this.#addresses, addresses);
  }

  /** Each under the deadline, all at once. */
  async shutdown(deadlineMs: number): Promise<void> {
    await Promise.all(this.#open.map((one) => one.shutdown(deadlineMs)));
  }
}

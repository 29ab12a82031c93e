interface ReportItem<T> {
  readonly item: T;
  /** What it takes while it waits; an estimate. */
  readonly bytes: number;
}

export interface ReporterOptions<T> {
  /** Posts items as one request. Rejects when nobody answers. */
  readonly post: (items: readonly T[]) => Promise<ReportAnswer>;
  /** Items of one request, at most. */
  readonly maxBatch: number;
  /** How long the first item waits for company, milliseconds. */
  readonly lingerMs: number;
  readonly timers: { after(delayMs: number, run: () => void): () => void };
  /** In [0, 1). */
  readonly random: () => number;
  /** Told once when reports begin to fail for a reason of its own, and once when they succeed again. */
  readonly onProblem: (sentence: string | null) => void;
}

export type ReportAnswer =
  | { readonly kind: "kept" }
  /** The same again after a while. */
  | { readonly kind: "later"; readonly reason: string; readonly retryAfterMs: number | null }
  /** It can never be taken. */
  | { readonly kind: "refused"; readonly reason: string };

export interface ReporterStats {
  readonly kept: number;
  readonly waiting: number;
  /** Because too much waited, or was refused for good. */
  readonly dropped: number;
}

/** What may wait for an answer; past it the newest items are dropped and counted. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/**
 * Sends items in order, in batches, and sends a batch again while nobody takes it. Adding never
 * waits: what is reported must not be slowed down by who is told.
 */
export class Reporter<T> {
  readonly #options: ReporterOptions<T>;
  readonly #waiting: ReportItem<T>[] = [];
  #waitingBytes = 0;
  #loop: Promise<void> | null = null;
  #wake: () => void = () => {};
  #closing = false;
  #failures = 0;
  #retryAfterMs = 0;
  #problem: string | null = null;
  #kept = 0;
  #dropped = 0;

  constructor(options: ReporterOptions<T>) {
    this.#options = options;
  }

  get stats(): ReporterStats {
    return { kept: this.#kept, waiting: this.#waiting.length, dropped: this.#dropped };
  }

  add(item: T, bytes: number): void {
    if (this.#closing || this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ item, bytes });
    this.#waitingBytes += bytes;
    this.#loop ??= this.#run();
  }

  /**
   * Sends what waits, for at most `deadlineMs`; what is left then is dropped and counted. Where
   * nothing was ever taken, a single attempt must do: there is nobody.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    this.#wake();
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(deadlineMs, late.resolve);
    await Promise.race([this.#loop, late.promise]);
    cancel();
    this.#dropped += this.#waiting.length;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#wake();
  }

  async #run(): Promise<void> {
    await this.#pause(this.#options.lingerMs);
    while (this.#waiting.length > 0) {
      const kept = await this.#send();
      if (kept) continue;
      if (this.#closing && this.#kept === 0) break;
      await this.#pause(this.#retryDelayMs());
    }
    this.#loop = null;
  }

  /** Waits, unless it is closing: then company need not be waited for, and retries come soon. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(
        this.#closing ? Math.min(delayMs, FIRST_RETRY_MS) : delayMs,
        resolve,
      );
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #retryDelayMs(): number {
    const backoff = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    return Math.max(this.#retryAfterMs, backoff * (0.5 + this.#options.random() / 2));
  }

  /** Sends the oldest items; whether they are done with. */
  async #send(): Promise<boolean> {
    const batch = this.#waiting.slice(0, this.#options.maxBatch);
    const answer = await this.#options.post(batch.map(({ item }) => item)).catch(
      (error: unknown): ReportAnswer => ({
        kind: "later",
        reason: error instanceof Error ? error.message : String(error),
        retryAfterMs: null,
      }),
    );
    if (answer.kind === "later") {
      this.#failures++;
      this.#retryAfterMs = answer.retryAfterMs ?? 0;
      this.#tell(answer.reason);
      return false;
    }
    this.#failures = 0;
    // None are left when `close` gave up on them meanwhile.
    const done = this.#waiting.splice(0, batch.length);
    this.#waitingBytes -= done.reduce((sum, { bytes }) => sum + bytes, 0);
    if (answer.kind === "kept") this.#kept += done.length;
    else this.#dropped += done.length;
    this.#tell(answer.kind === "kept" ? null : answer.reason);
    return true;
  }

  #tell(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }
}

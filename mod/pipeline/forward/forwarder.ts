import type { Clock } from "../../clock.ts";
import type { ColumnBatch } from "../../columns/column.ts";
import type { Logger } from "../../log/logger.ts";
import type { OtlpSignal } from "../../otlp/otlp_signal.ts";
import type { PartialSuccess } from "../../otlp/partial_success.ts";
import { batchBytes } from "./column_cells.ts";
import { encodeOtlp, type EncoderRegistries, otlpSignalOf } from "./otlp_encoder.ts";
import { partialAnswer } from "./partial_answer.ts";

/** Why rows were not forwarded. */
export type ForwardDrop =
  /** They did not fit into the queue. */
  | "queue_full"
  /** The other side would not take them, and said that it never will. */
  | "refused"
  /** It took the request they were in, but said that it would not take them (`partial_success`). */
  | "rejected"
  /** It did not take them for too long. */
  | "expired"
  /** Horizon stopped before they were sent. */
  | "stopped";

export interface ForwarderOptions {
  readonly name: string;
  /** Base URL, without a `/` at its end: `/v1/traces` and so on follow. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signals: readonly OtlpSignal[];
  readonly maxQueueBytes: number;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly giveUpAfterMs: number;
  readonly registries: EncoderRegistries;
  readonly fetch: typeof fetch;
  readonly clock: Pick<Clock, "monotonicMs" | "nowMs">;
  /** In [0, 1). */
  readonly random: () => number;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Pick<Logger, "info" | "warn">;
}

export interface ForwarderStats {
  readonly name: string;
  readonly queuedBytes: number;
  readonly maxQueueBytes: number;
  readonly sentRows: number;
  readonly droppedRows: Readonly<Record<ForwardDrop, number>>;
  /** Requests that failed and were, or will be, sent again. */
  readonly retries: number;
  /** Requests that were answered with `partial_success`: a count of rejected rows, or a warning. */
  readonly partialAnswers: number;
  /** What the last of them said; null while there was none. */
  readonly lastPartialAnswer: string | null;
  /** Null while it is taken. */
  readonly problem: string | null;
}

/** Rows in one request: small enough to be encoded without holding up what else there is to do. */
const ROWS_PER_REQUEST = 2_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** A `Retry-After` is believed up to this. */
const LONGEST_RETRY_AFTER_MS = 300_000;
/** Answers after which the same request may be sent again (OTLP specification, "Retryable Response Codes"). */
/** Partial answers are logged so often at most; the next line counts those in between. */
const PARTIAL_LOG_INTERVAL_MS = 60_000;
const RETRYABLE: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

interface Queued {
  readonly batch: ColumnBatch;
  readonly signal: OtlpSignal;
  readonly bytes: number;
  readonly sinceMs: number;
}

type Attempt =
  | { readonly kind: "taken"; readonly partial: PartialSuccess | null }
  | { readonly kind: "refused"; readonly problem: string }
  | { readonly kind: "again"; readonly problem: string; readonly afterMs: number | null };

/**
 * Sends what the store has kept on to another OTLP/HTTP receiver. It holds nobody up: batches wait
 * in a queue bounded in bytes, and those that find it full are dropped and counted.
 *
 * Batches are sent in order, one request at a time; what is not taken is sent again after longer
 * and longer pauses. So they arrive at least once while they are not dropped.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #queue: Queued[] = [];
  readonly #stopping = new AbortController();
  #queuedBytes = 0;
  #sentRows = 0;
  #retries = 0;
  #partialAnswers = 0;
  #lastPartialAnswer: string | null = null;
  /** Since the last line about them in the log. */
  #unlogged = { answers: 0, rows: 0 };
  #partialLoggedMs = -Infinity;
  #problem: string | null = null;
  #pumping: Promise<void> | null = null;
  readonly #dropped: Record<ForwardDrop, number> = {
    queue_full: 0,
    refused: 0,
    rejected: 0,
    expired: 0,
    stopped: 0,
  };

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  get stats(): ForwarderStats {
    return {
      name: this.#options.name,
      queuedBytes: this.#queuedBytes,
      maxQueueBytes: this.#options.maxQueueBytes,
      sentRows: this.#sentRows,
      droppedRows: { ...this.#dropped },
      retries: this.#retries,
      partialAnswers: this.#partialAnswers,
      lastPartialAnswer: this.#lastPartialAnswer,
      problem: this.#problem,
    };
  }

  /** Takes batches into the queue, as far as there is room. Never waits, never throws. */
  offer(batches: readonly ColumnBatch[]): void {
    for (const batch of batches) {
      const signal = otlpSignalOf(batch);
      if (signal === null || !this.#options.signals.includes(signal)) continue;
      const bytes = batchBytes(batch);
      if (this.#stopping.signal.aborted) this.#dropped.stopped += batch.rows;
      else if (this.#queuedBytes + bytes > this.#options.maxQueueBytes) {
        this.#dropped.queue_full += batch.rows;
      } else {
        this.#queue.push({ batch, signal, bytes, sinceMs: this.#options.clock.monotonicMs() });
        this.#queuedBytes += bytes;
      }
    }
    this.#pumping ??= this.#pump().finally(() => this.#pumping = null);
  }

  /** Gives what is queued up to `withinMs` to be sent, then drops the rest. */
  async stop(withinMs: number): Promise<void> {
    const sent = new AbortController();
    await Promise.race([
      this.#pumping?.finally(() => sent.abort()) ?? Promise.resolve(),
      this.#options.sleep(withinMs, sent.signal),
    ]);
    this.#stopping.abort();
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    // What is offered comes within the store's turn: that one first.
    await Promise.resolve();
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      await this.#sendBatch(next);
      this.#queue.shift();
      this.#queuedBytes -= next.bytes;
    }
  }

  async #sendBatch(queued: Queued): Promise<void> {
    const { batch } = queued;
    for (let start = 0; start < batch.rows; start += ROWS_PER_REQUEST) {
      const end = Math.min(batch.rows, start + ROWS_PER_REQUEST);
      if (this.#stopping.signal.aborted) {
        this.#dropped.stopped += batch.rows - start;
        return;
      }
      const body = await gzipped(encodeOtlp(batch, start, end, this.#options.registries));
      const dropped = await this.#sendBody(queued, body);
      if (typeof dropped !== "string") this.#taken(end - start, dropped);
      else if (dropped === "refused") this.#dropped.refused += end - start;
      else {
        this.#dropped[dropped] += batch.rows - start;
        return;
      }
    }
  }

  #taken(rows: number, partial: PartialSuccess | null): void {
    // What the other side counts as a record is a row here; it cannot reject more than it got.
    const rejected = Math.min(rows, partial?.rejected ?? 0);
    this.#sentRows += rows - rejected;
    this.#dropped.rejected += rejected;
    if (partial === null) return;
    this.#partialAnswers++;
    this.#lastPartialAnswer = partial.message;
    this.#unlogged.answers++;
    this.#unlogged.rows += rejected;
    const { clock, log, name } = this.#options;
    if (clock.monotonicMs() - this.#partialLoggedMs < PARTIAL_LOG_INTERVAL_MS) return;
    this.#partialLoggedMs = clock.monotonicMs();
    log.warn("forward_partial_success", {
      sink: name,
      answers: this.#unlogged.answers,
      rejected_rows: this.#unlogged.rows,
      message: partial.message,
    });
    this.#unlogged = { answers: 0, rows: 0 };
  }

  /** Sends one request until it is taken; answers what was said then, or why it was not. */
  async #sendBody(
    queued: Queued,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<"refused" | "expired" | "stopped" | PartialSuccess | null> {
    const { clock, giveUpAfterMs, random, sleep } = this.#options;
    for (let attempt = 0;; attempt++) {
      const outcome = await this.#attempt(queued.signal, body);
      if (outcome.kind === "taken") {
        this.#recovered();
        return outcome.partial;
      }
      // Where it stands still because Horizon stops, that is no fault of the other side.
      if (this.#stopping.signal.aborted) return "stopped";
      this.#failed(outcome.problem);
      if (outcome.kind === "refused") return "refused";
      if (clock.monotonicMs() - queued.sinceMs > giveUpAfterMs) return "expired";
      this.#retries++;
      const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
      const delayMs = Math.max(outcome.afterMs ?? 0, longest * (0.5 + random() / 2));
      await sleep(delayMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return "stopped";
    }
  }

  async #attempt(signal: OtlpSignal, body: Uint8Array<ArrayBuffer>): Promise<Attempt> {
    const { endpoint, headers, timeoutMs } = this.#options;
    try {
      const response = await this.#options.fetch(`${endpoint}/v1/${signal}`, {
        method: "POST",
        headers: {
          ...headers,
          "content-type": "application/x-protobuf",
          "content-encoding": "gzip",
        },
        body,
        // Credentials go where they were configured for, and nowhere else.
        redirect: "manual",
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)]),
      });
      if (response.ok) return { kind: "taken", partial: await partialAnswer(response) };
      await response.body?.cancel();
      const problem = `it answered ${response.status}`;
      if (!RETRYABLE.has(response.status)) return { kind: "refused", problem };
      return { kind: "again", problem, afterMs: this.#retryAfterMs(response) };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { kind: "again", problem, afterMs: null };
    }
  }

  /** Seconds, or a date (RFC 9110 section 10.2.3). */
  #retryAfterMs(response: Response): number | null {
    const text = response.headers.get("retry-after");
    if (text === null) return null;
    const ms = /^\d+$/.test(text)
      ? Number(text) * 1_000
      : Date.parse(text) - this.#options.clock.nowMs();
    return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS);
  }

  // The log speaks when it changes, not at every request.
  #failed(problem: string): void {
    const first = this.#problem === null;
    this.#problem = problem;
    if (first) this.#options.log.warn("forward_failing", { sink: this.#options.name, problem });
  }

  #recovered(): void {
    if (this.#problem === null) return;
    this.#problem = null;
    this.#options.log.info("forward_recovered", { sink: this.#options.name });
  }
}

async function gzipped(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

import type { Clock } from "../../mod/clock.ts";
import type { SampleWriter } from "../../mod/intake/sample_writer.ts";
import { LineTally } from "../../mod/line_protocols/line_tally.ts";
import { parseStatsdLine } from "../../mod/line_protocols/statsd_line.ts";
import { type StatsdLimits, StatsdMetrics } from "../../mod/line_protocols/statsd_metrics.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { Timers } from "../scheduler.ts";
import type { LineConsumer } from "./line_consumer.ts";

export interface StatsdLinesOptions {
  readonly writer: Pick<SampleWriter, "write">;
  /** Of the metrics that are flushed. Each listener has books of its own for what comes in. */
  readonly book: SourceBook;
  readonly limits: StatsdLimits;
  readonly flushIntervalMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** What one known metric takes in a flush; a histogram has about thirty counts. */
const METRIC_BYTES = 64;

/** Adds up what StatsD clients send, and writes it every `flushIntervalMs`. */
export class StatsdLines {
  readonly #options: StatsdLinesOptions;
  readonly #metrics: StatsdMetrics;
  readonly #decoder = new TextDecoder();
  #cancel: (() => void) | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: StatsdLinesOptions) {
    this.#options = options;
    this.#metrics = new StatsdMetrics(options.limits);
    this.#later();
  }

  /** For a listener with these books. */
  consumer(book: SourceBook): LineConsumer {
    return {
      take: (lines) => {
        this.#add(this.#decoder.decode(lines), book);
        return Promise.resolve();
      },
    };
  }

  /** Writes what there is, and no more after that. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    await this.#flushing;
    await this.#flush();
  }

  #add(text: string, book: SourceBook): void {
    const nowMs = this.#options.clock.nowMs();
    const tally = new LineTally();
    for (let start = 0; start < text.length;) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      const line = text.slice(start, end).trim();
      if (line !== "") this.#addLine(line, nowMs, tally);
      start = end + 1;
    }
    for (const [reason, count] of tally.rejected) book.rejected("metrics", reason, count);
    if (tally.firstProblem !== null) book.problem(tally.firstProblem);
    else if (tally.rejected.size > 0) book.problem(`not taken: ${[...tally.rejected.keys()]}`);
  }

  #addLine(line: string, nowMs: number, tally: LineTally): void {
    const parsed = parseStatsdLine(line);
    if ("problem" in parsed) {
      if (parsed.reason === "malformed_line") tally.malformed(line, parsed.problem);
      else tally.add(parsed.reason);
      return;
    }
    const refusal = this.#metrics.add(parsed, nowMs);
    if (refusal === "malformed_line") tally.malformed(line, "control characters in a name");
    else if (refusal !== null) tally.add(refusal);
  }

  #later(): void {
    const { flushIntervalMs, timers } = this.#options;
    this.#cancel = timers.after(flushIntervalMs, () => {
      this.#flushing = this.#flush();
      this.#later();
    });
  }

  async #flush(): Promise<void> {
    const { writer, book, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#metrics.size === 0) return;
    book.request("metrics");
    try {
      const { accepted, rejections } = await writer.write({
        bytes: this.#metrics.size * METRIC_BYTES,
        push: (rows) => this.#metrics.flush(rows, nowMs),
      });
      book.accepted("metrics", accepted);
      book.newest(nowMs * 1000);
      for (const [reason, count] of rejections.byReason()) book.rejected("metrics", reason, count);
      const problem = rejections.message();
      if (problem !== null) book.problem(problem);
    } catch (error) {
      // Sums go on: the next flush tells what this one could not. Only sets begin anew.
      book.failed(error);
    }
  }
}

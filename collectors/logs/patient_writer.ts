import { toHorizonError } from "../../mod/errors.ts";
import type { LogRecord, LogWriter } from "../../mod/intake/log_writer.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { Timers } from "../scheduler.ts";

export interface PatientWriterOptions {
  readonly writer: Pick<LogWriter, "write">;
  readonly book: SourceBook;
  readonly timers: Timers;
}

/** Writes the records of a stream, which cannot be read again: it waits until there is room. */
export class PatientWriter {
  readonly #options: PatientWriterOptions;
  readonly #closing = Promise.withResolvers<void>();
  #closed = false;

  constructor(options: PatientWriterOptions) {
    this.#options = options;
  }

  /** Gives up what finds no room at once. */
  close(): void {
    this.#closed = true;
    this.#closing.resolve();
  }

  /** Answers whether they are kept; what is given up is counted. Never rejects. */
  async write(records: readonly LogRecord[], bytes: number): Promise<boolean> {
    const { writer, book, timers } = this.#options;
    book.request("logs");
    for (let attempt = 0;; attempt++) {
      try {
        const { accepted } = await writer.write({ records, bytes });
        book.accepted("logs", accepted);
        if (attempt > 0) book.pause(null);
        const newest = records.at(-1)?.tsUs ?? null;
        if (newest !== null) book.newest(newest);
        return true;
      } catch (error) {
        const { retryAfterMs, message } = toHorizonError(error);
        if (attempt === 0) book.failed(error);
        if (retryAfterMs === null || this.#closed) {
          book.rejected("logs", retryAfterMs === null ? "failed" : "shutdown", records.length);
          return false;
        }
        book.pause(message);
        const over = Promise.withResolvers<void>();
        const cancel = timers.after(retryAfterMs, over.resolve);
        await Promise.race([over.promise, this.#closing.promise]);
        cancel();
      }
    }
  }
}

import type { Clock } from "../../mod/clock.ts";
import { type LineFormatOptions, LineReader } from "../../mod/logs/log_format.ts";
import { type LineOrigin, recordOf } from "./line_records.ts";
import type { LogStream } from "./log_stream.ts";
import { PatientWriter, type PatientWriterOptions } from "./patient_writer.ts";
import { storeStreamLines } from "./stream_lines.ts";

export interface StdinStreamOptions extends PatientWriterOptions, LineFormatOptions {
  readonly stream: ReadableStream<Uint8Array>;
  readonly maxLineBytes: number;
  readonly clock: Clock;
}

const ORIGIN: LineOrigin = { source: "stdin", service: "", pid: null, resource: [] };

/** The lines of the standard input, to its end. */
export class StdinStream implements LogStream {
  readonly name = "stdin";
  readonly #options: StdinStreamOptions;
  readonly #writer: PatientWriter;
  #storing: Promise<void> = Promise.resolve();

  constructor(options: StdinStreamOptions) {
    this.#options = options;
    this.#writer = new PatientWriter(options);
  }

  start(): void {
    const { stream, maxLineBytes, book, clock } = this.#options;
    const reader = new LineReader(this.#options);
    storeStreamLines(stream, {
      maxLineBytes,
      store: (lines, bytes) => {
        const context = { nowMs: clock.nowMs() };
        const records = lines.map((line) => recordOf(reader.read(line, context), ORIGIN));
        this.#storing = this.#writer.write(records, bytes).then(() => undefined);
        return this.#storing;
      },
    }).catch((error: unknown) => book.refused("unreadable", String(error)));
  }

  // What was read from a pipe is gone from it: there is no place to go on from.
  cursor(): string | null {
    return null;
  }

  /** A read that waits for its writer ends with the process. */
  async stop(): Promise<void> {
    this.#writer.close();
    await this.#storing;
  }
}

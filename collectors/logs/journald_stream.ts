import type { Clock } from "../../mod/clock.ts";
import { bareLine } from "../../mod/logs/log_line.ts";
import { readJournalEntry } from "../../mod/logs/journal_entry.ts";
import { LineReader } from "../../mod/logs/log_format.ts";
import { UTC } from "../../mod/logs/time_zone.ts";
import type { CollectorLog } from "../collector.ts";
import { type LineOrigin, recordOf } from "./line_records.ts";
import type { LogStream } from "./log_stream.ts";
import { PatientWriter, type PatientWriterOptions } from "./patient_writer.ts";
import { storeStreamLines } from "./stream_lines.ts";

export interface JournaldStreamOptions extends PatientWriterOptions {
  /** Usually `journalctl`. */
  readonly program: string;
  /** Empty: all units. */
  readonly units: readonly string[];
  /** Where the journal is read from the first time. */
  readonly startAt: "beginning" | "end";
  readonly maxLineBytes: number;
  readonly clock: Clock;
  readonly log: CollectorLog;
}

const ORIGIN: LineOrigin = { source: "journald", service: "", pid: null, resource: [] };
/** Waits before the program is started again, doubled each time that it ends early. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A run longer than this was a good one. */
const GOOD_RUN_MS = 60_000;
/** Of what the program says when it fails, characters. */
const MAX_COMPLAINT = 300;

/**
 * Follows systemd's journal through its own program, which knows its files best. The journal's
 * cursor moves when entries are kept, so that none is left out when either program is started anew.
 */
export class JournaldStream implements LogStream {
  readonly name = "journald";
  readonly #options: JournaldStreamOptions;
  readonly #writer: PatientWriter;
  readonly #reader = new LineReader({ format: "auto", pattern: null, zone: UTC });
  readonly #marks: { readonly cursor: string; readonly atMs: number }[] = [];
  #cursor: string | null = null;
  #child: Deno.ChildProcess | null = null;
  #running: Promise<void> = Promise.resolve();
  #cancelWait: () => void = () => {};
  readonly #stopping = Promise.withResolvers<void>();
  #stopped = false;

  constructor(options: JournaldStreamOptions) {
    this.#options = options;
    this.#writer = new PatientWriter(options);
  }

  start(cursor: string | null): void {
    this.#cursor = cursor;
    if (cursor !== null) this.#marks.push({ cursor, atMs: -Infinity });
    this.#running = this.#run();
  }

  cursor(nowMs: number, settleMs: number): string | null {
    if (this.#cursor !== null && this.#marks.at(-1)?.cursor !== this.#cursor) {
      this.#marks.push({ cursor: this.#cursor, atMs: nowMs });
    }
    const settled = this.#marks.findLastIndex(({ atMs }) => atMs <= nowMs - settleMs);
    this.#marks.splice(0, settled);
    return settled === -1 ? null : this.#marks[0]?.cursor ?? null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelWait();
    this.#stopping.resolve();
    this.#writer.close();
    try {
      this.#child?.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, timers, book } = this.#options;
    let waitMs = FIRST_WAIT_MS;
    while (!this.#stopped) {
      const startMs = clock.monotonicMs();
      const complaint = await this.#follow();
      if (this.#stopped) return;
      book.refused("journalctl_ended", complaint);
      if (clock.monotonicMs() - startMs > GOOD_RUN_MS) waitMs = FIRST_WAIT_MS;
      const over = Promise.withResolvers<void>();
      this.#cancelWait = timers.after(waitMs, over.resolve);
      await Promise.race([over.promise, this.#stopping.promise]);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }

  /** Runs the program to its end; answers why it ended. */
  async #follow(): Promise<string> {
    const { program, maxLineBytes } = this.#options;
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args: this.#arguments(),
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      return `${program} cannot be run: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#child = child;
    const complaint = lastWords(child.stderr);
    await storeStreamLines(child.stdout, {
      // An entry is larger than its message.
      maxLineBytes: maxLineBytes * 4,
      store: (lines, bytes) => this.#store(lines, bytes),
      stored: (lines) => {
        const last = readJournalEntry(lines.at(-1) ?? "")?.cursor ?? null;
        if (last !== null && !this.#stopped) this.#cursor = last;
      },
    });
    const { code } = await child.status;
    this.#child = null;
    return `${program} ended with exit code ${code}: ${await complaint}`;
  }

  async #store(lines: readonly string[], bytes: number): Promise<void> {
    const context = { nowMs: this.#options.clock.nowMs() };
    const records = lines.map((text) => {
      const entry = readJournalEntry(text)?.line ?? bareLine(text);
      const read = this.#reader.readWithin(entry, context);
      const { tsUs, nsRemainder } = entry.tsUs === null ? read : entry;
      return recordOf({ ...read, tsUs, nsRemainder }, ORIGIN);
    });
    await this.#writer.write(records, bytes);
  }

  #arguments(): string[] {
    const { units, startAt } = this.#options;
    const from = this.#cursor !== null
      ? ["--no-tail", `--after-cursor=${this.#cursor}`]
      : startAt === "end"
      ? ["--lines=0"]
      : ["--no-tail"];
    return [
      ...["--output=json", "--follow", "--no-pager", "--all", "--quiet"],
      ...from,
      ...units.map((unit) => `--unit=${unit}`),
    ];
  }
}

async function lastWords(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text = (text + part).slice(-MAX_COMPLAINT);
  }
  return text.trim();
}

import type { FileHandle } from "node:fs/promises";
import { encodeHex } from "../../mod/columns/hex.ts";
import type { Clock } from "../../mod/clock.ts";
import type { LogRecord, LogWriter } from "../../mod/intake/log_writer.ts";
import type { LogFileStatus } from "../../mod/logs/log_file_status.ts";
import { groupLines, type LineGroup, type MultilineOptions } from "../../mod/logs/line_groups.ts";
import { splitLines } from "../../mod/logs/line_split.ts";
import type { LineReader } from "../../mod/logs/log_format.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import { HEAD_BYTES, identityOf, PROBE_BYTES, readAt, startsWith } from "./file_identity.ts";
import { type LineOrigin, recordOf } from "./line_records.ts";
import type { FilePosition } from "./log_positions.ts";

/** Bytes read of one file at a time. */
export const BLOCK_BYTES = 1_048_576;
/** Kernels note the time of a change in steps, of 10 ms at most. */
const MTIME_STEP_MS = 50;

export interface TailedFileOptions {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly handle: FileHandle;
  readonly offset: number;
  /** Records that start before this have been kept before: they are counted as repeated. */
  readonly repeatUntil: number;
  readonly probe: Uint8Array;
  readonly head: Uint8Array;
  readonly reader: LineReader;
  readonly multiline: MultilineOptions | null;
  readonly multilineTimeoutMs: number;
  readonly cri: boolean;
  readonly maxLineBytes: number;
  readonly origin: LineOrigin;
  readonly writer: Pick<LogWriter, "write">;
  readonly book: SourceBook;
  readonly clock: Clock;
}

/** What came of looking for more. */
export type ReadOutcome =
  /** A block was kept, and there may be more. */
  | "more"
  /** All that there is was kept, but for the lines that may still grow. */
  | "idle"
  /** The bytes before the place where reading goes on are not there any more. */
  | "truncated";

/**
 * One open file, read from a place on. The place moves when the store has kept the records before
 * it, never earlier: whatever fails, reading goes on from there, so nothing is lost. Between two reads
 * nothing is held in memory but that place.
 */
export class TailedFile {
  readonly #options: TailedFileOptions;
  readonly #handle: FileHandle;
  path: string;
  origin: LineOrigin;
  /** When it was found to be at its path no more, monotonic milliseconds; null while it is. */
  leftAtMs: number | null = null;
  #probe: Uint8Array;
  #head: Uint8Array;
  #offset: number;
  #repeatUntil: number;
  #size = 0;
  #modifiedMs = 0;
  #grewAtMs: number;
  /** Size and time of change when everything up to the end had been looked at. */
  #lookedAt = "";
  #closed = false;
  #records = 0;
  #repeated = 0;
  #truncations = 0;
  #splitLines = 0;
  #cutGroups = 0;
  #repairedLines = 0;
  readonly #marks: { readonly offset: number; readonly probe: Uint8Array; readonly atMs: number }[];

  constructor(options: TailedFileOptions) {
    this.#options = options;
    this.#handle = options.handle;
    this.path = options.path;
    this.origin = options.origin;
    this.#probe = options.probe;
    this.#head = options.head;
    this.#offset = options.offset;
    this.#repeatUntil = options.repeatUntil;
    this.#grewAtMs = options.clock.monotonicMs();
    this.#marks = [{ offset: options.offset, probe: options.probe, atMs: -Infinity }];
  }

  get identity(): string {
    return identityOf(this.#options);
  }

  get offset(): number {
    return this.#offset;
  }

  get head(): Uint8Array {
    return this.#head;
  }

  get book(): SourceBook {
    return this.#options.book;
  }

  /** Bytes that are not kept yet. */
  get lagBytes(): number {
    return Math.max(0, this.#size - this.#offset);
  }

  get state(): LogFileStatus {
    return {
      path: this.path,
      size: this.#size,
      offset: this.#offset,
      records: this.#records,
      repeated: this.#repeated,
      truncations: this.#truncations,
      splitLines: this.#splitLines,
      cutGroups: this.#cutGroups,
      repairedLines: this.#repairedLines,
      misfits: this.#options.reader.misfits,
      service: this.origin.service,
      pid: this.origin.pid,
      rotated: this.leftAtMs !== null,
    };
  }

  /**
   * Reads and stores one block. `finishing` says that nothing will be written any more, so that a
   * last line without an end counts.
   * @throws HorizonError `overloaded`, `unavailable`: not kept, and read again the next time
   */
  async read(finishing: boolean): Promise<ReadOutcome> {
    const { clock } = this.#options;
    const { size, mtimeMs } = await this.#handle.stat();
    if (size !== this.#size || mtimeMs !== this.#modifiedMs) this.#grewAtMs = clock.monotonicMs();
    this.#size = size;
    this.#modifiedMs = mtimeMs;
    const sinceGrowthMs = clock.monotonicMs() - this.#grewAtMs;
    const flush = finishing || sinceGrowthMs >= this.#options.multilineTimeoutMs;
    const look = `${size} ${mtimeMs} ${flush} ${finishing}`;
    if (look === this.#lookedAt) return "idle";
    if (size < this.#offset) return "truncated";
    const probeLength = this.#probe.length;
    const wanted = Math.min(BLOCK_BYTES, size - this.#offset);
    const bytes = await readAt(this.#handle, this.#offset - probeLength, probeLength + wanted);
    if (!startsWith(bytes, this.#probe)) return "truncated";
    // Near its start the bytes before are few, or none: its head tells.
    if (this.#offset <= probeLength && !startsWith(bytes, this.#head)) return "truncated";
    const block = bytes.subarray(probeLength);
    const full = block.length === BLOCK_BYTES;
    const taken = await this.#store(block, flush, finishing && !full, full);
    if (taken > 0) this.#advance(bytes, probeLength + taken);
    const more = full || this.#offset + (block.length - taken) < this.#size;
    // A change right after this one could show the same size and time.
    const settled = clock.nowMs() - mtimeMs > MTIME_STEP_MS;
    if (!more) this.#lookedAt = settled ? look : "";
    return more ? "more" : "idle";
  }

  /** Begins anew at the start of the file, which was cut off under us. */
  async restart(): Promise<void> {
    this.#truncations++;
    this.#offset = 0;
    this.#probe = new Uint8Array();
    this.#repeatUntil = 0;
    this.#lookedAt = "";
    this.#marks.splice(0, this.#marks.length, { offset: 0, probe: this.#probe, atMs: -Infinity });
    this.#head = await readAt(this.#handle, 0, HEAD_BYTES);
  }

  /** True when the bytes of `handle` are those of this file up to where it was read. */
  async isCopy(handle: FileHandle): Promise<boolean> {
    if (!startsWith(await readAt(handle, 0, this.#head.length), this.#head)) return false;
    const { length } = this.#probe;
    return startsWith(await readAt(handle, this.#offset - length, length), this.#probe);
  }

  /** The bytes before the place where reading goes on, for whoever goes on in a copy. */
  get probe(): Uint8Array {
    return this.#probe;
  }

  /**
   * Where reading may go on after a restart: what was kept `settleMs` ago or earlier is on disk.
   * Takes note of where it is now, so that a later call may go further.
   */
  position(nowMs: number, settleMs: number): FilePosition {
    const newest = this.#marks.at(-1);
    if (newest === undefined || newest.offset !== this.#offset) {
      this.#marks.push({ offset: this.#offset, probe: this.#probe, atMs: nowMs });
    }
    const settled = this.#marks.findLastIndex(({ atMs }) => atMs <= nowMs - settleMs);
    this.#marks.splice(0, settled);
    return this.#positionAt(this.#marks[0] ?? this.#here);
  }

  /** Where reading is now. */
  get currentPosition(): FilePosition {
    return this.#positionAt(this.#here);
  }

  get #here() {
    return { offset: this.#offset, probe: this.#probe };
  }

  #positionAt({ offset, probe }: { readonly offset: number; readonly probe: Uint8Array }) {
    const { dev, ino } = this.#options;
    return {
      path: this.path,
      dev,
      ino,
      offset,
      probe: encodeHex(probe),
      acknowledged: this.#offset,
      head: encodeHex(this.#head),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  /** Answers how many bytes of the block are in records that were kept. */
  async #store(
    block: Uint8Array,
    flush: boolean,
    whole: boolean,
    full: boolean,
  ): Promise<number> {
    const { maxLineBytes, multiline, cri, book, writer } = this.#options;
    const { lines, split } = splitLines(block, maxLineBytes, whole);
    let grouped = groupLines(lines, { multiline, cri }, flush && !full);
    // A group as large as a block cannot wait for its end.
    if (grouped.end === 0 && full) grouped = groupLines(lines, { multiline, cri }, true);
    if (grouped.end === 0) return 0;
    const { accepted } = await writer.write({
      records: this.#recordsOf(grouped.groups),
      bytes: grouped.end,
    });
    book.accepted("logs", accepted);
    book.request("logs");
    this.#records += accepted;
    this.#splitLines += split;
    this.#cutGroups += grouped.cut;
    const before = this.#repeatUntil - this.#offset;
    if (before > 0) {
      this.#repeated += grouped.groups.filter(({ start, text }) => start < before && text !== "")
        .length;
    }
    return grouped.end;
  }

  *#recordsOf(groups: readonly LineGroup[]): Iterable<LogRecord> {
    const { reader, clock } = this.#options;
    const context = { nowMs: clock.nowMs() };
    for (const { text, envelope } of groups) {
      // Empty lines say nothing.
      if (text === "") continue;
      if (text.includes("\uFFFD")) this.#repairedLines++;
      const line = envelope === null
        ? reader.read(text, context)
        : reader.readWithin({ ...envelope, body: text }, context);
      yield recordOf(line, this.origin);
    }
  }

  #advance(bytes: Uint8Array, end: number): void {
    this.#offset += end - this.#probe.length;
    // Copied, so that the block can go.
    this.#probe = bytes.slice(Math.max(0, end - PROBE_BYTES), end);
    const headOffset = this.#offset - end;
    // While the file is short its head grows with it.
    if (headOffset <= 0 && this.#head.length < HEAD_BYTES && end > this.#head.length) {
      this.#head = bytes.slice(0, Math.min(HEAD_BYTES, end));
    }
  }
}

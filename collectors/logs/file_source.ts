import type { FileHandle } from "node:fs/promises";
import type { Clock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import type { LogWriter, TextAttributes } from "../../mod/intake/log_writer.ts";
import type { MultilineOptions } from "../../mod/logs/line_groups.ts";
import type { LogFilesStatus } from "../../mod/logs/log_file_status.ts";
import { type LineFormatOptions, LineReader } from "../../mod/logs/log_format.ts";
import type { PathPattern } from "../../mod/logs/path_pattern.ts";
import { decodeHex } from "../../mod/otlp/hex.ts";
import type { SourceRegistry } from "../../mod/sources/source_registry.ts";
import type { CollectorLog } from "../collector.ts";
import type { Timers } from "../scheduler.ts";
import {
  HEAD_BYTES,
  identityOf,
  LEAST_HEAD_BYTES,
  openFile,
  readAt,
  seeFile,
  type SeenFile,
  startsWith,
} from "./file_identity.ts";
import { kinOf } from "./file_kin.ts";
import { FileOwners, type OwnedProcess } from "./file_owners.ts";
import { findFiles } from "./find_files.ts";
import type { FilePosition, LoadedPositions } from "./log_positions.ts";
import { TailedFile } from "./tailed_file.ts";
import { Turns } from "./turns.ts";

/** Files to read, and how. */
export interface FileInput extends LineFormatOptions {
  readonly patterns: readonly PathPattern[];
  readonly exclude: readonly PathPattern[];
  /** Of files that are there at the first start; later ones are read from their beginning. */
  readonly startAt: "beginning" | "end";
  /** "" for the service whose process writes the file. */
  readonly service: string;
  readonly attributes: TextAttributes;
  readonly multiline: MultilineOptions | null;
  /** How long the last lines of a file may wait for what belongs to them, milliseconds. */
  readonly multilineTimeoutMs: number;
}

export interface FileSourceOptions {
  readonly inputs: readonly FileInput[];
  readonly pollIntervalMs: number;
  readonly discoveryIntervalMs: number;
  readonly maxFiles: number;
  readonly maxLineBytes: number;
  readonly writer: Pick<LogWriter, "write">;
  readonly sources: Pick<SourceRegistry, "open" | "close">;
  /** Processes of this host, to tell whose a file is. */
  readonly processes: () => readonly OwnedProcess[];
  readonly procRoot: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: CollectorLog;
}

/** Blocks that are read and stored at a time, over all files. */
const MAX_BLOCKS = 4;
/** How long a file that left its path is still written to, until its writer opens the new one. */
const ROTATED_GRACE_MS = 10_000;
/** How long a file that cannot be read is left alone. */
const FAILED_PAUSE_MS = 5_000;
/** Between two looks at who has which file open. */
const OWNERS_INTERVAL_MS = 15_000;
const CONTAINER_FOLDERS = /^\/var\/log\/(?:pods|containers)\//;

interface Tracked {
  readonly file: TailedFile;
  readonly input: FileInput;
  busy: boolean;
  /** Monotonic milliseconds. */
  pausedUntilMs: number;
  caughtUpMs: number;
}

/** Follows files: finds them, reads what is new in them, and keeps track of their rotations. */
export class FileSource {
  readonly #options: FileSourceOptions;
  readonly #tracked = new Map<string, Tracked>();
  readonly #turns = new Turns(MAX_BLOCKS);
  readonly #owners: FileOwners;
  /** The file at each path, to notice when it is another. */
  readonly #atPath = new Map<string, string>();
  /** What lay beside each followed path at the last look. */
  readonly #kin = new Map<string, ReadonlySet<string>>();
  readonly #unreadable = new Set<string>();
  #cancelPoll: (() => void) | null = null;
  #cancelDiscovery: (() => void) | null = null;
  #discovery: Promise<void> = Promise.resolve();
  #work = new Set<Promise<void>>();
  #stopping = false;
  #rotations = 0;
  #lostFiles = 0;
  #leftOut = 0;
  #ownersDueMs = 0;

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.#owners = new FileOwners(options.procRoot);
  }

  get stats(): LogFilesStatus {
    return {
      files: [...this.#tracked.values()].map(({ file }) => file.state),
      rotations: this.#rotations,
      lostFiles: this.#lostFiles,
      leftOut: this.#leftOut,
    };
  }

  /** Finds the files and goes on where reading was; resolves when the first look is done. */
  async start(positions: LoadedPositions): Promise<void> {
    await this.#resume(positions);
    this.#poll();
    this.#discoverLater();
  }

  /** Where reading may go on after a restart: what was kept `settleMs` ago is on disk. */
  positions(settleMs: number): FilePosition[] {
    const nowMs = this.#options.clock.monotonicMs();
    return [...this.#tracked.values()].map(({ file }) => file.position(nowMs, settleMs));
  }

  /** Reads no more, and waits for what is being stored. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelPoll?.();
    this.#cancelDiscovery?.();
    await this.idle();
  }

  /** Resolves when the looks and reads that are under way now are done. */
  async idle(): Promise<void> {
    await this.#discovery;
    await Promise.all(this.#work);
  }

  /** After the last look at `positions`. */
  async close(): Promise<void> {
    for (const { file } of this.#tracked.values()) await file.close();
  }

  // At the first look every file that is there is new to us, but for what was written down.
  async #resume(loaded: LoadedPositions): Promise<void> {
    const { log } = this.#options;
    const known = loaded.kind === "loaded" ? loaded.positions.files : [];
    const savedAtMs = loaded.kind === "loaded" ? loaded.positions.savedAtMs : 0;
    if (loaded.kind === "damaged") {
      // Reading twice is better than leaving out.
      log.warn("log_positions_damaged", { problem: loaded.problem, read_from: "beginning" });
    }
    const byIdentity = new Map(known.map((one) => [identityOf(one), one]));
    const followed = new Set(known.map(({ path }) => path));
    await this.#look(async (seen, input) => {
      const position = byIdentity.get(identityOf(seen));
      if (position !== undefined) {
        byIdentity.delete(identityOf(seen));
        return await this.#openAt(seen, input, position);
      }
      const fromEnd = loaded.kind !== "damaged" && input.startAt === "end" &&
        !followed.has(seen.path);
      return await this.#open(seen, input, fromEnd ? seen.size : 0);
    });
    for (const position of byIdentity.values()) await this.#findLeft(position);
    for (const path of followed) {
      await this.#findBetween(path, ({ modifiedMs }) => modifiedMs > savedAtMs);
    }
  }

  /** A file that was being read and is at none of the paths: it was rotated, or is gone. */
  async #findLeft(position: FilePosition): Promise<void> {
    const input = this.#inputOf(position.path);
    if (input === null) return;
    const left = (await kinOf(position.path)).find((one) =>
      identityOf(one) === identityOf(position)
    );
    if (left === undefined) {
      this.#lostFiles++;
      this.#options.log.warn("log_file_gone", { path: position.path, offset: position.offset });
      return;
    }
    const tracked = await this.#openAt({ ...left, path: position.path }, input, position);
    if (tracked !== null) this.#leave(tracked);
  }

  /** Files that came and were rotated away again between two looks. */
  async #findBetween(path: string, isNew: (one: SeenFile) => boolean): Promise<void> {
    const input = this.#inputOf(path);
    if (input === null) return;
    const kin = await kinOf(path);
    for (const one of kin) {
      if (!isNew(one) || this.#tracked.has(identityOf(one))) continue;
      if (await this.#isCopyOfTracked(one) !== null) continue;
      const handle = await this.#openHandle(one.path, one);
      if (handle !== null) this.#leave(await this.#track({ ...one, path }, handle, input, 0, 0));
    }
    this.#kin.set(path, new Set(kin.map(identityOf)));
  }

  async #findNewKin(path: string): Promise<void> {
    const kin = this.#kin.get(path);
    await this.#findBetween(path, (one) => kin?.has(identityOf(one)) === false);
  }

  #discoverLater(): void {
    const { timers, discoveryIntervalMs } = this.#options;
    this.#cancelDiscovery = timers.after(discoveryIntervalMs, () => {
      this.#discovery = this.#discover().catch((error: unknown) => {
        this.#options.log.warn("log_discovery_failed", { error: String(error) });
      }).finally(() => {
        if (!this.#stopping) this.#discoverLater();
      });
    });
  }

  async #discover(): Promise<void> {
    const before = new Map(this.#atPath);
    await this.#look(async (seen, input) => await this.#openNew(seen, input));
    for (const [path, identity] of this.#atPath) {
      const was = before.get(path);
      if (was === undefined || was === identity) continue;
      this.#rotations++;
      await this.#findNewKin(path);
    }
    await this.#findOwners();
  }

  /** Looks at all paths; `opened` is asked about files that are not followed yet. */
  async #look(
    opened: (seen: SeenFile, input: FileInput) => Promise<Tracked | null>,
  ): Promise<void> {
    const present = new Set<string>();
    this.#leftOut = 0;
    for (const input of this.#options.inputs) {
      const { paths, problems, cut } = await findFiles(input.patterns, input.exclude);
      for (const problem of problems) this.#noteOnce(problem, { problem });
      if (cut) this.#noteOnce("folders", { problem: "too many folders to look into" });
      for (const path of paths) {
        if (this.#stopping) return;
        const seen = await this.#see(path);
        if (seen === null || present.has(identityOf(seen))) continue;
        present.add(identityOf(seen));
        await this.#follow(seen, input, opened);
      }
    }
    for (const [identity, tracked] of this.#tracked) {
      if (!present.has(identity)) this.#leave(tracked);
    }
  }

  async #follow(
    seen: SeenFile,
    input: FileInput,
    opened: (seen: SeenFile, input: FileInput) => Promise<Tracked | null>,
  ): Promise<void> {
    const known = this.#tracked.get(identityOf(seen));
    if (known !== undefined) {
      known.file.path = seen.path;
      known.file.leftAtMs = null;
    } else if (this.#tracked.size >= this.#options.maxFiles) {
      this.#leftOut++;
      this.#noteOnce("max_files", { problem: "too many files", max: this.#options.maxFiles });
      return;
    } else if (await opened(seen, input) === null) return;
    this.#atPath.set(seen.path, identityOf(seen));
    if (!this.#kin.has(seen.path)) {
      this.#kin.set(seen.path, new Set((await kinOf(seen.path)).map(identityOf)));
    }
  }

  async #see(path: string): Promise<SeenFile | null> {
    try {
      return await seeFile(path);
    } catch (error) {
      this.#cannotRead(path, error);
      return null;
    }
  }

  async #openNew(seen: SeenFile, input: FileInput): Promise<Tracked | null> {
    // A copy of a file that is followed holds what was read already.
    const original = await this.#isCopyOfTracked(seen);
    if (original === null) return await this.#open(seen, input, 0);
    return await this.#open(seen, input, original.offset);
  }

  /** The followed file of which this one is a copy; null for none. */
  async #isCopyOfTracked(seen: SeenFile): Promise<TailedFile | null> {
    const alike = [...this.#tracked.values()].filter(({ file }) =>
      file.head.length >= LEAST_HEAD_BYTES && file.offset <= seen.size &&
      file.offset >= LEAST_HEAD_BYTES && file.identity !== identityOf(seen)
    );
    if (alike.length === 0) return null;
    const handle = await this.#openHandle(seen.path);
    if (handle === null) return null;
    try {
      for (const { file } of alike) if (await file.isCopy(handle)) return file;
      return null;
    } finally {
      await handle.close();
    }
  }

  async #open(seen: SeenFile, input: FileInput, offset: number): Promise<Tracked | null> {
    const handle = await this.#openHandle(seen.path, seen);
    return handle === null ? null : await this.#track(seen, handle, input, offset, 0);
  }

  /** Goes on where reading was, if the file is still the same up to there. */
  async #openAt(seen: SeenFile, input: FileInput, was: FilePosition): Promise<Tracked | null> {
    const kin = seen.path === was.path ? [] : [seen.path];
    const paths = [...kin, seen.path, ...(await kinOf(was.path)).map(({ path }) => path)];
    for (const path of paths) {
      const at = await this.#see(path);
      if (at === null || identityOf(at) !== identityOf(seen)) continue;
      const handle = await this.#openHandle(path, seen);
      if (handle === null) return null;
      if (await isAt(handle, was)) {
        return await this.#track(seen, handle, input, was.offset, was.acknowledged);
      }
      // It was cut off: what had not been read may be in a copy.
      const tracked = await this.#track(seen, handle, input, 0, 0);
      await this.#openCopy(was, input);
      return tracked;
    }
    return null;
  }

  /** Reads on in a copy that was made before a file was cut off. */
  async #openCopy(was: FilePosition, input: FileInput): Promise<void> {
    const head = decodeHex(was.head);
    if (head === null || head.length < LEAST_HEAD_BYTES) return;
    for (const one of await kinOf(was.path)) {
      if (identityOf(one) === identityOf(was) || one.size < was.offset) continue;
      const handle = await this.#openHandle(one.path);
      if (handle === null) continue;
      const same = await isAt(handle, was);
      const known = this.#tracked.get(identityOf(one));
      if (!same || known !== undefined) {
        await handle.close();
        if (same) return;
        continue;
      }
      const { offset, acknowledged } = was;
      const seen = { ...one, path: was.path };
      this.#leave(await this.#track(seen, handle, input, offset, acknowledged));
      return;
    }
  }

  /** Null, and noted, when it cannot be opened, or is another file by now. */
  async #openHandle(path: string, expected?: SeenFile): Promise<FileHandle | null> {
    try {
      const handle = await openFile(path);
      if (expected === undefined) return handle;
      const { dev, ino } = await handle.stat();
      this.#unreadable.delete(path);
      if (identityOf({ dev, ino }) === identityOf(expected)) return handle;
      await handle.close();
    } catch (error) {
      this.#cannotRead(path, error);
    }
    return null;
  }

  async #track(
    seen: SeenFile,
    handle: FileHandle,
    input: FileInput,
    offset: number,
    repeatUntil: number,
  ): Promise<Tracked> {
    const { writer, sources, clock, maxLineBytes } = this.#options;
    const probeStart = Math.max(0, offset - 64);
    const file = new TailedFile({
      path: seen.path,
      dev: seen.dev,
      ino: seen.ino,
      handle,
      offset,
      repeatUntil,
      probe: await readAt(handle, probeStart, offset - probeStart),
      head: await readAt(handle, 0, HEAD_BYTES),
      reader: new LineReader(input),
      multiline: input.multiline,
      multilineTimeoutMs: input.multilineTimeoutMs,
      cri: input.format === "cri" ||
        input.format === "auto" && CONTAINER_FOLDERS.test(seen.path),
      maxLineBytes,
      origin: {
        source: seen.path,
        service: input.service,
        pid: null,
        resource: input.attributes,
      },
      writer,
      book: sources.open("file", seen.path, ["logs"]),
      clock,
    });
    const nowMs = clock.monotonicMs();
    const tracked = { file, input, busy: false, pausedUntilMs: 0, caughtUpMs: nowMs };
    this.#tracked.set(file.identity, tracked);
    return tracked;
  }

  #inputOf(path: string): FileInput | null {
    return this.#options.inputs.find(({ patterns, exclude }) =>
      patterns.some((one) => one.matches(path)) && !exclude.some((one) => one.matches(path))
    ) ?? null;
  }

  #leave({ file }: Tracked): void {
    file.leftAtMs ??= this.#options.clock.monotonicMs();
  }

  #poll(): void {
    const { timers, pollIntervalMs, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const tracked of this.#tracked.values()) {
      if (tracked.busy || tracked.pausedUntilMs > nowMs) continue;
      tracked.busy = true;
      const work: Promise<void> = this.#readOn(tracked).finally(() => {
        tracked.busy = false;
        this.#work.delete(work);
      });
      this.#work.add(work);
    }
    this.#cancelPoll = timers.after(pollIntervalMs, () => this.#poll());
  }

  /** Reads a file until there is no more in it, a block at a turn. Never rejects. */
  async #readOn(tracked: Tracked): Promise<void> {
    const { file } = tracked;
    try {
      while (!this.#stopping) {
        const giveBack = await this.#turns.take();
        try {
          if (this.#stopping || !await this.#readBlock(tracked)) return;
        } finally {
          giveBack();
        }
      }
    } catch (error) {
      this.#failed(tracked, error);
    } finally {
      const nowMs = this.#options.clock.monotonicMs();
      if (file.lagBytes === 0) tracked.caughtUpMs = nowMs;
      file.book.lag(nowMs - tracked.caughtUpMs);
    }
  }

  /** Answers whether there may be more. */
  async #readBlock(tracked: Tracked): Promise<boolean> {
    const { file, input } = tracked;
    const nowMs = this.#options.clock.monotonicMs();
    const finishing = file.leftAtMs !== null && nowMs - file.leftAtMs >= ROTATED_GRACE_MS;
    const outcome = await file.read(finishing);
    file.book.pause(null);
    if (outcome === "truncated") {
      const was = file.currentPosition;
      // First the copy: until it is followed, the place in the file is all that tells of the rest.
      await this.#openCopy(was, input);
      await file.restart();
      // It may have been cut off twice.
      await this.#findNewKin(was.path);
      return true;
    }
    if (outcome === "idle" && finishing) await this.#forget(tracked);
    return outcome === "more";
  }

  async #forget({ file }: Tracked): Promise<void> {
    this.#tracked.delete(file.identity);
    await file.close();
    if (this.#atPath.get(file.path) !== file.identity) return;
    // Nothing is at its path any more.
    this.#atPath.delete(file.path);
    this.#kin.delete(file.path);
    this.#options.sources.close(file.book);
  }

  #failed(tracked: Tracked, error: unknown): void {
    const { file } = tracked;
    const nowMs = this.#options.clock.monotonicMs();
    if (error instanceof HorizonError && error.retryAfterMs !== null) {
      file.book.failed(error);
      file.book.pause(error.message);
      tracked.pausedUntilMs = nowMs + error.retryAfterMs;
      return;
    }
    tracked.pausedUntilMs = nowMs + FAILED_PAUSE_MS;
    const message = error instanceof Error ? error.message : String(error);
    file.book.refused("unreadable", message);
    this.#noteOnce(`read ${file.path}`, { path: file.path, problem: message });
  }

  #cannotRead(path: string, error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (this.#unreadable.has(path)) return;
    if (this.#unreadable.size < this.#options.maxFiles) this.#unreadable.add(path);
    this.#options.sources.open("file", path, ["logs"]).refused("unreadable", problem);
    this.#options.log.warn("log_file_unreadable", { path, problem });
  }

  /** Logs a problem the first time it comes. */
  #noteOnce(key: string, fields: Record<string, unknown>): void {
    if (this.#unreadable.has(key) || this.#unreadable.size >= this.#options.maxFiles * 2) return;
    this.#unreadable.add(key);
    this.#options.log.warn("log_files_problem", fields);
  }

  async #findOwners(): Promise<void> {
    const { clock, processes } = this.#options;
    if (this.#tracked.size === 0 || clock.monotonicMs() < this.#ownersDueMs) return;
    this.#ownersDueMs = clock.monotonicMs() + OWNERS_INTERVAL_MS;
    const owners = await this.#owners.find(processes());
    for (const { file, input } of this.#tracked.values()) {
      const owner = owners.get(file.path);
      // What was known stays: a writer may be away for a moment.
      if (owner === undefined) continue;
      file.origin = {
        ...file.origin,
        service: input.service || owner.service,
        pid: owner.pid,
      };
    }
  }
}

/** Whether a file still begins, and goes on up to where reading was, as it did. */
async function isAt(handle: FileHandle, { offset, probe, head }: FilePosition): Promise<boolean> {
  const [start, before] = [decodeHex(head), decodeHex(probe)];
  if (start === null || before === null || (await handle.stat()).size < offset) return false;
  return startsWith(await readAt(handle, 0, start.length), start) &&
    startsWith(await readAt(handle, offset - before.length, before.length), before);
}

import { HorizonError } from "../mod/errors.ts";
import type { DefinitionTable } from "../mod/intern/definitions.ts";
import type { DiskStats } from "../mod/ports.ts";
import { type ChunkId, chunkSpanUs } from "./chunk_catalog.ts";
import { CHUNK_KINDS, type ChunkKind } from "./chunk_kind.ts";
import { FrameBacklog, type WaitingFrame } from "./frame_backlog.ts";
import { FrameLog, type FrameMeta, scanFrames } from "./frame_log.ts";
import { LAYOUT_VERSION, layoutVersion, upgradeLayout } from "./layout.ts";
import type { FsyncPolicy } from "./messages.ts";
import { RecoveryAttempts } from "./recovery_attempts.ts";

/**
 * The data directory:
 *
 * ```
 * horizon.json            version of the layout (layout.ts)
 * lock                    held by the running Horizon
 * recovering              there only during a start (recovery_attempts.ts)
 * definitions.log         frames of definition tables
 * chunks/metrics-<hour start, seconds>-<number>.log   frames of one chunk
 * quarantine/             files as they were found damaged
 * ```
 */
const DEFINITIONS = "definitions.log";
const CHUNK_FILE = /^([a-z0-9_]+)-(\d{1,12})-(\d{1,9})\.log$/;
/** Damaged files kept for inspection, newest; older ones are removed. */
const MAX_QUARANTINED = 16;

/** Kinds of frames in `definitions.log`. Never renumbered. */
const DEFINITION_KINDS: Readonly<Record<DefinitionTable, number>> = {
  series: 1,
  attribute_keys: 2,
  resources: 3,
  bounds: 4,
};
const DEFINITION_NAMES: readonly DefinitionTable[] = [
  "series",
  "attribute_keys",
  "resources",
  "bounds",
];
/** Kinds of frames in chunk files. Never renumbered. */
const SIGNAL_KINDS: Readonly<Record<ChunkKind, number>> = {
  metrics: 16,
  histograms: 17,
  spans: 18,
  logs: 19,
  events: 20,
  exemplars: 21,
  rollups_1m: 32,
  rollups_1h: 33,
  histogram_rollups_1m: 34,
  histogram_rollups_1h: 35,
};

/** A file of frames as it was read back. */
export interface RecoveredFile {
  readonly frames: readonly (FrameMeta & { readonly payload: Uint8Array<ArrayBuffer> })[];
  readonly lostStretches: number;
  readonly lostBytes: number;
}

export interface ChunkFile extends ChunkId {
  readonly name: string;
  readonly bytes: number;
}

/** Owns the files of one data directory. All calls are synchronous. */
export class DataDir {
  readonly #path: string;
  readonly #fsync: FsyncPolicy;
  readonly #lock: Deno.FsFile;
  readonly #logs = new Map<string, FrameLog>();
  readonly #sizes = new Map<string, number>();
  /** Chunk files that were not loaded, newest first. */
  #left: ChunkFile[] = [];
  readonly #backlog = new FrameBacklog();
  readonly #attempts: RecoveryAttempts;
  /** Why the last write, and the last sync, failed; null when it succeeded. */
  #writeProblem: string | null = null;
  #syncProblem: string | null = null;
  /** A file was made or renamed: the folders themselves are to be synced. */
  #namesUnsynced = false;
  #definitionsStale = false;
  #failedWrites = 0;
  #unloggedRows = 0;
  #syncs = 0;

  /**
   * @throws HorizonError `conflict` when another Horizon has it, `invalid_argument` when it was
   * written by a newer version or is no directory, `permission_denied` when it cannot be written
   */
  constructor(path: string, fsync: FsyncPolicy) {
    this.#path = path;
    this.#fsync = fsync;
    // First of all, since nothing of a newer version is to be touched.
    usable(path, () => layoutVersion(path));
    this.#lock = usable(path, () => {
      Deno.mkdirSync(`${path}/chunks`, { recursive: true, mode: 0o700 });
      return Deno.openSync(`${path}/lock`, { create: true, write: true });
    });
    if (!this.#lock.tryLockSync(true)) {
      this.#lock.close();
      throw new HorizonError(
        "conflict",
        `the data directory ${path} is in use by another Horizon; stop it, or name another --data-dir`,
        { path },
      );
    }
    try {
      usable(path, () => {
        probe(`${path}/chunks/probe`);
        upgradeLayout(path);
      });
    } catch (error) {
      this.#lock.close();
      throw error;
    }
    this.#attempts = new RecoveryAttempts(`${path}/recovering`);
  }

  stats(): Omit<DiskStats, "budgetBytes" | "recovery"> {
    let bytes = 0;
    for (const size of this.#sizes.values()) bytes += size;
    let unsyncedBytes = 0;
    for (const log of this.#logs.values()) unsyncedBytes += log.unsyncedBytes;
    return {
      path: this.#path,
      bytes,
      files: this.#sizes.size,
      layoutVersion: LAYOUT_VERSION,
      fsync: this.#fsync,
      syncs: this.#syncs,
      unsyncedBytes,
      problem: this.#writeProblem ?? this.#syncProblem ?? this.#unfinished,
      failedWrites: this.#failedWrites,
      waitingRows: this.#backlog.rows,
      waitingBytes: this.#backlog.bytes,
      unloggedRows: this.#unloggedRows,
      quarantinedFiles: this.#quarantined().length,
    };
  }

  /** Why rows are still in memory only although writes succeed again. */
  get #unfinished(): string | null {
    if (this.#backlog.oldest === undefined && !this.#definitionsStale) return null;
    return "what could not be written before is being written now";
  }

  /** Chunk files, newest first. Files of other names are left alone. */
  chunkFiles(): ChunkFile[] {
    const files: ChunkFile[] = [];
    for (const { name, isFile } of Deno.readDirSync(`${this.#path}/chunks`)) {
      const parts = CHUNK_FILE.exec(name);
      if (!isFile || parts === null) continue;
      const signal = CHUNK_KINDS.find((one) => one === parts[1]);
      if (signal === undefined) continue;
      files.push({
        name,
        signal,
        bucketUs: Number(parts[2]) * 1e6,
        number: Number(parts[3]),
        bytes: Deno.statSync(`${this.#path}/chunks/${name}`).size,
      });
    }
    for (const { name, bytes } of files) this.#sizes.set(`chunks/${name}`, bytes);
    return files.sort((a, b) => b.bucketUs - a.bucketUs || b.number - a.number);
  }

  /** Frames of the definitions, in the order they were written. */
  readDefinitions(): RecoveredFile {
    return this.#read(DEFINITIONS);
  }

  readChunk(file: ChunkFile): RecoveredFile {
    return this.#read(`chunks/${file.name}`);
  }

  /** Share of the memory that a recovery otherwise fills; less after one that never ended. */
  get loadShare(): number {
    return this.#attempts.share;
  }

  /** To be called before a chunk is read; false when the process died of it: it is set aside. */
  beginLoad(file: ChunkFile): boolean {
    let load = true;
    this.#guard(() => load = this.#attempts.begin(file.name));
    if (!load) this.#guard(() => this.#setAside(`chunks/${file.name}`));
    return load;
  }

  endRecovery(): void {
    this.#guard(() => this.#attempts.end());
  }

  /** Notes that this file's rows are on disk only. */
  leave(file: ChunkFile): void {
    this.#left.push(file);
  }

  /** Files whose rows are on disk only, newest first. */
  get left(): readonly ChunkFile[] {
    return this.#left;
  }

  /** The file of a chunk; null when nothing of it could be written. */
  file(chunk: ChunkId): { readonly name: string; readonly bytes: number } | null {
    const name = fileOf(chunk);
    const bytes = this.#sizes.get(name);
    return bytes === undefined ? null : { name, bytes };
  }

  /** Removes files that were not loaded and whose span of time ended before `endedBeforeUs`. */
  removeLeft(signal: ChunkKind, endedBeforeUs: number): void {
    const old = this.#left.filter((file) =>
      file.signal === signal && file.bucketUs + chunkSpanUs(signal) < endedBeforeUs
    );
    for (const file of old) this.#removeLeftFile(file);
  }

  /** Removes the oldest file that was not loaded; false when there is none. */
  removeOldestLeft(): boolean {
    const oldest = this.#left.at(-1);
    if (oldest !== undefined) this.#removeLeftFile(oldest);
    return oldest !== undefined;
  }

  #removeLeftFile(file: ChunkFile): void {
    this.#left = this.#left.filter((one) => one !== file);
    this.removeChunk(file);
  }

  definitionTable(kind: number): DefinitionTable | null {
    return DEFINITION_NAMES.find((table) => DEFINITION_KINDS[table] === kind) ?? null;
  }

  isOf(signal: ChunkKind, kind: number): boolean {
    return SIGNAL_KINDS[signal] === kind;
  }

  /**
   * Writes the definitions anew: those of series that were forgotten, and of frames that were
   * damaged, are then gone from disk too.
   */
  rewriteDefinitions(
    definitions: readonly { table: DefinitionTable; rows: number; payload: Uint8Array }[],
  ): void {
    this.#logs.get(DEFINITIONS)?.close();
    this.#logs.delete(DEFINITIONS);
    this.#backlog.forget(DEFINITIONS);
    this.#definitionsStale = true;
    this.#guard(() => {
      const path = `${this.#path}/${DEFINITIONS}`;
      const fresh = `${path}.new`;
      removeIfThere(fresh);
      const log = new FrameLog(fresh);
      try {
        for (const { table, rows, payload } of definitions) {
          const meta = { kind: DEFINITION_KINDS[table], rows, minTsUs: 0, maxTsUs: 0 };
          log.append(meta, payload);
        }
      } finally {
        log.close();
      }
      Deno.renameSync(fresh, path);
      this.#namesUnsynced = true;
      this.#sizes.set(DEFINITIONS, Deno.statSync(path).size);
      this.#definitionsStale = false;
    });
  }

  /** Whether `rewriteDefinitions` is to be called, now that there is room again. */
  get definitionsStale(): boolean {
    return this.#definitionsStale && this.#writeProblem === null;
  }

  /** Whether what the file of definitions says is what was last asked for. */
  get definitionsWritten(): boolean {
    return !this.#definitionsStale;
  }

  logDefinitions(table: DefinitionTable, rows: number, payload: Uint8Array): void {
    const meta = { kind: DEFINITION_KINDS[table], rows, minTsUs: 0, maxTsUs: 0 };
    this.#append(DEFINITIONS, meta, payload);
  }

  logRows(chunk: ChunkId, meta: Omit<FrameMeta, "kind">, payload: Uint8Array): void {
    this.#append(fileOf(chunk), { ...meta, kind: SIGNAL_KINDS[chunk.signal] }, payload);
  }

  /** To be called once everything of an append was logged, before it is acknowledged. */
  endAppend(): void {
    if (this.#fsync === "every_batch") this.#syncAll();
  }

  /** To be called each second. What could not be written before is tried again. */
  tick(): void {
    this.#writeBacklog();
    if (this.#fsync !== "on_close") this.#syncAll();
  }

  /** No more rows come for this chunk. */
  closeChunk(chunk: ChunkId): void {
    const name = fileOf(chunk);
    const log = this.#logs.get(name);
    if (log === undefined) return;
    this.#logs.delete(name);
    this.#guardSync(() => log.close());
  }

  removeChunk(chunk: ChunkId): void {
    this.closeChunk(chunk);
    const name = fileOf(chunk);
    this.#sizes.delete(name);
    this.#backlog.forget(name);
    this.#guard(() => removeIfThere(`${this.#path}/${name}`));
  }

  close(): void {
    this.#writeBacklog();
    this.#syncAll();
    for (const log of this.#logs.values()) this.#guardSync(() => log.close());
    this.#logs.clear();
    this.#lock.close();
  }

  #append(name: string, meta: FrameMeta, payload: Uint8Array): void {
    const frame: WaitingFrame = { name, meta, payload };
    const written = this.#guard(() => this.#write(frame));
    if (written || this.#backlog.add(frame)) return;
    if (name === DEFINITIONS) this.#definitionsStale = true;
    else this.#unloggedRows += meta.rows;
  }

  #write({ name, meta, payload }: WaitingFrame): void {
    let log = this.#logs.get(name);
    if (log === undefined) {
      log = new FrameLog(`${this.#path}/${name}`);
      this.#logs.set(name, log);
      if (log.length === 0) this.#namesUnsynced = true;
    }
    log.append(meta, payload);
    this.#sizes.set(name, log.length);
    this.#writeProblem = null;
  }

  /** Frames are read back in any order, so that these may follow what was written meanwhile. */
  #writeBacklog(): void {
    for (let frame = this.#backlog.oldest; frame !== undefined; frame = this.#backlog.oldest) {
      const next = frame;
      if (!this.#guard(() => this.#write(next))) return;
      this.#backlog.removeOldest();
    }
  }

  #syncAll(): void {
    const failed = this.#syncProblem !== null;
    this.#syncProblem = null;
    for (const log of this.#logs.values()) {
      this.#guardSync(() => {
        if (log.sync()) this.#syncs++;
      });
    }
    if (!this.#namesUnsynced && !failed) return;
    this.#guardSync(() => {
      syncFolder(this.#path);
      syncFolder(`${this.#path}/chunks`);
      this.#namesUnsynced = false;
    });
  }

  /**
   * A disk that fails degrades Horizon to memory only, visibly; it does not stop it. False when
   * `work` failed.
   */
  #guard(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#writeProblem = messageOf(error);
      this.#failedWrites++;
      return false;
    }
  }

  #guardSync(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#syncProblem = messageOf(error);
      this.#failedWrites++;
    }
  }

  #read(name: string): RecoveredFile {
    const path = `${this.#path}/${name}`;
    const bytes = readIfThere(path);
    if (bytes === null) return { frames: [], lostStretches: 0, lostBytes: 0 };
    const { frames, damaged, tornTail } = scanFrames(bytes);
    const lostBytes = damaged.reduce((sum, { bytes }) => sum + bytes, 0);
    // A disk that cannot be written does not prevent the start: what was read is there all the same.
    this.#guard(() => {
      if (damaged.length === 1 && tornTail) Deno.truncateSync(path, damaged[0]!.offset);
      else if (damaged.length > 0) this.#quarantine(name, frames);
    });
    this.#sizes.set(name, bytes.length - lostBytes);
    return { frames, lostStretches: damaged.length, lostBytes };
  }

  /** Keeps the damaged file aside and puts one with its good frames in its place. */
  #quarantine(name: string, frames: RecoveredFile["frames"]): void {
    const path = `${this.#path}/${name}`;
    const mended = `${path}.mended`;
    removeIfThere(mended);
    const log = new FrameLog(mended);
    for (const frame of frames) log.append(frame, frame.payload);
    log.close();
    this.#setAside(name);
    Deno.renameSync(mended, path);
  }

  #setAside(name: string): void {
    const folder = `${this.#path}/quarantine`;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = this.#quarantined();
    for (const old of kept.slice(0, Math.max(0, kept.length - MAX_QUARANTINED + 1))) {
      removeIfThere(`${folder}/${old}`);
    }
    Deno.renameSync(
      `${this.#path}/${name}`,
      `${folder}/${Date.now()}-${name.replaceAll("/", "-")}`,
    );
    this.#sizes.delete(name);
    this.#namesUnsynced = true;
  }

  /** Names of the files set aside, oldest first. */
  #quarantined(): string[] {
    try {
      return [...Deno.readDirSync(`${this.#path}/quarantine`)].map(({ name }) => name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }
}

/**
 * @throws HorizonError instead of what the system says. A full disk is no reason not to start, which is
 * why nothing here writes more than a name once the directory is there.
 */
function usable<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HorizonError) throw error;
    if (isFile(path)) {
      throw new HorizonError(
        "invalid_argument",
        `the data directory ${path} is a file; name a directory with --data-dir`,
        { path },
      );
    }
    throw new HorizonError(
      "permission_denied",
      `the data directory ${path} cannot be used: ${messageOf(error)}; let the user that runs ` +
        "Horizon write there, or name another --data-dir",
      { path },
    );
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // It is not there, or not to be seen: the first error says so better.
    return false;
  }
}

/** Whether files can be made: the lock may be there from better times. */
function probe(path: string): void {
  try {
    Deno.openSync(path, { create: true, write: true }).close();
    Deno.removeSync(path);
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
}

/** ENOSPC or EDQUOT, which the runtime gives no class of their own. */
function isNoSpace(error: unknown): boolean {
  return /os error (28|122)\b/.test(messageOf(error));
}

function syncFolder(path: string): void {
  const folder = Deno.openSync(path, { read: true });
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}

function fileOf(chunk: ChunkId): string {
  return `chunks/${chunk.signal}-${Math.floor(chunk.bucketUs / 1e6)}-${chunk.number}.log`;
}

function readIfThere(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

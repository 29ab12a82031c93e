import { HorizonError } from "../mod/errors.ts";
import type { DefinitionTable } from "../mod/intern/definitions.ts";
import type { DiskStats } from "../mod/ports.ts";
import { type ChunkId, chunkSpanUs } from "./chunk_catalog.ts";
import { CHUNK_KINDS, type ChunkKind } from "./chunk_kind.ts";
import { FrameLog, type FrameMeta, scanFrames } from "./frame_log.ts";
import type { FsyncPolicy } from "./messages.ts";
import { SCHEMA_VERSION } from "./schema.ts";

/**
 * The data directory:
 *
 * ```
 * horizon.json            {"schema_version": 1}
 * lock                    held by the running Horizon
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
  #problem: string | null = null;
  #failedWrites = 0;
  #unloggedRows = 0;

  /**
   * @throws HorizonError `conflict` when another Horizon has it, `invalid_argument` when it was
   * written by a newer version, `permission_denied` when it cannot be written
   */
  constructor(path: string, fsync: FsyncPolicy) {
    this.#path = path;
    this.#fsync = fsync;
    try {
      Deno.mkdirSync(`${path}/chunks`, { recursive: true, mode: 0o700 });
      this.#lock = Deno.openSync(`${path}/lock`, { create: true, write: true });
    } catch (error) {
      throw new HorizonError(
        "permission_denied",
        `the data directory ${path} cannot be used: ${messageOf(error)}`,
        { path },
      );
    }
    if (!this.#lock.tryLockSync(true)) {
      this.#lock.close();
      throw new HorizonError(
        "conflict",
        `the data directory ${path} is in use by another Horizon; stop it, or name another --data-dir`,
        { path },
      );
    }
    try {
      this.#checkVersion();
    } catch (error) {
      this.#lock.close();
      throw error;
    }
  }

  stats(): Omit<DiskStats, "budgetBytes" | "recovery"> {
    let bytes = 0;
    for (const size of this.#sizes.values()) bytes += size;
    return {
      path: this.#path,
      bytes,
      files: this.#sizes.size,
      problem: this.#problem,
      failedWrites: this.#failedWrites,
      unloggedRows: this.#unloggedRows,
    };
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

  /** Notes that this file's rows are on disk only. */
  leave(file: ChunkFile): void {
    this.#left.push(file);
  }

  get leftOnDisk(): number {
    return this.#left.length;
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
    this.#guard(0, () => {
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
      this.#sizes.set(DEFINITIONS, Deno.statSync(path).size);
    });
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

  /** To be called each second. */
  tick(): void {
    if (this.#fsync === "every_second") this.#syncAll();
  }

  /** No more rows come for this chunk. */
  closeChunk(chunk: ChunkId): void {
    const name = fileOf(chunk);
    const log = this.#logs.get(name);
    if (log === undefined) return;
    this.#logs.delete(name);
    this.#guard(0, () => log.close());
  }

  removeChunk(chunk: ChunkId): void {
    this.closeChunk(chunk);
    const name = fileOf(chunk);
    this.#sizes.delete(name);
    this.#guard(0, () => removeIfThere(`${this.#path}/${name}`));
  }

  close(): void {
    for (const log of this.#logs.values()) this.#guard(0, () => log.close());
    this.#logs.clear();
    this.#lock.close();
  }

  #append(name: string, meta: FrameMeta, payload: Uint8Array): void {
    this.#guard(meta.rows, () => {
      let log = this.#logs.get(name);
      if (log === undefined) {
        log = new FrameLog(`${this.#path}/${name}`);
        this.#logs.set(name, log);
      }
      log.append(meta, payload);
      this.#sizes.set(name, log.length);
      this.#problem = null;
    });
  }

  #syncAll(): void {
    for (const log of this.#logs.values()) this.#guard(0, () => log.sync());
  }

  /** A disk that fails degrades Horizon to memory only, visibly; it does not stop it. */
  #guard(rows: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#problem = messageOf(error);
      this.#failedWrites++;
      this.#unloggedRows += rows;
    }
  }

  #read(name: string): RecoveredFile {
    const path = `${this.#path}/${name}`;
    const bytes = readIfThere(path);
    if (bytes === null) return { frames: [], lostStretches: 0, lostBytes: 0 };
    const { frames, damaged, tornTail } = scanFrames(bytes);
    const lostBytes = damaged.reduce((sum, { bytes }) => sum + bytes, 0);
    if (damaged.length === 1 && tornTail) Deno.truncateSync(path, damaged[0]!.offset);
    else if (damaged.length > 0) this.#quarantine(name, frames);
    this.#sizes.set(name, bytes.length - lostBytes);
    return { frames, lostStretches: damaged.length, lostBytes };
  }

  /** Keeps the damaged file aside and puts one with its good frames in its place. */
  #quarantine(name: string, frames: RecoveredFile["frames"]): void {
    const folder = `${this.#path}/quarantine`;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    for (const old of kept.slice(0, Math.max(0, kept.length - MAX_QUARANTINED + 1))) {
      removeIfThere(`${folder}/${old}`);
    }
    const path = `${this.#path}/${name}`;
    const mended = `${path}.mended`;
    removeIfThere(mended);
    const log = new FrameLog(mended);
    for (const frame of frames) log.append(frame, frame.payload);
    log.close();
    Deno.renameSync(path, `${folder}/${Date.now()}-${name.replaceAll("/", "-")}`);
    Deno.renameSync(mended, path);
  }

  #checkVersion(): void {
    const path = `${this.#path}/horizon.json`;
    const bytes = readIfThere(path);
    const found = bytes === null ? null : versionIn(new TextDecoder().decode(bytes));
    if (found !== null && found > SCHEMA_VERSION) {
      throw new HorizonError(
        "invalid_argument",
        `the data directory ${this.#path} was written by a newer Horizon (layout ${found}, this ` +
          `one knows ${SCHEMA_VERSION}); run that version, or name another --data-dir`,
        { path: this.#path },
      );
    }
    if (found === SCHEMA_VERSION) return;
    const temporary = `${path}.new`;
    Deno.writeTextFileSync(temporary, `${JSON.stringify({ schema_version: SCHEMA_VERSION })}\n`);
    Deno.renameSync(temporary, path);
  }
}

/** The version in `horizon.json`; null when the file is damaged, which must not prevent a start. */
function versionIn(text: string): number | null {
  const version = /"schema_version"\s*:\s*(\d{1,6})/.exec(text)?.[1];
  return version === undefined ? null : Number(version);
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

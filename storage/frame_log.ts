import { crc32 } from "node:zlib";
import { assert } from "../mod/errors.ts";

/**
 * Append-only files of frames. A frame is a header of 40 bytes and a payload (an Arrow IPC
 * stream), all numbers little-endian:
 *
 * | offset | type | what |
 * |---|---|---|
 * | 0 | u32 | magic "HZF1" |
 * | 4 | u32 | CRC-32 of bytes 8 to 40 |
 * | 8 | u32 | length of the payload |
 * | 12 | u32 | CRC-32 of the payload |
 * | 16 | u32 | kind: what table it goes to, given by the caller |
 * | 20 | u32 | rows |
 * | 24 | f64 | smallest time, microseconds since the Unix epoch (0 where there is none) |
 * | 32 | f64 | largest time |
 *
 * The header has its own checksum: when a payload is damaged, the frame behind it is still found.
 */
const MAGIC = 0x31465a48;
export const HEADER_BYTES = 40;
/** A longer length is damage: the intake never makes such a batch. */
const MAX_PAYLOAD_BYTES = 1024 * 1024 * 1024;

export interface FrameMeta {
  readonly kind: number;
  readonly rows: number;
  readonly minTsUs: number;
  readonly maxTsUs: number;
}

export interface Frame extends FrameMeta {
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** What a scan of a file found. */
export interface ScannedFrames {
  readonly frames: readonly Frame[];
  /** Stretches of bytes that are no whole frame, and whether they end the file (a torn tail). */
  readonly damaged: readonly { readonly offset: number; readonly bytes: number }[];
  readonly tornTail: boolean;
}

export function frameHeader(meta: FrameMeta, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, payload.length, true);
  view.setUint32(12, crc32(payload), true);
  view.setUint32(16, meta.kind, true);
  view.setUint32(20, meta.rows, true);
  view.setFloat64(24, meta.minTsUs, true);
  view.setFloat64(32, meta.maxTsUs, true);
  view.setUint32(4, crc32(header.subarray(8)), true);
  return header;
}

/** Finds every whole frame of a file; what lies between is passed over and told of. */
export function scanFrames(bytes: Uint8Array<ArrayBuffer>): ScannedFrames {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Frame[] = [];
  const damaged: { offset: number; bytes: number }[] = [];
  let at = 0;
  let tornTail = false;
  while (at < bytes.length) {
    const length = headerAt(bytes, view, at);
    if (length !== null && at + HEADER_BYTES + length <= bytes.length) {
      const payload = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      if (crc32(payload) === view.getUint32(at + 12, true)) {
        frames.push({
          kind: view.getUint32(at + 16, true),
          rows: view.getUint32(at + 20, true),
          minTsUs: view.getFloat64(at + 24, true),
          maxTsUs: view.getFloat64(at + 32, true),
          payload,
        });
      } else damaged.push({ offset: at, bytes: HEADER_BYTES + length });
      at += HEADER_BYTES + length;
      continue;
    }
    const next = nextHeader(bytes, view, at + 1);
    damaged.push({ offset: at, bytes: (next ?? bytes.length) - at });
    tornTail = next === null;
    at = next ?? bytes.length;
  }
  return { frames, damaged, tornTail };
}

/** The payload length of the header at `at`, or null when there is no good header. */
function headerAt(bytes: Uint8Array, view: DataView, at: number): number | null {
  if (at + HEADER_BYTES > bytes.length || view.getUint32(at, true) !== MAGIC) return null;
  const sum = crc32(bytes.subarray(at + 8, at + HEADER_BYTES));
  if (sum !== view.getUint32(at + 4, true)) return null;
  const length = view.getUint32(at + 8, true);
  return length > MAX_PAYLOAD_BYTES ? null : length;
}

function nextHeader(bytes: Uint8Array, view: DataView, from: number): number | null {
  for (let at = bytes.indexOf(MAGIC & 0xff, from); at !== -1; at = bytes.indexOf(0x48, at + 1)) {
    if (headerAt(bytes, view, at) !== null) return at;
  }
  return null;
}

/** One file that frames are appended to. Writes go to the kernel at once; `sync` is the caller's. */
export class FrameLog {
  readonly path: string;
  readonly #file: Deno.FsFile;
  #length: number;
  #unsyncedBytes = 0;

  /** Opens for appending, made when it is not there. */
  constructor(path: string) {
    this.path = path;
    this.#file = Deno.openSync(path, { create: true, write: true, read: true });
    this.#length = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  get length(): number {
    return this.#length;
  }

  /** Appended since the last sync: what a crash of the host, not of Horizon, may take. */
  get unsyncedBytes(): number {
    return this.#unsyncedBytes;
  }

  /**
   * Appends a frame. What a failed write left behind is cut off again, so that the file stays
   * whole.
   * @throws Deno.errors.* when it cannot be written, such as on a full disk
   */
  append(meta: FrameMeta, payload: Uint8Array): void {
    const before = this.#length;
    try {
      this.#write(frameHeader(meta, payload));
      this.#write(payload);
      this.#unsyncedBytes += this.#length - before;
    } catch (error) {
      this.#length = before;
      // Where the next frame goes in any case; should cutting off fail, it stands on what is left.
      this.#file.seekSync(before, Deno.SeekMode.Start);
      this.#file.truncateSync(before);
      throw error;
    }
  }

  /** Forces what was appended to the disk. False when nothing was. */
  sync(): boolean {
    if (this.#unsyncedBytes === 0) return false;
    this.#file.syncDataSync();
    this.#unsyncedBytes = 0;
    return true;
  }

  /** @throws Deno.errors.* when it cannot be synced; it is closed all the same */
  close(): void {
    try {
      this.sync();
    } finally {
      this.#file.close();
    }
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const written = this.#file.writeSync(bytes.subarray(at));
      assert(written > 0, "a write takes at least a byte");
      at += written;
      this.#length += written;
    }
  }
}

import type { FrameMeta } from "./frame_log.ts";

/** Bytes of frames that wait for room on the disk, in memory; what is past it is not kept. */
export const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

/** A frame that could not be written. */
export interface WaitingFrame {
  /** Of the file, below the data directory. */
  readonly name: string;
  readonly meta: FrameMeta;
  readonly payload: Uint8Array;
}

/** Frames that a full or failing disk did not take, oldest first. */
export class FrameBacklog {
  #frames: WaitingFrame[] = [];
  #bytes = 0;
  #rows = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get rows(): number {
    return this.#rows;
  }

  get oldest(): WaitingFrame | undefined {
    return this.#frames[0];
  }

  /** False when there is no room: the frame is then not kept. */
  add(frame: WaitingFrame): boolean {
    if (this.#bytes + frame.payload.length > MAX_BACKLOG_BYTES) return false;
    this.#frames.push(frame);
    this.#bytes += frame.payload.length;
    this.#rows += frame.meta.rows;
    return true;
  }

  removeOldest(): void {
    const oldest = this.#frames.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.payload.length;
    this.#rows -= oldest.meta.rows;
  }

  /** Lets go of the frames of a file that is to be removed, or written anew. */
  forget(name: string): void {
    const kept = this.#frames.filter((frame) => frame.name !== name);
    this.#frames = [];
    this.#bytes = 0;
    this.#rows = 0;
    for (const frame of kept) this.add(frame);
  }
}

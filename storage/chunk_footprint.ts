import type { ChunkKind } from "./chunk_kind.ts";

/** Memory of a received byte of rows before any chunk of their kind was measured. */
const UNMEASURED = 2;

/**
 * How much memory rows take in the engine for each byte that they came in: a part more for samples, four times
 * for spans. Measured whenever a chunk's table is dropped because its sealed copy takes its place.
 */
export class ChunkFootprint {
  readonly #perReceived = new Map<ChunkKind, number>();

  /** @returns bytes, an estimate */
  openBytes(kind: ChunkKind, receivedBytes: number): number {
    return receivedBytes * (this.#perReceived.get(kind) ?? UNMEASURED);
  }

  /** @param bytes that dropping a chunk freed */
  measured(kind: ChunkKind, receivedBytes: number, bytes: number): void {
    if (receivedBytes > 0 && bytes > 0) this.#perReceived.set(kind, bytes / receivedBytes);
  }
}

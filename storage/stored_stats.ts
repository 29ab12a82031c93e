import type { StoredStats } from "../mod/ports.ts";
import type { Chunk } from "./chunk_catalog.ts";

/** What chunks of one kind hold. */
export function storedStats(chunks: readonly Chunk[], retentionMs: number): StoredStats {
  const filled = chunks.filter((chunk) => chunk.rows > 0);
  const sealed = chunks.filter(({ state }) => state === "sealed");
  return {
    rows: sum(filled, (c) => c.rows),
    chunks: chunks.length,
    openChunks: chunks.filter(({ state }) => state === "open").length,
    closedChunks: chunks.filter(({ state }) => state === "closed").length,
    openRows: sum(filled, (c) => c.state === "sealed" ? 0 : c.rows),
    bytes: sum(filled, (c) => c.bytes),
    minTsUs: filled.length === 0 ? null : Math.min(...filled.map((c) => c.minTsUs)),
    maxTsUs: filled.length === 0 ? null : Math.max(...filled.map((c) => c.maxTsUs)),
    retentionMs,
    sealed: {
      chunks: sealed.length,
      rows: sum(sealed, (c) => c.rows),
      bytes: sum(sealed, (c) => c.bytes),
      receivedBytes: sum(sealed, (c) => c.receivedBytes),
    },
  };
}

function sum(chunks: readonly Chunk[], of: (chunk: Chunk) => number): number {
  return chunks.reduce((total, chunk) => total + of(chunk), 0);
}

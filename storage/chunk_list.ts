import type { ChunkList, ChunkListRequest, ChunkStatus } from "../mod/ports.ts";
import { isRolledUp } from "../mod/metrics/rollup.ts";
import { type Chunk, type ChunkId, chunkSpanUs } from "./chunk_catalog.ts";

export interface ListedChunks {
  readonly chunks: Iterable<Chunk>;
  /** Files that were not loaded. */
  readonly left: readonly (ChunkId & { readonly name: string; readonly bytes: number })[];
  /** The chunk of which a sorted copy is being made. */
  readonly sealing: Chunk | null;
  readonly fileOf: (chunk: ChunkId) => ChunkStatus["file"];
}

/** One page of the chunks that there are, the newest first. */
export function listChunks(
  { chunks, left, sealing, fileOf }: ListedChunks,
  { kinds, state, before, limit }: ChunkListRequest,
): ChunkList {
  const wanted = [
    ...[...chunks].map((chunk) => loadedStatus(chunk, chunk === sealing, fileOf(chunk))),
    ...left.map(leftStatus),
  ].filter((one) =>
    (kinds === null || kinds.includes(one.kind)) && (state === null || one.state === state)
  ).sort((a, b) => b.number - a.number);
  const rest = before === null ? wanted : wanted.filter(({ number }) => number < before);
  const page = rest.slice(0, limit);
  return {
    matching: wanted.length,
    chunks: page,
    nextBefore: rest.length > page.length ? page.at(-1)?.number ?? null : null,
  };
}

function loadedStatus(chunk: Chunk, isSealing: boolean, file: ChunkStatus["file"]): ChunkStatus {
  const { number, signal, state, rows, bytes, receivedBytes, minTsUs, maxTsUs } = chunk;
  return {
    ...spanOf(chunk),
    number,
    kind: signal,
    state: isSealing ? "sealing" : state,
    minTsUs: rows === 0 ? null : minTsUs,
    maxTsUs: rows === 0 ? null : maxTsUs,
    rows,
    bytes,
    bytesEstimated: state !== "sealed",
    receivedBytes,
    rolledUp: isRolledUp(signal) ? chunk.rolledUp : null,
    file,
  };
}

function leftStatus(file: ListedChunks["left"][number]): ChunkStatus {
  return {
    ...spanOf(file),
    number: file.number,
    kind: file.signal,
    state: "on_disk",
    minTsUs: null,
    maxTsUs: null,
    rows: null,
    bytes: 0,
    bytesEstimated: false,
    receivedBytes: null,
    rolledUp: null,
    file: { name: `chunks/${file.name}`, bytes: file.bytes },
  };
}

function spanOf({ signal, bucketUs }: ChunkId): Pick<ChunkStatus, "spanStartUs" | "spanEndUs"> {
  return { spanStartUs: bucketUs, spanEndUs: bucketUs + chunkSpanUs(signal) };
}

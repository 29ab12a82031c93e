import { tableFromIPC } from "apache-arrow";
import type { ChunkId } from "./chunk_catalog.ts";
import type { ChunkKind } from "./chunk_kind.ts";

/** A bit for each number that 16 bits can hold. */
const BITS = 65_536;

/** Whether rows of a kind refer to attribute keys by number. */
export function hasAttributeKeys(kind: ChunkKind): boolean {
  return kind === "spans" || kind === "logs" || kind === "events";
}

/**
 * Which attribute keys the rows of each chunk refer to by number, and which of the forgotten ones no row
 * refers to any more. 8 KiB a chunk. Sealed chunks have the keys themselves: they refer to none, but their files
 * do, which a start reads again.
 */
export class KeyUsage {
  readonly #used = new Map<ChunkId, Uint8Array>();
  readonly #forgotten = new Set<number>();

  /** Rows with these keys are in a chunk. */
  note(chunk: ChunkId, ids: Iterable<number>): void {
    let bits = this.#used.get(chunk);
    for (const id of ids) {
      if (bits === undefined) this.#used.set(chunk, bits = new Uint8Array(BITS / 8));
      bits[id >> 3]! |= 1 << (id & 7);
    }
  }

  uses(chunk: ChunkId, id: number): boolean {
    return isSet(this.#used.get(chunk), id);
  }

  /** Neither the chunk nor a file of it refers to any key. */
  drop(chunk: ChunkId): void {
    this.#used.delete(chunk);
  }

  /** No row to come refers to these. */
  forget(ids: Iterable<number>): void {
    for (const id of ids) this.#forgotten.add(id);
  }

  /** Those forgotten that no chunk refers to. They stay forgotten until they are `freed`. */
  unused(): number[] {
    if (this.#forgotten.size === 0) return [];
    const used = new Uint8Array(BITS / 8);
    for (const bits of this.#used.values()) {
      for (let i = 0; i < used.length; i++) used[i]! |= bits[i]!;
    }
    return [...this.#forgotten].filter((id) => !isSet(used, id));
  }

  freed(ids: Iterable<number>): void {
    for (const id of ids) this.#forgotten.delete(id);
  }
}

function isSet(bits: Uint8Array | undefined, id: number): boolean {
  return bits !== undefined && (bits[id >> 3]! & (1 << (id & 7))) !== 0;
}

/** Numbers without repetition. */
export function distinctIds(ids: Uint16Array): Uint16Array<ArrayBuffer> {
  const seen = new Uint8Array(BITS);
  const distinct: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (seen[id] === 1) continue;
    seen[id] = 1;
    distinct.push(id);
  }
  return Uint16Array.from(distinct);
}

/**
 * The keys that rows refer to in an Arrow IPC stream, as it stands in a chunk's file; all keys where it cannot be
 * read, since what the engine has taken of it is not known then.
 */
export function keyIdsOfFrame(ipc: Uint8Array): Iterable<number> {
  const ids = new Set<number>();
  try {
    for (const data of tableFromIPC(ipc).getChild("attr_keys")?.data ?? []) {
      const { values } = data.children[0] ?? {};
      if (values instanceof Uint16Array) { for (const id of distinctIds(values)) ids.add(id); }
    }
    return ids;
  } catch {
    return Array.from({ length: BITS }, (_, id) => id);
  }
}

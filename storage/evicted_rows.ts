import type { StoreStats } from "../mod/ports.ts";
import type { ChunkKind } from "./chunk_kind.ts";

export type EvictionReason = StoreStats["evicted"][number]["reason"];

/** Counts rows that were given up, by what they were and why. */
export class EvictedRows {
  readonly #rows = new Map<ChunkKind, Map<EvictionReason, number>>();

  add(kind: ChunkKind, reason: EvictionReason, rows: number): void {
    if (rows <= 0) return;
    const reasons = this.#rows.get(kind) ?? new Map<EvictionReason, number>();
    this.#rows.set(kind, reasons.set(reason, (reasons.get(reason) ?? 0) + rows));
  }

  list(): StoreStats["evicted"] {
    return [...this.#rows].flatMap(([signal, reasons]) =>
      [...reasons].map(([reason, rows]) => ({ signal, reason, rows }))
    );
  }
}

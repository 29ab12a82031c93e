import assert from "node:assert/strict";
import { type Chunk, ChunkCatalog, chunkLimits } from "../../../storage/chunk_catalog.ts";
import { MIB } from "../../support/store_fixture.ts";

/** An open chunk of spans with these rows and bytes. */
function filled(catalog: ChunkCatalog, rows: number, bytes: number): Chunk {
  return Object.assign(catalog.create("spans", 0, 0), { rows, bytes });
}

Deno.test("chunkLimits: chunks are smaller where the budget is, down to a floor", () => {
  const [full, quarter, least] = [1024, 256, 32].map((mib) => chunkLimits(mib * MIB));
  assert.equal(full?.rows.spans, 250_000);
  assert.equal(chunkLimits(3 * 1024 * MIB).rows.spans, 250_000);
  assert.equal(quarter?.rows.spans, 62_500);
  assert.equal(least?.rows.spans, 7_812);
  assert.equal(least?.rows.histogram_rollups_1h, 5_000);
  assert.deepEqual([full?.bytes, least?.bytes], [128 * MIB, 4 * MIB]);
});

Deno.test("ChunkCatalog.closeDue: closes what has many rows, or large ones, within its hour", () => {
  const catalog = new ChunkCatalog(chunkLimits(64 * MIB));
  const many = filled(catalog, 15_625, MIB);
  const large = filled(catalog, 900, 8 * MIB);
  const room = filled(catalog, 15_624, 7 * MIB);
  assert.deepEqual(catalog.closeDue(1), [many, large]);
  assert.deepEqual([many, large, room].map(({ state }) => state), ["closed", "closed", "open"]);
});

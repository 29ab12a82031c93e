import assert from "node:assert/strict";
import { locateDuckDbAssets, slimmedModule, stockFiles } from "../../../storage/duckdb_assets.ts";

/** What the slimmed module of the pinned engine may weigh. */
const MAX_BYTES = 28_000_000;

Deno.test("locateDuckDbAssets: from source, names a slimmed module", async () => {
  const { wasmPath } = await locateDuckDbAssets();
  assert.notEqual(wasmPath, stockFiles().wasmPath);
  assert.ok((await Deno.stat(wasmPath)).size < MAX_BYTES);
});

Deno.test("slimmedModule: starts that come together all get the one whole file", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const stock = stockFiles();
    const paths = await Promise.all([1, 2, 3].map(() => slimmedModule(stock, `${dir}/cache/`)));
    assert.equal(new Set(paths).size, 1);
    const files = [...Deno.readDirSync(`${dir}/cache`)].map((e) => e.name);
    assert.equal(files.length, 1);
    const before = await Deno.stat(paths[0] ?? "");
    assert.equal(await slimmedModule(stock, `${dir}/cache/`), paths[0]);
    assert.deepEqual((await Deno.stat(paths[0] ?? "")).mtime, before.mtime);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("slimmedModule: without a folder to write it names the stock module", async () => {
  const file = await Deno.makeTempFile();
  try {
    // Below a file, no folder can be made; unlike a read-only one, this stops root as well.
    const stock = stockFiles();
    assert.equal(await slimmedModule(stock, `${file}/cache/`), stock.wasmPath);
  } finally {
    await Deno.remove(file);
  }
});

import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { assetUrl, DUCKDB_WASM, runsFromSource } from "../mod/assets.ts";
import { slimWasm } from "./slim_wasm.ts";

/** The files that the database engine is started from. */
export interface DuckDbAssets {
  /** Absolute path of the WebAssembly module, its exports slimmed unless they could not be cached. */
  wasmPath: string;
}

/** Change with the rule of slim_wasm.ts, so that files cached under the old one are not used. */
const SLIM_RULE = "1";

/** The stock module and its glue as they lie in the npm package. */
interface StockFiles {
  wasmPath: string;
  gluePath: string;
}

/**
 * Finds the files of the database engine. In the executable they are embedded. From source the slimmed module
 * is made in the project's `.cache` folder on first use; where that folder cannot be written, the stock module
 * is used, which starts slower and takes more memory but answers the same.
 *
 * @throws {Deno.errors.NotFound} when the npm package is not installed
 * @throws {import("./slim_wasm.ts").WasmFormatError} when the package's module is damaged
 */
export async function locateDuckDbAssets(): Promise<DuckDbAssets> {
  if (!runsFromSource()) return { wasmPath: fileURLToPath(assetUrl(DUCKDB_WASM)) };
  const cacheDir = fileURLToPath(new URL("../.cache/", import.meta.url));
  return { wasmPath: await slimmedModule(stockFiles(), cacheDir) };
}

/**
 * The path of the slimmed module in `cacheDir`, made there when it is not yet. Made beside its place and then
 * renamed, so that processes which start together never see half a file. The path of the stock module when
 * `cacheDir` cannot be written.
 */
export async function slimmedModule(stock: StockFiles, cacheDir: string): Promise<string> {
  const glue = await Deno.readFile(stock.gluePath);
  const info = await Deno.stat(stock.wasmPath);
  // Size and time stand for the module's content: reading 34 MB at each start would cost what slimming saves.
  const key = createHash("sha256")
    .update(`${SLIM_RULE} ${info.size} ${info.mtime?.getTime() ?? 0} `).update(glue)
    .digest("hex").slice(0, 16);
  const path = `${cacheDir}duckdb-${key}.wasm`;
  if (await isFile(path)) return path;
  const slim = slimWasm(await Deno.readFile(stock.wasmPath), new TextDecoder().decode(glue));
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(cacheDir, { recursive: true });
    await Deno.writeFile(temporary, slim.bytes, { createNew: true });
    await Deno.rename(temporary, path);
    return path;
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    await removeIfThere(temporary);
    return stock.wasmPath;
  }
}

/** Where the npm package keeps the stock module and its glue; source runs only. */
export function stockFiles(): StockFiles {
  const require = createRequire(import.meta.url);
  return {
    wasmPath: require.resolve("@duckdb/duckdb-wasm/dist/duckdb-eh.wasm"),
    gluePath: require.resolve("@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs"),
  };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || isUnwritable(error)) return false;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !isUnwritable(error)) throw error;
  }
}

/** Read-only, forbidden, full, or below a file: reasons to do without the cache. */
function isUnwritable(error: unknown): boolean {
  if (error instanceof Deno.errors.PermissionDenied) return true;
  if (error instanceof Deno.errors.NotCapable) return true;
  if (!(error instanceof Error) || !("code" in error)) return false;
  return ["EROFS", "ENOSPC", "EDQUOT", "EACCES", "EPERM", "ENOTDIR"].includes(String(error.code));
}

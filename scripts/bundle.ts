import { BROWSER_LIBRARIES, DUCKDB_WASM, STORE_WORKER } from "../mod/assets.ts";
import { slimmedModule, stockFiles } from "../storage/duckdb_assets.ts";
import { filesBelow, PROJECT_DIR, runDeno } from "./project.ts";

/** The entry module's name in the bundle folder. */
export const MAIN = "main.js";

/**
 * Writes the bundle folder, whose layout stands in mod/assets.ts, in place of what was there.
 *
 * @returns the paths of its files, relative to it, sorted
 * @throws {Error} with the bundler's words when it fails
 */
export async function writeBundle(folder: string): Promise<string[]> {
  await removeFolder(folder);
  await Deno.mkdir(`${folder}/ui/vendor`, { recursive: true });
  await bundle("main.ts", `${folder}/${MAIN}`);
  await bundle("storage/worker.ts", `${folder}/${STORE_WORKER}`);
  const wasm = await slimmedModule(stockFiles(), `${PROJECT_DIR}.cache/`);
  await Deno.copyFile(wasm, `${folder}/${DUCKDB_WASM}`);
  const copied = [MAIN, STORE_WORKER, DUCKDB_WASM];
  for (const source of await filesBelow("web/ui")) {
    const name = source.slice("web/".length);
    await copy(source, folder, name);
    copied.push(name);
  }
  for (const [name, source] of Object.entries(BROWSER_LIBRARIES)) {
    await copy(source, folder, name);
    copied.push(name);
  }
  return copied.sort();
}

async function bundle(entry: string, output: string): Promise<void> {
  const result = await runDeno(["bundle", "--platform", "deno", "--output", output, entry]);
  if (result.code !== 0) throw new Error(`bundling ${entry} failed:\n${result.stderr}`);
}

async function copy(source: string, folder: string, name: string): Promise<void> {
  const target = `${folder}/${name}`;
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  await Deno.copyFile(`${PROJECT_DIR}${source}`, target);
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

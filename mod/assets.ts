/**
 * Where the files that travel with the code lie: the store worker, the database module, the browser page.
 *
 * Files are named by their path in the bundle folder, which `scripts/compile.ts` writes:
 *
 * ```
 * main.js           main.ts and all it imports
 * store_worker.js   storage/worker.ts and all it imports
 * duckdb.wasm.bin   the slimmed database module (not `.wasm`: `deno compile` would parse it as code)
 * ui/               web/ui as it is
 * ui/vendor/        the browser libraries of BROWSER_LIBRARIES
 * ```
 *
 * Run from source, the same names resolve into the source tree.
 */

/** Browser libraries that the page loads: name in the bundle folder -> file in the project folder. */
export const BROWSER_LIBRARIES: Readonly<Record<string, string>> = {
  "ui/vendor/uplot.js": "node_modules/uplot/dist/uPlot.esm.js",
  "ui/vendor/uplot.css": "node_modules/uplot/dist/uPlot.min.css",
};

/** The name of the store worker's module. */
export const STORE_WORKER = "store_worker.js";

/** The name of the slimmed database module; it exists in the bundle folder only. */
export const DUCKDB_WASM = "duckdb.wasm.bin";

const STORE_WORKER_SOURCE = "storage/worker.ts";
const UI = "ui/";
const UI_SOURCE = "web/ui/";

/** Whether this code runs from its source tree; false in the executable. */
export function runsFromSource(moduleUrl: string = import.meta.url): boolean {
  return moduleUrl.endsWith("/mod/assets.ts");
}

/**
 * The URL of a file that travels with the code.
 *
 * @param name path in the bundle folder, `/` between its parts, none of them `..`
 * @throws {TypeError} when the name leaves the folder, or when there is no such file in the source tree's layout
 */
export function assetUrl(name: string, moduleUrl: string = import.meta.url): URL {
  if (name.startsWith("/") || name.split("/").includes("..") || /[\\?#%]/.test(name)) {
    throw new TypeError(`not the name of an asset: ${name}`);
  }
  if (!runsFromSource(moduleUrl)) return new URL(`./${name}`, moduleUrl);
  return new URL(`../${sourcePath(name)}`, moduleUrl);
}

function sourcePath(name: string): string {
  const library = BROWSER_LIBRARIES[name];
  if (library !== undefined) return library;
  if (name === STORE_WORKER) return STORE_WORKER_SOURCE;
  if (name.startsWith(UI)) return UI_SOURCE + name.slice(UI.length);
  throw new TypeError(`no such asset in the source tree: ${name}`);
}

// deno-lint-ignore-file no-console -- a command: it talks to the terminal
/**
 * `deno task compile [--target T] [--kind auto|compiled|self-extracting]`: writes the single executable
 * dist/horizon (dist/horizon-T for another target).
 *
 * `auto` is `deno compile`, or the self-extracting form where the denort runtime cannot be had; it says which.
 * Exit code 1 when nothing could be written, 2 on bad usage.
 */
import { parseArgs } from "node:util";
import { DUCKDB_WASM, STORE_WORKER } from "../mod/assets.ts";
import { MAIN, writeBundle } from "./bundle.ts";
import { PROJECT_DIR, runDeno, UNSTABLE_FLAGS } from "./project.ts";
import { writeSelfExtracting } from "./self_extracting.ts";
import { sourceHash } from "./source_hash.ts";

const DIST = `${PROJECT_DIR}dist`;

/** The executable for this machine. */
export const EXECUTABLE = `${DIST}/horizon`;

/** Names the sources that {@link EXECUTABLE} was made from. */
const HASH_FILE = `${DIST}/horizon.sources`;

/** A compile that waits for a download longer than this has no network worth the name. */
const COMPILE_DEADLINE_MS = 300_000;

/** What to write. */
export interface CompileOptions {
  /** A target triple of `deno compile`; this machine's when left out. */
  target?: string;
  kind: "auto" | "compiled" | "self-extracting";
}

/** What was written. */
export interface Compiled {
  path: string;
  kind: "compiled" | "self-extracting";
  bytes: number;
}

/**
 * Writes the executable.
 *
 * @param say told, in a sentence, when the kind is not the one that `auto` prefers
 * @throws {Error} when it cannot be written in the wanted kind
 */
export async function compile(
  options: CompileOptions,
  say: (sentence: string) => void,
): Promise<Compiled> {
  const native = options.target === undefined || options.target === Deno.build.target;
  const path = native ? EXECUTABLE : `${EXECUTABLE}-${options.target}`;
  if (!native && options.kind === "self-extracting") {
    throw new Error("the self-extracting form carries this machine's Deno: no other target");
  }
  const hash = await sourceHash();
  const bundleDir = `${DIST}/bundle`;
  const files = await writeBundle(bundleDir);
  const kind = await writeExecutable(options, native, bundleDir, files, path, say);
  if (native) await Deno.writeTextFile(HASH_FILE, hash);
  return { path, kind, bytes: (await Deno.stat(path)).size };
}

/**
 * The path of the executable for this machine, written anew only when its sources changed; without downloading
 * a runtime, since tests may not need that.
 */
export async function ensureExecutable(): Promise<string> {
  if (await textOf(HASH_FILE) === await sourceHash() && await textOf(EXECUTABLE, 1) !== null) {
    return EXECUTABLE;
  }
  const kind = await denortIsHere() ? "compiled" : "self-extracting";
  return (await compile({ kind }, () => {})).path;
}

/** Whether `deno compile` finds its runtime without the network. */
async function denortIsHere(): Promise<boolean> {
  if (Deno.env.has("DENORT_BIN")) return true;
  const { stdout } = await runDeno(["info", "--json"]);
  const info: unknown = JSON.parse(stdout);
  if (typeof info !== "object" || info === null || !("denoDir" in info)) return false;
  const file = `v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
  return await textOf(`${info.denoDir}/dl/release/${file}`, 1) !== null;
}

async function writeExecutable(
  options: CompileOptions,
  native: boolean,
  bundleDir: string,
  files: readonly string[],
  path: string,
  say: (sentence: string) => void,
): Promise<Compiled["kind"]> {
  if (options.kind !== "self-extracting") {
    const failure = await denoCompile(options.target, bundleDir, path);
    if (failure === null) return "compiled";
    if (!failure.includes("Setting up base binary")) {
      throw new Error(`deno compile failed:\n${failure}`);
    }
    if (options.kind === "compiled" || !native) {
      throw new Error(
        `the denort runtime cannot be downloaded, and DENORT_BIN names none:\n${failure}`,
      );
    }
    say("The denort runtime cannot be had here: writing the self-extracting single file instead.");
  }
  await writeSelfExtracting(bundleDir, files, path);
  return "self-extracting";
}

/** Null when `deno compile` wrote the file, else what it said. */
async function denoCompile(
  target: string | undefined,
  bundleDir: string,
  path: string,
): Promise<string | null> {
  // `deno compile` does not replace a file that it did not write, such as a self-extracting executable.
  const temporary = `${path}.${crypto.randomUUID()}`;
  const included = [STORE_WORKER, DUCKDB_WASM, "ui"];
  const args = [
    "compile",
    "--allow-all",
    "--no-prompt",
    "--no-check",
    "--no-config",
    "--no-lock",
    "--no-npm",
    ...UNSTABLE_FLAGS,
    ...included.flatMap((name) => ["--include", name]),
    ...(target === undefined ? [] : ["--target", target]),
    "--output",
    temporary,
    MAIN,
  ];
  const signal = AbortSignal.timeout(COMPILE_DEADLINE_MS);
  const result = await runDeno(args, { cwd: bundleDir, signal });
  if (result.code !== 0) return result.stderr;
  await Deno.rename(temporary, path);
  return null;
}

/** A file's text (of up to `limit` bytes); null when there is no such file. */
async function textOf(path: string, limit = 1024): Promise<string | null> {
  try {
    using file = await Deno.open(path);
    const buffer = new Uint8Array(limit);
    const length = await file.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, length));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Reads the command line; a sentence when it is not understood. */
export function parseCompileArgs(args: string[]): CompileOptions | string {
  const options = {
    target: { type: "string" },
    kind: { type: "string", default: "auto" },
  } as const;
  try {
    const { values } = parseArgs({ args, options });
    const { kind, target } = values;
    if (kind !== "auto" && kind !== "compiled" && kind !== "self-extracting") {
      return `--kind is auto, compiled or self-extracting, not ${kind}`;
    }
    return target === undefined ? { kind } : { kind, target };
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

async function main(): Promise<number> {
  const options = parseCompileArgs(Deno.args);
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  try {
    const written = await compile(options, (sentence) => console.error(sentence));
    const megabytes = (written.bytes / 1e6).toFixed(1);
    console.log(`${written.path}: ${written.kind}, ${megabytes} MB`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());

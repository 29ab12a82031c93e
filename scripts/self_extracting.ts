import { createHash } from "node:crypto";
import { constants, gzipSync } from "node:zlib";
import { VERSION } from "../mod/version.ts";
import { MAIN } from "./bundle.ts";
import { LAST_FILE, launcherScript, PROLOGUE, RUNTIME } from "./launcher.ts";
import { tarArchive, type TarEntry } from "../mod/archive/tar_archive.ts";

/**
 * Writes the self-extracting executable: the launcher script, then the archive of the Deno that runs this and
 * of the bundle folder. The same input gives the same bytes.
 *
 * @param bundleDir the folder that `writeBundle` wrote
 * @param files its files
 * @param output where to write; replaced at once, never half written
 */
export async function writeSelfExtracting(
  bundleDir: string,
  files: readonly string[],
  output: string,
): Promise<void> {
  const entries: TarEntry[] = [
    { path: RUNTIME, content: await Deno.readFile(Deno.execPath()), executable: true },
  ];
  for (const path of files) {
    const content = await Deno.readFile(`${bundleDir}/${path}`);
    entries.push({
      path,
      content: path === MAIN ? withPrologue(content) : content,
      executable: false,
    });
  }
  entries.push({ path: LAST_FILE, content: new Uint8Array(), executable: false });
  const archive = tarArchive(entries);
  const compressed = gzipSync(archive, { level: constants.Z_BEST_COMPRESSION });
  const id = createHash("sha256").update(archive).digest("hex").slice(0, 32);
  const launcher = launcherScript({ version: VERSION, id, files: entries.map((e) => e.path) });

  const temporary = `${output}.${crypto.randomUUID()}`;
  await Deno.writeFile(temporary, launcher, { mode: 0o755, createNew: true });
  await Deno.writeFile(temporary, compressed, { append: true });
  await Deno.rename(temporary, output);
}

function withPrologue(main: Uint8Array): Uint8Array {
  const prologue = new TextEncoder().encode(PROLOGUE);
  const whole = new Uint8Array(prologue.length + main.length);
  whole.set(prologue);
  whole.set(main, prologue.length);
  return whole;
}

import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isMissing, seeFile, type SeenFile } from "./file_identity.ts";
import { isCompressed } from "./find_files.ts";

/** Files of one folder that are looked at for one log; the newest count. */
const MAX_KIN = 64;
/** Names of a folder that are looked through. */
const MAX_NAMES = 10_000;

/**
 * Files beside a log that may be what it was before it was rotated: their names begin with its own
 * (`app.log.1`, `app.log-20261125`), and they are not compressed. The newest first.
 */
export async function kinOf(path: string): Promise<SeenFile[]> {
  const folder = dirname(path);
  const name = path.slice(folder.length).replace(/^\//, "");
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const kin: SeenFile[] = [];
  for (const other of names.slice(0, MAX_NAMES)) {
    if (!other.startsWith(name) || !/^[.-]./.test(other.slice(name.length))) continue;
    if (isCompressed(other)) continue;
    const seen = await seeFile(folder === "/" ? `/${other}` : `${folder}/${other}`);
    if (seen !== null) kin.push(seen);
  }
  return kin.sort((a, b) => b.modifiedMs - a.modifiedMs).slice(0, MAX_KIN);
}

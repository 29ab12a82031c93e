import { crc32 } from "node:zlib";
import { HorizonError } from "../mod/errors.ts";

/**
 * The layout of a data directory has a version, which stands in `horizon.json` with a checksum of
 * its own: a damaged version must neither pass for a newer one, which is refused, nor prevent a
 * start. Old directories are brought up to date one version at a time.
 */
export const LAYOUT_VERSION = 2;
/** What a directory without a version that can be trusted counts as. */
const FIRST_VERSION = 1;
const VERSION_FILE = "horizon.json";

/**
 * A step from one version to the next. It may be run again on a directory where it stopped half
 * way, or that is of a newer layout but lost its version: it leaves alone what it has done already.
 */
export interface LayoutUpgrade {
  readonly from: number;
  readonly run: (path: string) => void;
}

/** In order, one for each version but the last. */
export const LAYOUT_UPGRADES: readonly LayoutUpgrade[] = [
  // Version 2 is version 1 with a checksum in the version file, which is written after each step.
  { from: 1, run: () => {} },
];

/**
 * The version of the directory; null when there is none yet.
 * @throws HorizonError `invalid_argument` when a newer Horizon wrote it
 */
export function layoutVersion(path: string, newest = LAYOUT_VERSION): number | null {
  const text = readIfThere(`${path}/${VERSION_FILE}`);
  if (text === null) return null;
  const [, digits, sum] =
    /^\{"schema_version":\s*(\d{1,6}),\s*"crc32":\s*"([0-9a-f]{8})"\}\s*$/.exec(text) ?? [];
  if (digits === undefined || sum !== checksum(Number(digits))) return FIRST_VERSION;
  const version = Number(digits);
  if (version <= newest) return version;
  throw new HorizonError(
    "invalid_argument",
    `the data directory ${path} was written by a newer Horizon (layout ${version}, this ` +
      `one knows ${newest}); run that version, or name another --data-dir`,
    { path },
  );
}

/** Brings the directory to the newest layout. @throws what a step throws; it then starts there again */
export function upgradeLayout(
  path: string,
  upgrades: readonly LayoutUpgrade[] = LAYOUT_UPGRADES,
): void {
  const newest = FIRST_VERSION + upgrades.length;
  const found = layoutVersion(path, newest);
  if (found === newest) return;
  for (const { from, run } of upgrades) {
    if (found === null || from < found) continue;
    run(path);
    writeVersion(path, from + 1);
  }
  if (found === null) writeVersion(path, newest);
}

function writeVersion(path: string, version: number): void {
  const fresh = `${path}/${VERSION_FILE}.new`;
  Deno.writeTextFileSync(
    fresh,
    `{"schema_version": ${version}, "crc32": "${checksum(version)}"}\n`,
  );
  const file = Deno.openSync(fresh, { write: true });
  file.syncSync();
  file.close();
  Deno.renameSync(fresh, `${path}/${VERSION_FILE}`);
}

function checksum(version: number): string {
  return crc32(`schema_version=${version}`).toString(16).padStart(8, "0");
}

function readIfThere(path: string): string | null {
  try {
    return new TextDecoder().decode(Deno.readFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

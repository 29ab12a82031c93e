import { readdir } from "node:fs/promises";
import type { Dirent } from "node:fs";
import type { PathPattern } from "../../mod/logs/path_pattern.ts";

/** Folders looked into in one search; what is in others is not found, and counted. */
const MAX_FOLDERS = 4_096;
/** Folders below each other that `**` goes through. */
const MAX_DEPTH = 16;

/** Compressed files hold nothing that was not read before they were. */
const COMPRESSED = /\.(?:gz|bz2|xz|zst|lz4|zip)$/;

export const isCompressed = (path: string): boolean => COMPRESSED.test(path);

export interface FoundFiles {
  /** Paths of what is no folder, in order, without compressed files. */
  readonly paths: readonly string[];
  /** Folders that could not be read, with why, at most a few. */
  readonly problems: readonly string[];
  /** True when there were more folders than are looked into. */
  readonly cut: boolean;
}

const MAX_PROBLEMS = 8;

/** All files that a pattern matches and none of `exclude` does. */
export async function findFiles(
  patterns: readonly PathPattern[],
  exclude: readonly PathPattern[],
): Promise<FoundFiles> {
  const paths = new Set<string>();
  const problems: string[] = [];
  let folders = 0;
  const visit = async (folder: string, parts: PathPattern["parts"], depth: number) => {
    const [part, ...rest] = parts;
    if (part === undefined || ++folders > MAX_FOLDERS || depth > MAX_DEPTH) return;
    if (part === null) await visit(folder, rest, depth);
    for (const entry of await entriesOf(folder, problems)) {
      const path = folder === "/" ? `/${entry.name}` : `${folder}/${entry.name}`;
      const folderLike = entry.isDirectory() || entry.isSymbolicLink();
      if (part === null) {
        // Links are not followed down a tree: it may lead back into itself.
        if (entry.isDirectory() && !entry.name.startsWith(".")) await visit(path, parts, depth + 1);
      } else if (part.test(entry.name)) {
        if (rest.length > 0) { if (folderLike) await visit(path, rest, depth + 1); }
        else if (!entry.isDirectory() && !isCompressed(path)) paths.add(path);
      }
    }
  };
  for (const { folder, parts } of patterns) await visit(folder, parts, 0);
  return {
    paths: [...paths].filter((path) => !exclude.some((one) => one.matches(path))).sort(),
    problems,
    cut: folders > MAX_FOLDERS,
  };
}

async function entriesOf(folder: string, problems: string[]): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    // A folder that is not there yet is normal.
    const normal = code === "ENOENT" || code === "ENOTDIR";
    if (!normal && problems.length < MAX_PROBLEMS) {
      problems.push(`cannot read the folder ${folder}: ${String(code ?? error)}`);
    }
    return [];
  }
}

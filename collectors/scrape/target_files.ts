import type { DiscoveryProblem, TargetDiscovery } from "./target_discovery.ts";
import { readTargetFile, type TargetGroup } from "../../mod/prometheus/target_file.ts";

const MAX_FILE_BYTES = 4 * 1_048_576;

/** Groups of one file, and what it looked like when they were read. */
interface Known {
  readonly stamp: string;
  readonly groups: readonly TargetGroup[];
}

/**
 * Files of targets, read again when they change. A file that cannot be read keeps the targets
 * that it had: a mistake in it must not end what is watched.
 */
export class TargetFiles implements TargetDiscovery {
  readonly #files: readonly string[];
  readonly #known = new Map<string, Known>();

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  async refresh(): Promise<{ changed: boolean; problems: readonly DiscoveryProblem[] }> {
    let changed = false;
    const problems: DiscoveryProblem[] = [];
    for (const file of this.#files) {
      const before = this.#known.get(file);
      const stamp = await stampOf(file);
      if (before?.stamp === stamp) continue;
      try {
        const groups = await readGroups(file);
        this.#known.set(file, { stamp, groups });
        changed = true;
      } catch (error) {
        this.#known.set(file, { stamp, groups: before?.groups ?? [] });
        problems.push({
          where: file,
          message: error instanceof Error ? error.message : String(error),
        });
      }
    }
    return { changed, problems };
  }

  /** The groups of all files, each with the label that names its file. */
  groups(): TargetGroup[] {
    return [...this.#known].flatMap(([file, { groups }]) =>
      groups.map(({ targets, labels }) => ({
        targets,
        labels: new Map([["__meta_filepath", file], ...labels]),
      }))
    );
  }
}

/** Changes when the file does: renamed, written or gone. */
async function stampOf(file: string): Promise<string> {
  try {
    const { ino, size, mtime } = await Deno.stat(file);
    return `${ino} ${size} ${mtime?.getTime()}`;
  } catch (error) {
    return String(error);
  }
}

async function readGroups(file: string): Promise<TargetGroup[]> {
  const { size } = await Deno.stat(file);
  if (size > MAX_FILE_BYTES) throw new Error(`is larger than ${MAX_FILE_BYTES} bytes`);
  return readTargetFile(await Deno.readTextFile(file));
}

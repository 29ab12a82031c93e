import { join } from "node:path/posix";

/** A small file of /proc or /sys is never longer; one that is, is cut and noted as such. */
const MAX_FILE_BYTES = 1 << 20;
const FIRST_BUFFER_BYTES = 16 << 10;

/**
 * Reads small files under a root such as `/proc`, and keeps a list of those that could not be
 * read. A file that is missing is normal: old kernels and containers lack some.
 */
export class HostFiles {
  readonly #root: string;
  readonly #decoder = new TextDecoder();
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  readonly #problems = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Files that the last attempt could not read, with the reason. */
  get unavailable(): readonly string[] {
    return [...this.#problems].map(([path, reason]) => `${path}: ${reason}`);
  }

  /** The text of a file; null, and noted, when it cannot be read. */
  text(path: string): string | null {
    const bytes = this.bytes(path);
    return bytes === null ? null : this.#decoder.decode(bytes);
  }

  /** The same of a file that may well be missing: that is not noted. */
  quietText(path: string): string | null {
    const text = this.text(path);
    this.#problems.delete(path);
    return text;
  }

  /** The bytes of a file, in a buffer that the next read uses again; null as `text` gives it. */
  bytes(path: string): Uint8Array | null {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(join(this.#root, path));
    } catch (error) {
      this.#note(path, error);
      return null;
    }
    try {
      const bytes = this.#readAll(file);
      if (bytes.length === MAX_FILE_BYTES) this.#problems.set(path, "cut, too long");
      else this.#problems.delete(path);
      return bytes;
    } catch (error) {
      this.#note(path, error);
      return null;
    } finally {
      file.close();
    }
  }

  /** The names in a folder; null, and noted, when it cannot be listed. */
  names(path: string): string[] | null {
    try {
      const names = [...Deno.readDirSync(join(this.#root, path))].map(({ name }) => name);
      this.#problems.delete(path);
      return names;
    } catch (error) {
      this.#note(path, error);
      return null;
    }
  }

  // Files of /proc answer a page at a time, and their size is 0: read until nothing comes.
  #readAll(file: Deno.FsFile): Uint8Array {
    let used = 0;
    for (;;) {
      if (used === this.#buffer.length) {
        if (used >= MAX_FILE_BYTES) break;
        const larger = new Uint8Array(used * 2);
        larger.set(this.#buffer);
        this.#buffer = larger;
      }
      const read = file.readSync(this.#buffer.subarray(used));
      if (read === null || read === 0) break;
      used += read;
    }
    return this.#buffer.subarray(0, used);
  }

  #note(path: string, error: unknown): void {
    this.#problems.set(path, fileProblem(error));
  }
}

/** Why a file could not be read, in words that do not change from one attempt to the next. */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "not there";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}

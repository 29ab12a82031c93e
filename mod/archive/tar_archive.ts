/** A regular file of an archive. */
export interface TarEntry {
  /** Relative path, `/` between its parts, ASCII, at most 100 characters. */
  path: string;
  content: Uint8Array;
  executable: boolean;
}

const BLOCK = 512;
const MAX_PATH = 100;

/**
 * Writes a POSIX ustar archive of regular files. The same entries give the same bytes: no times, no owners.
 * Folders are not written; `tar` makes those that the paths name.
 *
 * @throws {RangeError} when a path is too long or not ASCII
 */
export function tarArchive(entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> {
  const padded = (length: number): number => Math.ceil(length / BLOCK) * BLOCK;
  const total = entries.reduce((sum, e) => sum + BLOCK + padded(e.content.length), 2 * BLOCK);
  const archive = new Uint8Array(total);
  let at = 0;
  for (const entry of entries) {
    archive.set(header(entry), at);
    archive.set(entry.content, at + BLOCK);
    at += BLOCK + padded(entry.content.length);
  }
  return archive;
}

function header(entry: TarEntry): Uint8Array {
  // deno-lint-ignore no-control-regex -- the range is ASCII as a whole
  if (entry.path.length > MAX_PATH || !/^[\x01-\x7f]+$/.test(entry.path)) {
    throw new RangeError(`cannot be archived: ${entry.path}`);
  }
  const block = new Uint8Array(BLOCK);
  const put = (offset: number, text: string): void => {
    block.set(new TextEncoder().encode(text), offset);
  };
  const octal = (value: number, width: number): string => value.toString(8).padStart(width, "0");
  put(0, entry.path);
  put(100, octal(entry.executable ? 0o755 : 0o644, 7));
  put(108, octal(0, 7)); // owner
  put(116, octal(0, 7)); // group
  put(124, octal(entry.content.length, 11));
  put(136, octal(0, 11)); // time
  put(148, " ".repeat(8)); // the checksum counts as blanks in its own sum
  put(156, "0"); // regular file
  put(257, "ustar\0" + "00");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, octal(sum, 6) + "\0 ");
  return block;
}

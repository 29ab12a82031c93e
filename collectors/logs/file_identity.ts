import { type FileHandle, open, stat } from "node:fs/promises";
import { constants } from "node:fs";

/** First bytes of a file that are kept to know it, or a copy of it, again. */
export const HEAD_BYTES = 128;
/** Bytes before the place where reading goes on, which must still be there. */
export const PROBE_BYTES = 64;
/** With fewer first bytes than this a file is not taken for a copy of another. */
export const LEAST_HEAD_BYTES = 16;

/** A file as its folder shows it. */
export interface SeenFile {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly modifiedMs: number;
}

export const identityOf = ({ dev, ino }: Pick<SeenFile, "dev" | "ino">): string => `${dev}:${ino}`;

/** What a path leads to, links followed; null when it is gone, or is no regular file. */
export async function seeFile(path: string): Promise<SeenFile | null> {
  try {
    const { dev, ino, size, mtimeMs, isFile } = await statOf(path);
    return isFile ? { path, dev, ino, size, modifiedMs: mtimeMs } : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function statOf(path: string) {
  const found = await stat(path);
  const { dev, ino, size, mtimeMs } = found;
  return { dev, ino, size, mtimeMs, isFile: found.isFile() };
}

/** Opens a regular file for reading. What is no regular file any more does not block: it throws. */
export async function openFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw new Error("it is no regular file");
}

/** Bytes [position, position + length), fewer at the end of the file. */
export async function readAt(
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === length ? bytes : bytes.subarray(0, filled);
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, i) => bytes[i] === byte);
}

export function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "ENOENT" || code === "ENOTDIR" || error instanceof Deno.errors.NotFound;
}

/** What mounting needs, or null when this process may mount. To be said in a test's name. */
export const CANNOT_MOUNT: string | null = Deno.build.os !== "linux"
  ? "needs Linux"
  : Deno.uid() !== 0
  ? "needs root, to mount a small file system"
  : mountable()
  ? null
  : "this machine lets nobody mount";

/** Runs `use` with a file system in memory of its own; `options` as mount takes them. */
export async function withSmallDisk(
  options: string,
  use: (path: string) => Promise<void> | void,
): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "horizon-disk-" });
  try {
    run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
    try {
      await use(path);
    } finally {
      // Lazily: a process that was killed may hold on for a moment.
      run("umount", "-l", path);
    }
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** Changes the options of what is mounted at `path`. */
export function remount(path: string, options: string): void {
  run("mount", "-o", `remount,${options}`, path);
}

/** Writes a file until there is no room left. */
export function fillUp(path: string): void {
  const file = Deno.openSync(path, { create: true, write: true });
  try {
    for (const size of [4096, 1]) {
      const block = new Uint8Array(size);
      try {
        for (;;) file.writeSync(block);
      } catch {
        // Full for blocks of this size.
      }
    }
  } finally {
    file.close();
  }
}

function mountable(): boolean {
  const path = Deno.makeTempDirSync({ prefix: "horizon-disk-" });
  try {
    run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path);
    run("umount", path);
    return true;
  } catch {
    return false;
  } finally {
    Deno.removeSync(path);
  }
}

function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}

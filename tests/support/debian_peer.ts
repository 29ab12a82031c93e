import { ChildOutput } from "./child_output.ts";

/** Where a program is; null when this machine does not have it. */
export function programPath(name: string): string | null {
  for (const folder of ["/usr/bin", "/usr/local/bin", "/bin"]) {
    try {
      if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** What a test says of itself when the program it needs is missing: it is ignored, by name. */
export function needing(program: string, name: string): { name: string; ignore: boolean } {
  const missing = programPath(program) === null;
  return {
    name: missing ? `${name} [skipped: ${program} is not installed]` : name,
    ignore: missing,
  };
}

/** Runs a program that is no part of Horizon, for as long as `use` takes. */
export async function withProgram(
  path: string,
  args: readonly string[],
  use: (output: ChildOutput) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(path, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const output = new ChildOutput(child.stderr);
  let ended = false;
  const end = child.status.then(() => ended = true);
  try {
    await use(output);
  } catch (error) {
    throw new Error(`${path} said:\n${output.text.slice(-4_000)}`, { cause: error });
  } finally {
    if (!ended) Deno.kill(child.pid, "SIGKILL");
    await Promise.all([end, output.done]);
  }
}

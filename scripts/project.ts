import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

/** The project's folder, absolute, ending in `/`. */
export const PROJECT_DIR: string = fileURLToPath(new URL("../", import.meta.url));

/** The unstable features of deno.json as flags, for programs that run where there is no deno.json. */
export const UNSTABLE_FLAGS: readonly string[] = config.unstable.map((name) =>
  `--unstable-${name}`
);

/** How a program ended, and what it wrote. */
export interface Finished {
  /** The exit code; 128 + n after signal n. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of {@link runDeno}. */
export interface RunOptions {
  /** Working folder; the project's unless given. */
  cwd?: string;
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Let the program write to this terminal instead of collecting what it writes. */
  show?: boolean;
  signal?: AbortSignal;
}

/** Runs the Deno that runs this with other arguments, to its end. */
export async function runDeno(args: string[], options: RunOptions = {}): Promise<Finished> {
  const output = options.show ? "inherit" : "piped";
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: options.cwd ?? PROJECT_DIR,
    env: { ...options.env, DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: output,
    stderr: output,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const result = await child.output();
  const decoder = new TextDecoder();
  return {
    code: result.code,
    stdout: options.show ? "" : decoder.decode(result.stdout),
    stderr: options.show ? "" : decoder.decode(result.stderr),
  };
}

/** The files below a folder, as sorted paths relative to the project, `/` between their parts; none when it is not there. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${PROJECT_DIR}${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) found.push(...await filesBelow(path));
      else if (entry.isFile) found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}

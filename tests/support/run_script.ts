import { fileURLToPath } from "node:url";
import { ChildOutput } from "./child_output.ts";

/** A script in a Deno of its own, which ends when its standard input does. */
export interface RunningScript {
  readonly pid: number;
  readonly out: ChildOutput;
  readonly errors: ChildOutput;
  /** Closes its standard input and waits for its end; its exit code. */
  end(): Promise<number>;
}

// Deno's own OpenTelemetry does not name the process; a shell that becomes the program can.
const NAMING_THE_PROCESS = 'export OTEL_RESOURCE_ATTRIBUTES="process.pid=$$"; exec "$@"';

/** Starts a script of `tests/fixtures/`. `env` is added to this process's environment. */
export function startScript(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningScript {
  const script = fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));
  const command = [Deno.execPath(), "run", "--quiet", "--allow-all", script, ...args];
  const child = new Deno.Command("sh", {
    args: ["-c", NAMING_THE_PROCESS, "sh", ...command],
    env: { ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, errors] = [new ChildOutput(child.stdout), new ChildOutput(child.stderr)];
  return {
    pid: child.pid,
    out,
    errors,
    end: async () => {
      await child.stdin.close();
      const { code } = await child.status;
      await Promise.all([out.done, errors.done]);
      return code;
    },
  };
}

import {
  NOT_EXECUTABLE_CODE,
  NOT_FOUND_CODE,
  type ProcessExit,
} from "../../mod/exec/process_exit.ts";

/** A program that could not be started. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";

  constructor(
    message: string,
    /** What a shell would end with. */
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A program that runs, as its parent sees it. */
export interface Child {
  readonly pid: number;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly exit: Promise<ProcessExit>;
  /** False when it has ended already. */
  kill(signal: Deno.Signal): boolean;
}

/**
 * Starts a program with this process's standard input.
 *
 * @throws StartFailure when it is not there, or may not be run
 */
export function startChild(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Child {
  const [program, ...args] = argv;
  const child = spawned(program, args, env);
  return {
    pid: child.pid,
    stdout: child.stdout,
    stderr: child.stderr,
    exit: child.status.then(({ code, signal }): ProcessExit =>
      signal === null
        ? { kind: "code", code }
        // The runtime adds 128 to the signal's number, as shells do.
        : { kind: "signal", signal, number: code - 128 }
    ),
    kill: (signal) => {
      try {
        child.kill(signal);
        return true;
      } catch (error) {
        // It ended between the wish and the call.
        if (error instanceof TypeError || error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    },
  };
}

function spawned(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...args],
      env: { ...env },
      stdin: "inherit",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new StartFailure(`${program}: there is no such program`, NOT_FOUND_CODE, {
        cause: error,
      });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartFailure(`${program} cannot be run: ${reason}`, NOT_EXECUTABLE_CODE, {
      cause: error,
    });
  }
}

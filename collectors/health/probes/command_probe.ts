import { type Finding, finding, MAX_OUTPUT_LENGTH } from "../../../mod/health/health_state.ts";
import { type Probe, simpleProbe } from "../probe.ts";

export interface CommandProbeOptions {
  /** Program and arguments; there is no shell. */
  readonly argv: readonly string[];
  readonly healthyCodes: readonly number[];
  readonly degradedCodes: readonly number[];
  /** This process's environment, of which the command sees the variables of `PASSED_ON`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Bytes of output kept; the rest is read and thrown away, so that the command does not block. */
const MAX_OUTPUT_BYTES = MAX_OUTPUT_LENGTH * 4;
/** How long output may still come when the command has ended. */
const GRACE_MS = 200;
/** What a program needs to find things. Tokens and the like in the environment stay here. */
const PASSED_ON = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/**
 * Runs a program. It leads a process group of its own, which is killed as a whole when its time
 * is up and when it has ended: what it started does not outlive the look.
 */
export function commandProbe(options: CommandProbeOptions): Probe {
  const [program = "", ...args] = options.argv;
  const env = Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = options.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return simpleProbe(async (signal) => {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args,
        env,
        clearEnv: true,
        detached: true,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return finding("unknown", `${program} could not be started: ${message}`);
    }
    const kill = (): void => killGroup(child.pid);
    signal.addEventListener("abort", kill);
    const outputs = [new OutputHead(child.stdout), new OutputHead(child.stderr)];
    const status = await child.status;
    // Descendants that still hold the pipes open would keep their readers waiting.
    kill();
    signal.removeEventListener("abort", kill);
    await Promise.all(outputs.map((output) => output.close()));
    const output = outputs.map(({ text }) => text).filter((text) => text !== "").join("\n");
    return { ...judgeExit(status, options), output: output === "" ? null : output };
  });
}

/** What an exit means; the first line of what was printed is left to the output. */
export function judgeExit(
  { code, signal }: Pick<Deno.CommandStatus, "code" | "signal">,
  { healthyCodes, degradedCodes }: Pick<CommandProbeOptions, "healthyCodes" | "degradedCodes">,
): Finding {
  if (signal !== null) return finding("unhealthy", `was ended by ${signal}`);
  if (healthyCodes.includes(code)) return finding("healthy", `exit code ${code}`);
  return finding(degradedCodes.includes(code) ? "degraded" : "unhealthy", `exit code ${code}`);
}

/** Nothing is left of a group that is gone. */
function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Reads a stream to its end and keeps its beginning. */
class OutputHead {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #pieces: Uint8Array[] = [];
  readonly #done: Promise<void>;
  #bytes = 0;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#done = this.#read();
  }

  get text(): string {
    const decoder = new TextDecoder();
    const pieces = this.#pieces.map((piece) => decoder.decode(piece, { stream: true }));
    return (pieces.join("") + decoder.decode()).trimEnd();
  }

  /** Waits for the end, though not for one who has left the group and holds the pipe open. */
  async close(): Promise<void> {
    const timer = setTimeout(() => void this.#reader.cancel(), GRACE_MS);
    await this.#done;
    clearTimeout(timer);
  }

  async #read(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      const room = MAX_OUTPUT_BYTES - this.#bytes;
      if (room > 0) this.#pieces.push(value.slice(0, room));
      this.#bytes += Math.min(value.length, Math.max(0, room));
    }
  }
}

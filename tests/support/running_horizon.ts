import { fileURLToPath } from "node:url";
import { executablePath } from "../e2e/executable.ts";
import { ChildOutput } from "./child_output.ts";
import { PATIENCE_MS, until, within } from "./until.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** Above the shutdown deadline that Horizon sets itself. */
const STOP_MS = 20_000;

/** Every listener on a port of its own, whatever else runs on this machine. */
const LISTENERS = [
  ...["--listen", "127.0.0.1:0"],
  ...["--otlp-http", "127.0.0.1:0"],
  ...["--otlp-grpc", "off"],
];

export interface HorizonOptions {
  /** `main.ts` under the Deno that runs the tests, unless the built executable is wanted. */
  readonly program?: "source" | "executable";
  /** Behind `serve` and the listeners' flags, over which these win. */
  readonly args?: readonly string[];
  /** The whole environment; this process's when left out. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it reads from; nothing when left out. */
  readonly stdin?: "piped";
  /** Shown by `sql`, where the configuration has tokens. */
  readonly token?: string;
}

/** A Horizon in a process of its own. */
export interface RunningHorizon {
  /** Of the main listener, without a `/` at its end. */
  readonly url: string;
  readonly otlpHttpUrl: string;
  /** Of every listener, by its name in the log's `ready` line. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Its standard input, where that was asked for; null otherwise. */
  readonly stdin: WritableStream<Uint8Array> | null;
  /** What it logged so far. */
  readonly log: string;
  /**
   * Rows of a query, each an array of JSON values.
   * @throws {Error} with the answer, when it is not 200
   */
  sql(query: string, params?: readonly (null | boolean | number | string)[]): Promise<unknown[][]>;
  /** Asks it to stop, and waits until it has; its exit code. */
  stop(): Promise<number>;
  /** Ends it as the kernel would, at once. */
  kill(): Promise<void>;
}

/** Starts a Horizon and waits until it says that it is ready. */
export async function startHorizon(options: HorizonOptions = {}): Promise<RunningHorizon> {
  const child = spawnHorizon(["serve", ...LISTENERS, ...options.args ?? []], options);
  const log = new ChildOutput(child.stderr);
  const out = new ChildOutput(child.stdout);
  let ended = false;
  const end = child.status.then(async ({ code }) => {
    await Promise.all([log.done, out.done]);
    ended = true;
    return code;
  });
  const kill = async () => {
    if (!ended) Deno.kill(child.pid, "SIGKILL");
    await end;
  };
  try {
    const addresses = await until("ready", PATIENCE_MS, () => {
      if (ended) throw new Error(`ended before it was ready:\n${log.text}`);
      return readyAddresses(log.lines);
    });
    const url = `http://${addresses["http"]}`;
    return {
      url,
      otlpHttpUrl: `http://${addresses["otlp_http"]}`,
      addresses,
      pid: child.pid,
      stdin: options.stdin === undefined ? null : child.stdin,
      get log() {
        return log.text;
      },
      sql: (query, params = []) => ask(url, query, params, options.token),
      stop: async () => {
        if (!ended) Deno.kill(child.pid, "SIGTERM");
        try {
          return await within("stop", STOP_MS, end);
        } catch (error) {
          await kill();
          throw error;
        }
      },
      kill,
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Runs `use` against a Horizon that ends with it. */
export async function withHorizon(
  use: (horizon: RunningHorizon) => Promise<void>,
  options: HorizonOptions = {},
): Promise<void> {
  const horizon = await startHorizon(options);
  try {
    await use(horizon);
  } catch (error) {
    throw new Error(`with this log:\n${horizon.log}`, { cause: error });
  } finally {
    await horizon.kill();
  }
}

/** How a Horizon that was expected to end by itself did. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Horizon with these arguments and nothing else, to its end. */
export async function runHorizon(
  args: readonly string[],
  options: Omit<HorizonOptions, "args" | "token"> = {},
): Promise<Ended> {
  const child = spawnHorizon(args, options);
  const [out, log] = [new ChildOutput(child.stdout), new ChildOutput(child.stderr)];
  try {
    const { code } = await within(`the end of ${args.join(" ")}`, PATIENCE_MS, child.status);
    await Promise.all([out.done, log.done]);
    return { code, stdout: out.text, stderr: log.text };
  } catch (error) {
    Deno.kill(child.pid, "SIGKILL");
    await Promise.all([child.status, out.done, log.done]);
    throw error;
  }
}

function spawnHorizon(args: readonly string[], options: HorizonOptions): Deno.ChildProcess {
  const [program, head] = options.program === "executable"
    ? [executablePath(), []]
    : [Deno.execPath(), ["run", "--quiet", "--allow-all", MAIN]];
  return new Deno.Command(program, {
    args: [...head, ...args],
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    ...options.env === undefined ? {} : { clearEnv: true, env: { ...options.env } },
    stdin: options.stdin ?? "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function readyAddresses(lines: readonly string[]): Record<string, string> | null {
  const line = lines.find((one) => one.includes('"event":"ready"'));
  if (line === undefined) return null;
  const { addresses } = record(JSON.parse(line), line);
  return Object.fromEntries(
    Object.entries(record(addresses, line)).map(([name, at]) => [name, String(at)]),
  );
}

async function ask(
  url: string,
  query: string,
  params: readonly (null | boolean | number | string)[],
  token: string | undefined,
): Promise<unknown[][]> {
  const response = await fetch(`${url}/api/sql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...token === undefined ? {} : { authorization: `Bearer ${token}` },
    },
    body: JSON.stringify({ query, params }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}\nto: ${query}`);
  const { rows } = record(JSON.parse(text), text);
  if (!Array.isArray(rows)) throw new Error(`no rows in ${text}`);
  return rows;
}

/** The value as an object; `text` is shown when it is none. */
function record(value: unknown, text: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new Error(`not an object: ${text}`);
  return { ...value };
}

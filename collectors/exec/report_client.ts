import { MAX_COMMAND_LINE_CHARS } from "../processes/redact_arguments.ts";
import type { ExecCommand } from "../../mod/cli/command.ts";
import {
  type CapturedLine,
  type CommandIdentity,
  logsRequest,
} from "../../mod/exec/captured_line.ts";
import { LineReader } from "../../mod/logs/log_format.ts";
import { timeZoneOf, UTC } from "../../mod/logs/time_zone.ts";
import type { ProcessExit } from "../../mod/exec/process_exit.ts";
import type { ReportAnswer } from "../../mod/exec/reporter.ts";

/** How long an answer is waited for, milliseconds. */
const PATIENCE_MS = 10_000;
const MAX_REASON_CHARACTERS = 200;
const MAX_ARGS = 1_024;

/** How a child ended, told by its parent. */
export interface ChildExit {
  readonly pid: number;
  /** Milliseconds since the Unix epoch. */
  readonly startedMs: number;
  readonly exit: ProcessExit;
}

/** Posts to a running Horizon, with the token that the command line gave. */
export class ReportClient {
  readonly #url: URL;
  readonly #token: string | null;
  readonly #identity: CommandIdentity;
  readonly #args: readonly string[];
  readonly #reader = new LineReader({
    format: "auto",
    pattern: null,
    zone: timeZoneOf("local") ?? UTC,
  });

  constructor(target: Pick<ExecCommand, "url" | "token" | "argv">, identity: CommandIdentity) {
    this.#url = target.url;
    this.#token = target.token;
    this.#identity = identity;
    this.#args = shownArgs(target.argv);
  }

  readonly postLines = (lines: readonly CapturedLine[]): Promise<ReportAnswer> =>
    this.#post("v1/logs", logsRequest(lines, this.#identity, this.#reader));

  /** How a child ended; `POST /api/processes/exits` takes one at a time. */
  readonly postExit = ([exit]: readonly ChildExit[]): Promise<ReportAnswer> => {
    if (exit === undefined) return Promise.resolve({ kind: "kept" });
    const { pid, startedMs, exit: status } = exit;
    const how = status.kind === "code" ? { exit_code: status.code } : { signal: status.signal };
    return this.#post("api/processes/exits", {
      pid,
      ...how,
      process: {
        ppid: Deno.pid,
        start_time: new Date(startedMs).toISOString(),
        args: this.#args,
        service: this.#identity.service,
      },
    });
  };

  /** Rejects when nobody answers. */
  async #post(path: string, body: object): Promise<ReportAnswer> {
    const response = await fetch(new URL(path, this.#url), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...this.#token === null ? {} : { authorization: `Bearer ${this.#token}` },
      },
      body: JSON.stringify(body),
      // The token goes to nobody else.
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch((error: unknown) => {
      throw new Error(`no Horizon answers at ${this.#url.origin}`, { cause: error });
    });
    const text = await response.text();
    if (response.ok) return { kind: "kept" };
    const reason = `status ${response.status}: ${text.slice(0, MAX_REASON_CHARACTERS)}`;
    if (response.status !== 429 && response.status < 500) return { kind: "refused", reason };
    return { kind: "later", reason, retryAfterMs: retryAfterMs(response.headers) };
  }
}

/** As much of a command line as is shown anywhere. */
function shownArgs(argv: readonly string[]): string[] {
  const shown: string[] = [];
  let room = MAX_COMMAND_LINE_CHARS;
  for (const arg of argv.slice(0, MAX_ARGS)) {
    if (room <= 0) break;
    shown.push(arg.slice(0, room));
    room -= arg.length + 1;
  }
  return shown;
}

function retryAfterMs(headers: Headers): number | null {
  const seconds = Number(headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : null;
}

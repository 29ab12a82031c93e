import type { TokenRoleName } from "../config/auth_section.ts";
import type { ReadTextFile } from "../config/find_config_file.ts";
import type { Environment, FlagValues } from "../config/settings.ts";
import type { RestartPolicy } from "../exec/restart_policy.ts";
import type { SortKey } from "../top/rows.ts";
import type { Terminal } from "../top/terminal.ts";

/** What the command line asks for. */
export type Command =
  /** Run the monitor: the composition root's own work. */
  | { readonly kind: "serve"; readonly flags: FlagValues }
  /** Run another program: its exit code becomes this one's. */
  | ExecCommand
  /** All is said and done; end with this code. */
  | { readonly kind: "exit"; readonly code: ExitCode }
  | ClientCommand;

/** `horizon exec`: run a command and report what it writes and how it ends. */
export interface ExecCommand {
  readonly kind: "exec";
  readonly argv: readonly [program: string, ...args: string[]];
  readonly service: string;
  readonly restart: RestartPolicy;
  /** From a signal that asks for an end to SIGKILL, milliseconds. */
  readonly stopTimeoutMs: number;
  /** False: pass output and exit code on, and tell nobody. */
  readonly report: boolean;
  /** Base URL of the Horizon that is told. */
  readonly url: URL;
  readonly token: string | null;
}

/** A command that does its work and ends; see `runClientCommand`. */
export type ClientCommand =
  | QueryCommand
  | TopCommand
  | CheckConfigCommand
  | TokenCommand
  | VersionCommand;

/** 0: it worked. 1: it failed. 2: bad usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** How `horizon query` prints; all but `table` are the server's own text. */
export const QUERY_FORMATS = ["table", "json", "csv", "jsonl"] as const;
export type QueryFormat = typeof QUERY_FORMATS[number];

export interface QueryCommand {
  readonly kind: "query";
  /** `-` reads the statement from standard input. */
  readonly sql: string;
  readonly format: QueryFormat;
  /** Base URL of the Horizon that is asked. */
  readonly url: URL;
  readonly token: string | null;
  /** Null leaves it to the server. */
  readonly timeoutMs: number | null;
  readonly maxRows: number | null;
}

/** `horizon top`: the processes of a host, live. */
export interface TopCommand {
  readonly kind: "top";
  readonly url: URL;
  readonly token: string | null;
  readonly intervalMs: number;
  readonly sort: SortKey;
  readonly grouped: boolean;
  readonly filter: string;
  /** One look, as text or as JSON, and no more. */
  readonly once: boolean;
  readonly json: boolean;
}

export interface CheckConfigCommand {
  readonly kind: "check-config";
  /** Null takes the file that `serve` would take. */
  readonly file: string | null;
  readonly json: boolean;
  /** Print the JSON schema instead. */
  readonly schema: boolean;
}

export interface TokenCommand {
  readonly kind: "token";
  readonly role: TokenRoleName;
  readonly name: string;
  readonly json: boolean;
}

export interface VersionCommand {
  readonly kind: "version";
  readonly json: boolean;
}

/** The world as commands see it, injected by the composition root. */
export interface CliIo {
  /** Rejects (or throws) `Deno.errors.BrokenPipe` once nobody reads any more. */
  readonly stdout: (text: string) => Promise<void> | void;
  readonly stderr: (text: string) => Promise<void> | void;
  readonly env: Environment;
  readonly readTextFile: ReadTextFile;
  /** All of standard input. */
  readonly readStdin: () => Promise<string>;
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>;
  /** The terminal that commands are used from; null where input or output is none. */
  readonly terminal: () => Terminal | null;
  /** Random bytes fit for secrets. */
  readonly randomBytes: (length: number) => Uint8Array;
}

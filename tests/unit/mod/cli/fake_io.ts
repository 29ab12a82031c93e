import type { CliIo } from "../../../../mod/cli/command.ts";

/** What a command wrote. */
export interface FakeIo extends CliIo {
  readonly out: () => string;
  readonly err: () => string;
}

/** The world of a command: an empty environment, no files, no network; parts can be replaced. */
export function fakeIo(parts: Partial<CliIo> = {}): FakeIo {
  let out = "";
  let err = "";
  return {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    env: {},
    readTextFile: (path) => Promise.reject(new Deno.errors.NotFound(path)),
    readStdin: () => Promise.resolve(""),
    fetch: (url) => Promise.reject(new TypeError(`no network here: ${url}`)),
    terminal: () => null,
    randomBytes: (length) => new Uint8Array(length).fill(7),
    ...parts,
    out: () => out,
    err: () => err,
  };
}

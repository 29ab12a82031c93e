import assert from "node:assert/strict";
import type { Command } from "../../../../mod/cli/command.ts";
import { parseCommandLine } from "../../../../mod/cli/parse_command_line.ts";
import { SETTINGS } from "../../../../mod/config/settings.ts";
import { fakeIo } from "./fake_io.ts";

async function parse(argv: string[], env: Record<string, string> = {}) {
  const io = fakeIo({ env });
  const command = await parseCommandLine(argv, io);
  return { command, out: io.out(), err: io.err() };
}

Deno.test("parseCommandLine: serve is the default, and takes every setting", async () => {
  const given = [
    ...["--config", "c.yaml", "--data-dir", "/d", "--listen", "a:1", "--otlp-http", "off"],
    ...["--otlp-grpc", "b:2", "--log-level", "debug", "--log-format", "text"],
    "--allow-unauthenticated-remote",
  ];
  const flags = {
    config: "c.yaml",
    dataDir: "/d",
    listen: "a:1",
    otlpHttp: "off",
    otlpGrpc: "b:2",
    logLevel: "debug",
    logFormat: "text",
    allowUnauthenticatedRemote: true,
  };
  for (const argv of [given, ["serve", ...given]]) {
    const { command, out, err } = await parse(argv);
    assert.deepEqual(command, { kind: "serve", flags });
    assert.equal(out + err, "");
  }
  // What is not given is not there, so that it does not hide a variable or the file.
  assert.deepEqual((await parse([])).command, { kind: "serve", flags: {} });
  assert.deepEqual((await parse(["serve"])).command, { kind: "serve", flags: {} });
});

Deno.test("parseCommandLine: reads the other commands", async () => {
  const table: [string[], Command][] = [
    [["check", "config"], { kind: "check-config", file: null, json: false, schema: false }],
    [["check", "config", "f.yaml", "--json"], {
      kind: "check-config",
      file: "f.yaml",
      json: true,
      schema: false,
    }],
    [["check", "config", "--schema"], {
      kind: "check-config",
      file: null,
      json: false,
      schema: true,
    }],
    [["token"], { kind: "token", role: "viewer", name: "viewer", json: false }],
    [["token", "--role", "ingest", "--name", "sdk", "--json"], {
      kind: "token",
      role: "ingest",
      name: "sdk",
      json: true,
    }],
    [["version"], { kind: "version", json: false }],
    [["version", "--json"], { kind: "version", json: true }],
  ];
  for (const [argv, expected] of table) {
    assert.deepEqual((await parse(argv)).command, expected, argv.join(" "));
  }
});

Deno.test("parseCommandLine: query takes flags over variables over defaults", async () => {
  const query = async (argv: string[], env: Record<string, string> = {}) => {
    const { command } = await parse(["query", ...argv], env);
    assert.ok(command.kind === "query", argv.join(" "));
    return { ...command, url: command.url.href };
  };
  const defaults = {
    kind: "query",
    sql: "SELECT 1",
    format: "table",
    url: "http://127.0.0.1:9630/",
    token: null,
    timeoutMs: null,
    maxRows: null,
  };
  assert.deepEqual(await query(["SELECT 1"]), defaults);
  const env = { HORIZON_URL: "https://h.example/base", HORIZON_TOKEN: "t1" };
  assert.deepEqual(await query(["SELECT 1"], env), {
    ...defaults,
    url: "https://h.example/base/",
    token: "t1",
  });
  const flags = ["--url", "http://i:1", "--token", "t2", "--timeout", "1m30s", "--max-rows", "5"];
  assert.deepEqual(await query(["--format", "csv", ...flags, "SELECT 1"], env), {
    ...defaults,
    format: "csv",
    url: "http://i:1/",
    token: "t2",
    timeoutMs: 90_000,
    maxRows: 5,
  });
  assert.equal((await query(["-"], { HORIZON_URL: "" })).sql, "-");
});

Deno.test("parseCommandLine: bad usage is one clear message and exit code 2", async () => {
  const table: [string[], RegExp][] = [
    [["querry", "x"], /^horizon: unknown command 'querry'\n\(Did you mean query\?\)/],
    [["frobnicate"], /^horizon: unknown command 'frobnicate'\n\(horizon --help/],
    [["--lisen", "x"], /unknown option '--lisen'\n\(Did you mean --listen\?\)/],
    [["--listen"], /option '--listen <HOST:PORT>' argument missing/],
    [["serve", "now"], /too many arguments for 'serve'/],
    [["query"], /missing required argument 'SQL'/],
    [["query", "SELECT", "1"], /too many arguments for 'query'/],
    [["query", "x", "--format", "xml"], /argument 'xml' is invalid.*table, json, csv, jsonl/],
    [["query", "x", "--timeout", "3"], /argument '3' is invalid.*30s/],
    [["query", "x", "--timeout", "0s"], /is invalid/],
    [["query", "x", "--max-rows", "-1"], /is invalid|argument missing/],
    [["query", "x", "--max-rows", "1e3"], /is invalid/],
    [["query", "x", "--url", "ftp://h"], /not one of http or https: ftp:\/\/h/],
    [["query", "x", "--url", "h:1"], /not one of http or https/],
    [["query", "x", "--url", "http://me:s3cr3t@h"], /HORIZON_TOKEN instead/],
    [["token", "--role", "root"], /argument 'root' is invalid.*viewer, ingest, operator, admin/],
    [["token", "--name", "a/b"], /argument 'a\/b' is invalid/],
    [["check"], /Usage: horizon check/],
    [["check", "confg"], /unknown command 'confg'/],
  ];
  for (const [argv, message] of table) {
    const { command, out, err } = await parse(argv);
    assert.deepEqual(command, { kind: "exit", code: 2 }, argv.join(" "));
    assert.match(err, message);
    assert.equal(out, "", argv.join(" "));
    assert.ok(!err.includes("s3cr3t"));
  }
});

Deno.test("parseCommandLine: help teaches, goes to stdout, and fits 80 columns", async () => {
  const commands = [[], ["serve"], ["query"], ["check"], ["check", "config"], ["token"], [
    "version",
  ]];
  for (const words of commands) {
    const { command, out, err } = await parse([...words, "--help"]);
    assert.deepEqual(command, { kind: "exit", code: 0 });
    assert.equal(err, "");
    assert.match(out, /^Usage: horizon/);
    for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
    // Whoever may be lost gets examples.
    if (!["check", "version"].includes(words.at(-1) ?? "")) {
      assert.match(out, /Examples:\n {2}horizon/);
    }
  }
  const { out } = await parse(["help", "serve"]);
  for (const { flag, variable } of SETTINGS) {
    assert.ok(out.includes(flag) && out.includes(variable), flag);
  }
});

Deno.test("parseCommandLine: --version prints it", async () => {
  for (const flag of ["-V", "--version"]) {
    const { command, out } = await parse([flag]);
    assert.deepEqual(command, { kind: "exit", code: 0 });
    assert.match(out, /^horizon \d+\.\d+\.\d+ \(/);
  }
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ClientCommand } from "../../../../mod/cli/command.ts";
import { runClientCommand } from "../../../../mod/cli/run_client_command.ts";
import { loadConfig } from "../../../../mod/config/load_config.ts";
import { defaultConfig } from "../../../../mod/config/schema.ts";
import { VERSION } from "../../../../mod/version.ts";
import { fakeIo } from "./fake_io.ts";

async function run(command: ClientCommand, parts: Parameters<typeof fakeIo>[0] = {}) {
  const io = fakeIo(parts);
  const code = await runClientCommand(command, io);
  return { code, out: io.out(), err: io.err() };
}

const check = { kind: "check-config", file: "f.yaml", json: false, schema: false } as const;
const withFile = (text: string) => ({ readTextFile: () => Promise.resolve(text) });

Deno.test("check config: a good file is good", async () => {
  assert.deepEqual(await run(check, withFile("log: { level: warn }")), {
    code: 0,
    out: "f.yaml is good\n",
    err: "",
  });
  const none = await run({ ...check, file: null });
  assert.equal(none.code, 0);
  assert.match(none.out, /no configuration file; the defaults are good/);
});

Deno.test("check config: lists every problem, and exits with 2", async () => {
  const { code, out, err } = await run(check, withFile("lgo: 1\nlog:\n  level: loud\n"));
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.match(err, /^f\.yaml:1:1: lgo: there is no such key; did you mean log\?\n/);
  assert.match(err, /f\.yaml:3:3: log\.level: "loud" is not/);
  assert.match(err, /the configuration has 2 problems\n$/);
});

Deno.test("check config: takes the environment in, as serve does", async () => {
  const { code, err } = await run({ ...check, file: null }, { env: { HORIZON_LOG_LEVEL: "loud" } });
  assert.equal(code, 2);
  assert.match(err, /^HORIZON_LOG_LEVEL: log\.level: "loud"/);
});

Deno.test("check config --json: prints problems, or what is in effect", async () => {
  const bad = await run({ ...check, json: true }, withFile("log: { level: loud }"));
  assert.equal(bad.code, 2);
  assert.deepEqual(JSON.parse(bad.out), {
    ok: false,
    file: "f.yaml",
    problems: [{
      path: "log.level",
      where: "f.yaml:1:8",
      value: '"loud"',
      message: "is not one of the allowed words",
      allowed: "debug, info, warn, error",
    }],
  });
  const good = await run({ ...check, json: true }, withFile(""));
  assert.equal(good.code, 0);
  const plain = JSON.parse(JSON.stringify(defaultConfig()));
  assert.deepEqual(JSON.parse(good.out), { ok: true, file: "f.yaml", config: plain });
});

Deno.test("check config --schema: prints a JSON schema", async () => {
  const { code, out } = await run({ ...check, schema: true });
  assert.equal(code, 0);
  assert.deepEqual(Object.keys(JSON.parse(out).properties), Object.keys(defaultConfig()));
});

Deno.test("token: what it prints is accepted by the configuration", async () => {
  const { code, out } = await run({ kind: "token", role: "ingest", name: "sdk.1", json: false });
  assert.equal(code, 0);
  const token = /^ {2}(hz_[\w-]{43})$/m.exec(out)?.[1] ?? "";
  const stanza = out.slice(out.indexOf("auth:"));
  assert.ok(!stanza.includes(token));
  const loaded = await loadConfig({
    flags: { config: "f" },
    env: {},
    readFile: () => Promise.resolve(stanza),
  });
  assert.ok(loaded.ok);
  const sha256 = createHash("sha256").update(token).digest("hex");
  assert.deepEqual(loaded.config.auth.tokens, [{ name: "sdk.1", role: "ingest", sha256 }]);
});

Deno.test("token --json: prints the same for programs; each token is another", async () => {
  const tokens = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const { out } = await run({ kind: "token", role: "admin", name: "ops", json: true }, {
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
    const { token, ...grant } = JSON.parse(out);
    const sha256 = createHash("sha256").update(token).digest("hex");
    assert.deepEqual(grant, { name: "ops", role: "admin", sha256 });
    tokens.add(token);
  }
  assert.equal(tokens.size, 3);
});

Deno.test("version: prints what is running", async () => {
  const text = await run({ kind: "version", json: false });
  assert.equal(text.code, 0);
  assert.ok(text.out.startsWith(`horizon ${VERSION} (source, Deno ${Deno.version.deno}, `));
  const facts = JSON.parse((await run({ kind: "version", json: true })).out);
  assert.equal(facts.version, VERSION);
  assert.equal(facts.build, "source");
  assert.equal(facts.target, Deno.build.target);
});

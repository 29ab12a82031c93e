import assert from "node:assert/strict";
import fc from "fast-check";
import { loadConfig, type LoadedConfig } from "../../../../mod/config/load_config.ts";
import { defaultConfig } from "../../../../mod/config/schema.ts";
import { type Environment, type FlagValues, SETTINGS } from "../../../../mod/config/settings.ts";

/** Loads from files given by path; others do not exist. */
function load(
  files: Record<string, string>,
  flags: FlagValues = {},
  env: Environment = {},
): Promise<LoadedConfig> {
  return loadConfig({
    flags,
    env,
    readFile: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(`no ${path}`))
        : Promise.resolve(text);
    },
  });
}

async function loadGood(...args: Parameters<typeof load>) {
  const loaded = await load(...args);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded;
}

async function problemsOf(...args: Parameters<typeof load>) {
  const loaded = await load(...args);
  assert.ok(!loaded.ok);
  return loaded.problems;
}

Deno.test("loadConfig: without any source it is the defaults", async () => {
  assert.deepEqual(await load({}), { ok: true, config: defaultConfig(), file: null });
});

Deno.test("loadConfig: flag over environment over file over default", async () => {
  const files = {
    "./horizon.yaml": "log: { level: error, format: text }\nserver: { listen: '127.0.0.1:1' }",
  };
  const env = { HORIZON_LOG_LEVEL: "warn", HORIZON_LISTEN: "127.0.0.1:2", HORIZON_LOG_FORMAT: "" };
  const { config, file } = await loadGood(files, { listen: "127.0.0.1:3" }, env);
  assert.equal(file, "./horizon.yaml");
  assert.deepEqual(config.log, { level: "warn", format: "text" });
  assert.equal(config.server.listen.port, 3);
  assert.equal(config.server.otlp_http?.port, 4318);
});

Deno.test("loadConfig: every setting is set by its flag and by its variable", async () => {
  const values: Record<string, string> = {
    dataDir: "/data",
    listen: "127.0.0.1:7",
    otlpHttp: "off",
    otlpGrpc: "off",
    logLevel: "debug",
    logFormat: "text",
  };
  const flags = { ...values, allowUnauthenticatedRemote: true };
  const env = Object.fromEntries(
    SETTINGS.map(({ key, variable }) => [variable, values[key] ?? "yes"]),
  );
  const byFlag = await loadGood({}, flags);
  const byVariable = await loadGood({}, {}, env);
  assert.deepEqual(byFlag.config, byVariable.config);
  const defaults = defaultConfig();
  assert.deepEqual(byFlag.config, {
    ...defaults,
    server: {
      ...defaults.server,
      listen: { hostname: "127.0.0.1", port: 7 },
      otlp_http: null,
      otlp_grpc: null,
      allow_unauthenticated_remote: true,
    },
    storage: { ...defaults.storage, data_dir: "/data" },
    log: { level: "debug", format: "text" },
  });
});

Deno.test("loadConfig: a problem names the flag or the variable that it came from", async () => {
  const problems = await problemsOf(
    { "./horizon.yaml": "server:\n  otlp_grpc: nowhere\n" },
    { listen: "here" },
    { HORIZON_LOG_LEVEL: "inf", HORIZON_ALLOW_UNAUTHENTICATED_REMOTE: "maybe" },
  );
  assert.deepEqual(problems.map(({ where, path, value }) => [where, path, value]).sort(), [
    ["--listen", "server.listen", '"here"'],
    ["./horizon.yaml:2:3", "server.otlp_grpc", '"nowhere"'],
    [
      "HORIZON_ALLOW_UNAUTHENTICATED_REMOTE",
      "server.allow_unauthenticated_remote",
      '"maybe"',
    ],
    ["HORIZON_LOG_LEVEL", "log.level", '"inf"'],
  ]);
});

Deno.test("loadConfig: looks for the file where it is said to", async () => {
  const files = {
    "flag.yaml": "log: { level: debug }",
    "variable.yaml": "log: { level: warn }",
    "./horizon.yaml": "log: { level: error }",
    "/etc/horizon/horizon.yaml": "log: { level: debug }",
  };
  const env = { HORIZON_CONFIG: "variable.yaml" };
  const found = async (...args: Parameters<typeof load>) => (await load(...args)).file;
  assert.equal(await found(files, { config: "flag.yaml" }, env), "flag.yaml");
  assert.equal(await found(files, {}, env), "variable.yaml");
  assert.equal(await found(files, {}, { HORIZON_CONFIG: "" }), "./horizon.yaml");
  const { "./horizon.yaml": _, ...without } = files;
  assert.equal(await found(without), "/etc/horizon/horizon.yaml");
});

Deno.test("loadConfig: a named file must be there, a usual one must be readable", async () => {
  const [missing] = await problemsOf({}, { config: "/nowhere.yaml" });
  assert.equal(missing?.value, '"/nowhere.yaml"');
  assert.equal(missing?.message, "cannot be read: there is no such file");
  const [fromVariable] = await problemsOf({}, {}, { HORIZON_CONFIG: "/nowhere.yaml" });
  assert.equal(fromVariable?.where, "HORIZON_CONFIG");
  const locked = await loadConfig({
    flags: {},
    env: {},
    readFile: () => Promise.reject(new Deno.errors.PermissionDenied("locked")),
  });
  assert.ok(!locked.ok);
  assert.match(locked.problems[0]?.message ?? "", /^cannot be read: locked/);
});

Deno.test("loadConfig: remote listeners need tokens, or to be told", async () => {
  const remote = { listen: "0.0.0.0:9630" };
  const problems = await problemsOf({}, remote);
  assert.deepEqual(problems.map(({ path, where }) => [path, where]), [[
    "server.listen",
    "--listen",
  ]]);
  await loadGood({}, { ...remote, allowUnauthenticatedRemote: true });
  const token = `{ name: a, role: viewer, sha256: ${"a".repeat(64)} }`;
  await loadGood({ "./horizon.yaml": `auth: { tokens: [${token}] }` }, remote);
});

Deno.test("loadConfig: a file that is too large is refused unread", async () => {
  const [problem] = await problemsOf({ "./horizon.yaml": "#".repeat(1024 * 1024 + 1) });
  assert.match(problem?.message ?? "", /longer than/);
});

Deno.test("loadConfig: aliases that multiply and brackets without end are refused", async () => {
  const layers = Array.from({ length: 9 }, (_, i) => {
    const part = i === 0 ? "x" : `*a${i - 1}`;
    return `k${i}: &a${i} [${Array(9).fill(part).join(", ")}]`;
  });
  assert.match(
    (await problemsOf({ "./horizon.yaml": layers.join("\n") }))[0]?.message ?? "",
    /alias/i,
  );
  const nested = `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  assert.ok((await problemsOf({ "./horizon.yaml": nested })).length <= 20);
});

Deno.test("loadConfig: whatever stands in the file, the answer is a configuration or problems", async () => {
  const key = fc.constantFrom(
    "server",
    "auth",
    "storage",
    "collectors",
    "tokens",
    "listen",
    "query",
    "x",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(value, async (given) => {
      const loaded = await load({ "./horizon.yaml": JSON.stringify(given) });
      if (!loaded.ok) assert.ok(loaded.problems.length > 0);
    }),
    { numRuns: 200, seed: 20_251 },
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
      await load({ "./horizon.yaml": text });
    }),
    { numRuns: 200, seed: 20_252 },
  );
});

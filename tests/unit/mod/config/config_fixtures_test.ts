import assert from "node:assert/strict";
import { formatProblems } from "../../../../mod/config/config_problem.ts";
import { loadConfig, type LoadedConfig } from "../../../../mod/config/load_config.ts";
import { defaultConfig } from "../../../../mod/config/schema.ts";

const FIXTURES = new URL("../../../fixtures/config/", import.meta.url);

/** Loads a fixture under its bare name, so that problems read the same on every machine. */
async function load(folder: string, name: string): Promise<LoadedConfig> {
  return await loadConfig({
    flags: { config: name },
    env: {},
    readFile: (path) => Deno.readTextFile(new URL(`${folder}/${path}`, FIXTURES)),
  });
}

async function loadGood(name: string) {
  const loaded = await load("good", name);
  assert.ok(loaded.ok, loaded.ok ? "" : formatProblems(loaded.problems));
  assert.equal(loaded.file, name);
  return loaded.config;
}

const BAD = [...Deno.readDirSync(new URL("bad/", FIXTURES))].map((entry) => entry.name)
  .filter((name) => name.endsWith(".yaml")).sort();

for (const name of BAD) {
  Deno.test(`loadConfig: tells all that is wrong with ${name}`, async () => {
    const loaded = await load("bad", name);
    assert.ok(!loaded.ok);
    const text = formatProblems(loaded.problems);
    const expected = new URL(`bad/${name.replace(/yaml$/, "txt")}`, FIXTURES);
    // To accept a change: HORIZON_UPDATE_FIXTURES=1 deno test …, then read the diff.
    if (Deno.env.get("HORIZON_UPDATE_FIXTURES") === "1") await Deno.writeTextFile(expected, text);
    assert.equal(text, await Deno.readTextFile(expected));
    assert.ok(!text.includes("s3cr3t"), "a secret is shown");
  });
}

Deno.test("loadConfig: an empty file is the defaults", async () => {
  assert.deepEqual(await loadGood("empty.yaml"), defaultConfig());
  assert.deepEqual(await loadGood("empty_sections.yaml"), defaultConfig());
});

Deno.test("loadConfig: reads a full file, and derives what depends on it", async () => {
  const config = await loadGood("orchestrator.yaml");
  assert.deepEqual(config.server, {
    listen: { hostname: "0.0.0.0", port: 9630 },
    otlp_http: { hostname: "::1", port: 4318 },
    otlp_grpc: null,
    allow_unauthenticated_remote: false,
    allowed_hosts: ["monitor.example", "10.0.0.7"],
    allowed_origins: ["https://grafana.example:3000"],
    max_body_bytes: 100_000_000,
    // No less than max_body_bytes.
    max_decompressed_body_bytes: 100_000_000,
    shutdown_deadline_ms: 10_000,
  });
  assert.deepEqual(config.auth.tokens.map(({ name, role }) => `${name}:${role}`), [
    "grafana:viewer",
    "sdk:ingest",
  ]);
  // Digits may be written in either case; they are kept in lower case.
  assert.match(config.auth.tokens[0]?.sha256 ?? "", /^2cf24dba[0-9a-f]{56}$/);
  const day = 86_400_000;
  assert.deepEqual(config.storage.retention, {
    metrics_ms: 60 * day,
    spans_ms: day,
    logs_ms: day,
    events_ms: 30 * day,
    // No shorter than the tier below.
    rollups_1m_ms: 60 * day,
    rollups_1h_ms: 400 * day,
  });
  assert.equal(config.storage.memory_budget_bytes, 1.5 * 1024 ** 3);
  assert.equal(config.storage.max_series_per_metric, 5_000);
  assert.equal(config.storage.query.timeout_ms, 5_000);
  assert.deepEqual(config.collectors.host, { enabled: true, interval_ms: 500, timeout_ms: 500 });
  const nothing = {
    name: null,
    executable: null,
    command_line: null,
    pid_file: null,
    parent: null,
    cgroup: null,
  };
  assert.deepEqual(config.collectors.processes.groups, [
    {
      service: "orchestrator",
      match: { ...nothing, executable: "/opt/blackhole/orchestrator" },
      children: true,
      watch: false,
      scrape: null,
    },
    {
      service: "worker",
      match: { ...nothing, parent: "orchestrator", command_line: "--worker(=|\\s)\\d+" },
      children: false,
      watch: false,
      scrape: { ports: null, path: "/stats", interval_ms: 15_000 },
    },
  ]);
  assert.deepEqual(config.log, { level: "debug", format: "text" });
});

Deno.test("loadConfig: JSON is YAML", async () => {
  const config = await loadGood("plain.json");
  assert.equal(config.storage.retention.metrics_ms, 5_400_000);
  assert.equal(config.log.level, "warn");
});

Deno.test("loadConfig: reads scrape jobs, and derives what depends on it", async () => {
  const { scrape } = await loadGood("scrape.yaml");
  const [node, services] = scrape.jobs;
  // The default of ten seconds would be longer than the interval.
  assert.deepEqual([node?.interval_ms, node?.timeout_ms], [5_000, 5_000]);
  assert.deepEqual([services?.interval_ms, services?.timeout_ms], [15_000, 10_000]);
  assert.deepEqual(node?.metric_relabel[0], {
    action: "drop",
    source_labels: ["__name__"],
    separator: ";",
    regex: "go_.*",
    target_label: "",
    replacement: "$1",
  });
  assert.deepEqual(services?.basic_auth, {
    username: "horizon",
    password: null,
    password_file: "/etc/horizon/password",
  });
});

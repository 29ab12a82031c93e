import assert from "node:assert/strict";
import { formatProblems } from "../../../../mod/config/config_problem.ts";
import { loadConfig } from "../../../../mod/config/load_config.ts";
import { redactedConfig } from "../../../../mod/config/redacted_config.ts";

const FILE = new URL("../../../fixtures/config/good/health.yaml", import.meta.url);

Deno.test("HealthSection: one target of each check, and what is derived", async () => {
  const loaded = await loadConfig({
    flags: { config: "health.yaml" },
    env: {},
    readFile: () => Deno.readTextFile(FILE),
  });
  assert.ok(loaded.ok, loaded.ok ? "" : formatProblems(loaded.problems));
  const { checks, flapping_changes, flapping_window_ms } = loaded.config.health;
  assert.deepEqual([flapping_changes, flapping_window_ms], [6, 300_000]);
  assert.deepEqual(checks[0], {
    name: "orders-api",
    service: "orders",
    as: "readiness",
    interval_ms: 1_000,
    // Never longer than the interval.
    timeout_ms: 1_000,
    initial_delay_ms: 0,
    failures: 3,
    successes: 1,
    target: {
      kind: "http",
      url: "https://127.0.0.1:8080/health",
      method: "GET",
      headers: { authorization: "Bearer s3cr3t-AAAA" },
      status: [{ from: 200, to: 299 }, { from: 304, to: 304 }],
      body_matches: null,
      max_latency_ms: 250,
      tls: { ca_file: "/etc/ca.pem", insecure_skip_verify: false, server_name: null },
    },
  });
  assert.deepEqual(checks.slice(1).map(({ target }) => target), [
    {
      kind: "grpc",
      address: { hostname: "::1", port: 9000 },
      service: "",
      mode: "watch",
      tls: null,
    },
    { kind: "process", of: { by: "group", service: "orders" }, min: 1, max: null },
    {
      kind: "limits",
      of: { by: "group", service: "orders" },
      max_memory_bytes: 512 * 1024 ** 2,
      max_cpu_cores: null,
      max_open_fds: null,
      max_fd_share: 0.8,
    },
    { kind: "dependency", checks: ["orders-api", "orders-grpc"], need: "any" },
    { kind: "sql", query: "SELECT true", no_data: "healthy" },
    {
      kind: "command",
      argv: ["/usr/bin/check", "--fast"],
      healthy_codes: [0],
      degraded_codes: [1],
    },
  ]);
  const { timeout_ms, initial_delay_ms, failures, successes, service } = checks[4]!;
  assert.deepEqual(
    [timeout_ms, initial_delay_ms, failures, successes, service],
    [5_000, 30_000, 1, 2, null],
  );
  assert.doesNotMatch(JSON.stringify(redactedConfig(loaded.config)), /s3cr3t/);
});

import assert from "node:assert/strict";
import { closestName } from "../../../../mod/config/closest_name.ts";
import { memoryBudgetBytes } from "../../../../mod/config/memory_budget.ts";
import { redactedConfig } from "../../../../mod/config/redacted_config.ts";
import { ConfigSchema, defaultConfig } from "../../../../mod/config/schema.ts";
import { dottedPath, formatProblem, shownValue } from "../../../../mod/config/config_problem.ts";

Deno.test("closestName: finds what was meant, and nothing far from it", () => {
  const names = ["listen", "otlp_http", "otlp_grpc", "max_body_bytes"];
  const table: [string, string | null][] = [
    ["lisen", "listen"],
    ["lsiten", "listen"],
    ["otlp-http", "otlp_http"],
    ["LISTEN", "listen"],
    ["max_bodybytes", "max_body_bytes"],
    ["port", null],
    ["x", null],
    ["l".repeat(100_000), null],
  ];
  for (const [name, expected] of table) assert.equal(closestName(name, names), expected, name);
});

Deno.test("memoryBudgetBytes: a quarter of what this process may use, at most 1 GiB", () => {
  const gib = 1024 ** 3;
  const table: [number | null, number, number | null, number][] = [
    [null, 2 * gib, null, gib / 2],
    [null, 64 * gib, null, gib],
    [null, 64 * gib, gib, gib / 4],
    [null, gib, 64 * gib, gib / 4],
    [123, 64 * gib, gib, 123],
  ];
  for (const [configured, host, cgroup, expected] of table) {
    assert.equal(memoryBudgetBytes(configured, host, cgroup), expected);
  }
});

Deno.test("redactedConfig: shows all but what is secret", () => {
  const sha256 = "ab".repeat(32);
  const config = {
    ...defaultConfig(),
    auth: { tokens: [{ name: "grafana", role: "viewer" as const, sha256 }] },
  };
  const shown = JSON.stringify(redactedConfig(config));
  assert.ok(!shown.includes(sha256));
  assert.match(shown, /"name":"grafana","role":"viewer","sha256":"\[redacted\]"/);
  assert.deepEqual(redactedConfig(defaultConfig()), JSON.parse(JSON.stringify(defaultConfig())));
});

Deno.test("redactedConfig: shows no secret of a scrape job", () => {
  const secret = "s3cr3t";
  const { scrape } = ConfigSchema.parse({
    scrape: {
      jobs: [
        { name: "a", targets: ["x:1"], bearer_token: secret, headers: { Authorization: secret } },
        { name: "b", basic_auth: { username: "me", password: secret } },
      ],
    },
  });
  const shown = JSON.stringify(redactedConfig({ ...defaultConfig(), scrape }));
  assert.ok(!shown.includes(secret), shown);
  assert.match(shown, /"name":"a","targets":\["x:1"\]/);
});

Deno.test("shownValue: is short and holds no secrets", () => {
  assert.equal(shownValue(["a"], "x".repeat(1_000))?.length, 101);
  assert.equal(shownValue(["auth", "tokens", 0, "sha256"], "hunter2"), "[redacted]");
  assert.equal(shownValue(["auth", "tokens", 0, "name"], "grafana"), '"grafana"');
  assert.equal(shownValue(["a"], { password: "hunter2" }), "a mapping");
  assert.equal(shownValue(["a"], ["hunter2"]), "a list");
  assert.equal(shownValue(["a"], "http://me:hunter2@host/"), '"http://[redacted]@host/"');
  assert.equal(shownValue(["a"], undefined), null);
});

Deno.test("formatProblem: leaves out what there is not", () => {
  assert.equal(dottedPath(["a", 0, "b", 1]), "a[0].b[1]");
  const problem = { path: "", where: null, value: null, message: "is wrong", allowed: null };
  assert.equal(formatProblem(problem), "is wrong");
  assert.equal(
    formatProblem({ path: "a.b", where: "f:1:2", value: "3", message: "is odd", allowed: "2" }),
    "f:1:2: a.b: 3 is odd\n    allowed: 2",
  );
});

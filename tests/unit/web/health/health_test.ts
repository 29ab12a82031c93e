import assert from "node:assert/strict";
import {
  type HealthCheck,
  HealthChecks,
  type HealthFinding,
} from "../../../../web/health/health_checks.ts";
import { HealthJson, type Lifecycle, ProbeJson } from "../../../../web/health/health_routes.ts";
import { type FakeWeb, fakeWeb, ManualClock } from "../fake_web.ts";

const finds = (name: string, status: HealthFinding["status"]): HealthCheck => ({
  name,
  check: () => ({ status, message: `${name} is ${status}` }),
});

function healthWeb(checks: HealthCheck[], lifecycle: Lifecycle = "ready"): FakeWeb {
  return fakeWeb({
    health: new HealthChecks(checks, new ManualClock(), 20),
    lifecycle: () => lifecycle,
  });
}

Deno.test("HealthChecks.report: the worst check decides", async () => {
  const clock = new ManualClock();
  const [a, b, c] = [finds("a", "ok"), finds("b", "degraded"), finds("c", "failing")];
  assert.equal((await new HealthChecks([], clock).report()).status, "ok");
  assert.equal((await new HealthChecks([a, b], clock).report()).status, "degraded");
  assert.deepEqual(await new HealthChecks([a, b, c], clock).report(), {
    status: "failing",
    checks: [
      { name: "a", status: "ok", message: "a is ok" },
      { name: "b", status: "degraded", message: "b is degraded" },
      { name: "c", status: "failing", message: "c is failing" },
    ],
  });
});

Deno.test("HealthChecks.report: one that throws fails, one that hangs fails and delays nobody", async () => {
  let started = 0;
  const clock = new ManualClock();
  const hanging = Promise.withResolvers<HealthFinding>();
  const checks = new HealthChecks(
    [
      {
        name: "hangs",
        check: () => {
          started++;
          return hanging.promise;
        },
      },
      {
        name: "throws",
        check: () => {
          throw new Error("disk on fire");
        },
      },
      finds("fine", "ok"),
    ],
    clock,
    20,
  );
  const { status, checks: found } = await checks.report();
  assert.equal(status, "failing");
  assert.deepEqual(found.map((one) => one.status), ["failing", "failing", "ok"]);
  assert.match(found[0]?.message ?? "", /within 20 ms/);
  assert.equal(found[1]?.message, "disk on fire");
  clock.ms += 1_000;
  await checks.report();
  assert.equal(started, 1, "a check is not started again while it hangs");
  hanging.resolve({ status: "ok", message: "back" });
  clock.ms += 1_000;
  assert.equal((await checks.report()).checks[0]?.status, "ok");
});

Deno.test("HealthChecks.report: is reused for half a second", async () => {
  let runs = 0;
  const clock = new ManualClock();
  const check = (): HealthFinding => ({ status: "ok", message: String(++runs) });
  const checks = new HealthChecks([{ name: "a", check }], clock);
  await Promise.all([checks.report(), checks.report()]);
  clock.ms += 499;
  await checks.report();
  assert.equal(runs, 1);
  clock.ms += 1;
  await checks.report();
  assert.equal(runs, 2);
});

Deno.test("probes: their status by life and by checks", async () => {
  const table: [Lifecycle, HealthFinding["status"], Record<string, [number, string]>][] = [
    ["starting", "ok", {
      livez: [200, "ok"],
      startupz: [503, "starting"],
      readyz: [503, "starting"],
    }],
    ["ready", "ok", { livez: [200, "ok"], startupz: [200, "ok"], readyz: [200, "ok"] }],
    ["ready", "degraded", {
      livez: [200, "ok"],
      readyz: [200, "degraded"],
      healthz: [200, "degraded"],
    }],
    ["ready", "failing", {
      livez: [200, "ok"],
      readyz: [503, "failing"],
      healthz: [503, "failing"],
    }],
    ["draining", "ok", { livez: [200, "ok"], startupz: [200, "ok"], readyz: [503, "draining"] }],
  ];
  for (const [lifecycle, check, expected] of table) {
    const { request } = healthWeb([finds("store", check)], lifecycle);
    for (const [path, [status, text]] of Object.entries(expected)) {
      const response = await request(`/${path}`);
      assert.equal(response.status, status, `${lifecycle} ${check} ${path}`);
      const body = await response.json();
      if (path !== "healthz") ProbeJson.parse(body);
      assert.equal(body.status, text);
    }
  }
});

Deno.test("/healthz: tells every check", async () => {
  const { request } = healthWeb([finds("store", "ok"), finds("disk", "degraded")]);
  const body = HealthJson.parse(await (await request("/healthz")).json());
  assert.deepEqual(body.checks.map(({ name }) => name), ["store", "disk"]);
  assert.equal(body.lifecycle, "ready");
});

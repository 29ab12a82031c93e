import assert from "node:assert/strict";
import type { CheckStatus, WatchedHealth } from "../../../../../web/ui/api_client.js";
import {
  chosenGroups,
  sinceText,
  sparkPoints,
  stateCounts,
} from "../../../../../web/ui/pages/health_rows.js";

function check(name: string, more: Partial<CheckStatus> = {}): CheckStatus {
  return {
    name,
    service: "shop",
    role: "liveness",
    kind: "http",
    state: "healthy",
    since: null,
    flapping: false,
    reason: "answers 200",
    interval_ms: 1_000,
    runs: 1,
    timeouts: 0,
    skipped: 0,
    last: null,
    recent: [],
    changes: [],
    ...more,
  };
}

const HEALTH: WatchedHealth = {
  host: { state: "degraded", reasons: ["port is degraded: slow", "service stock is unhealthy: x"] },
  services: [
    { service: "shop", state: "healthy", reasons: [], checks: ["api", "grpc"] },
    { service: "stock", state: "unhealthy", reasons: ["db is unhealthy: x"], checks: ["db"] },
  ],
  checks: [
    check("api"),
    check("grpc", { kind: "grpc", flapping: true }),
    check("db", { service: "stock", kind: "sql", state: "unhealthy" }),
    check("port", { service: null, kind: "tcp", state: "degraded" }),
  ],
};

const shown = (filter: string, unwellOnly = false) =>
  chosenGroups(HEALTH, filter, unwellOnly).map(({ title, state, checks }) =>
    `${title} ${state}: ${checks.map(({ name }) => name).join(" ")}`
  );

Deno.test("chosenGroups: the host, then services, worst first, with what was chosen", () => {
  assert.deepEqual(shown(""), [
    "This host degraded: port",
    "stock unhealthy: db",
    "shop healthy: api grpc",
  ]);
  assert.deepEqual(shown("SHOP grpc"), ["shop healthy: grpc"]);
  assert.deepEqual(shown("unhealthy"), ["stock unhealthy: db"]);
  assert.deepEqual(shown("host"), ["This host degraded: port"]);
  assert.deepEqual(shown("", true), [
    "This host degraded: port",
    "stock unhealthy: db",
    "shop healthy: grpc",
  ]);
  assert.deepEqual(shown("nothing of it"), []);
  // What services say is told at the services.
  assert.deepEqual(chosenGroups(HEALTH, "", false)[0]?.reasons, ["port is degraded: slow"]);
});

Deno.test("stateCounts: by state, and those that flap", () => {
  assert.deepEqual(stateCounts(HEALTH), {
    healthy: 2,
    degraded: 1,
    unhealthy: 1,
    unknown: 0,
    flapping: 1,
  });
});

Deno.test("sparkPoints: spread over the width, the longest at the top", () => {
  const at = (latency_ms: number) => ({ ts: "", state: "healthy", latency_ms }) as const;
  assert.deepEqual(sparkPoints([]), []);
  assert.deepEqual(sparkPoints([at(5)]), [{ x: 1, y: 0, state: "healthy" }]);
  assert.deepEqual(sparkPoints([at(10), at(20), at(0)]).map(({ x, y }) => [x, y]), [
    [0, 0.5],
    [0.5, 0],
    [1, 1],
  ]);
  // Below a millisecond it is a line at the bottom, not noise.
  assert.deepEqual(sparkPoints([at(0.1)])[0]?.y, 0.9);
});

Deno.test("sinceText: how long, never less than nothing", () => {
  const nowMs = Date.parse("2026-03-01T12:00:00Z");
  assert.equal(sinceText("2026-03-01T11:58:55Z", nowMs), "1 m 5 s");
  assert.equal(sinceText("2026-03-01T12:00:09Z", nowMs), "0 ms");
  assert.equal(sinceText(null, nowMs), "");
});

import assert from "node:assert/strict";
import type { CheckStatus, CrashEntry, WatchedHealth } from "../../../../../web/ui/api_client.js";
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

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const HOUR_MS = 3_600_000;

function crash(id: string, service: string | null, hoursAgo: number): CrashEntry {
  return {
    id,
    ts: new Date(NOW_MS - hoursAgo * HOUR_MS).toISOString(),
    process_id: "7-1",
    pid: 7,
    name: "worker",
    service,
    cause: "crashed",
    exit_code: null,
    signal: "SIGSEGV",
    message: "worker crashed with SIGSEGV",
    evidence: [],
  };
}

const shown = (filter: string, unwellOnly = false, crashes: readonly CrashEntry[] = []) =>
  chosenGroups(HEALTH, crashes, { filter, unwellOnly, nowMs: NOW_MS }).map((group) => {
    const names = [
      ...group.checks.map(({ name }) => name),
      ...group.crashes.map(({ id }) => id),
    ];
    return `${group.title} ${group.state}: ${names.join(" ")}`;
  });

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
  const choice = { filter: "", unwellOnly: false, nowMs: NOW_MS };
  assert.deepEqual(chosenGroups(HEALTH, [], choice)[0]?.reasons, ["port is degraded: slow"]);
});

Deno.test("chosenGroups: recent crashes stand with their service, also where no check looks", () => {
  const crashes = [
    crash("now", "shop", 0),
    crash("stranger", null, 1),
    crash("unchecked", "mail", 30),
    crash("old", "stock", 8 * 24),
  ];
  assert.deepEqual(shown("", false, crashes), [
    "This host degraded: port stranger",
    "stock unhealthy: db",
    "mail unknown: unchecked",
    "shop healthy: api grpc now",
  ]);
  assert.deepEqual(shown("", true, crashes), [
    "This host degraded: port stranger",
    "stock unhealthy: db",
    "shop healthy: grpc now",
  ]);
  assert.deepEqual(shown("sigsegv mail", false, crashes), ["mail unknown: unchecked"]);
  assert.deepEqual(shown("crash shop", false, crashes), ["shop healthy: now"]);
  const unwatched = { host: HEALTH.host, services: [], checks: [] };
  const choice = { filter: "", unwellOnly: false, nowMs: NOW_MS };
  assert.deepEqual(chosenGroups(unwatched, [], choice), []);
  assert.equal(chosenGroups(unwatched, crashes, choice)[0]?.state, "unknown");
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

import assert from "node:assert/strict";
import {
  aggregateChecks,
  aggregateHost,
  type JudgedCheck,
  MAX_REASONS,
  serviceState,
} from "../../../../mod/health/aggregate.ts";
import type { ServiceHealth } from "../../../../mod/health/check_status.ts";
import type { CheckRole, HealthState } from "../../../../mod/health/health_state.ts";

const ROLES: Readonly<Record<string, CheckRole>> = { l: "liveness", r: "readiness", s: "startup" };
const STATES: Readonly<Record<string, HealthState>> = {
  h: "healthy",
  d: "degraded",
  u: "unhealthy",
  "?": "unknown",
};

/** Checks as two letters each, role and state; `~` behind them: it flaps. */
function checks(text: string): JudgedCheck[] {
  return text.split(" ").filter((word) => word !== "").map((word, i) => ({
    name: `c${i}`,
    role: ROLES[word[0]!]!,
    state: STATES[word[1]!]!,
    flapping: word[2] === "~",
    reason: "as it is",
  }));
}

Deno.test("serviceState: what the checks of a service amount to", () => {
  const table: readonly (readonly [checks: string, state: HealthState])[] = [
    ["", "unknown"],
    ["lh", "healthy"],
    ["lh rh sh", "healthy"],
    ["lu", "unhealthy"],
    ["lu rh", "unhealthy"],
    ["su rh", "unhealthy"],
    // It cannot take any requests.
    ["ru", "unhealthy"],
    ["lh ru", "unhealthy"],
    ["lh ru ru", "unhealthy"],
    // It can take some.
    ["lh ru rh", "degraded"],
    ["lh ru r?", "degraded"],
    ["ld", "degraded"],
    ["lh rd", "degraded"],
    ["lh~", "degraded"],
    ["lh rh~", "degraded"],
    ["lu~ rh", "unhealthy"],
    // Worse comes before unknown.
    ["ld r?", "degraded"],
    ["lh r?", "unknown"],
    ["l?", "unknown"],
    ["s? l? r?", "unknown"],
    ["lu r?", "unhealthy"],
  ];
  for (const [text, state] of table) assert.equal(serviceState(checks(text)), state, text);
});

Deno.test("aggregateChecks: tells why, worst first, and no more than a few", () => {
  assert.deepEqual(aggregateChecks(checks("lh rd lu r? lh~")).reasons, [
    "c2 is unhealthy: as it is",
    "c1 is degraded: as it is",
    "c3 is unknown: as it is",
    "c4 is healthy and flapping: as it is",
  ]);
  assert.deepEqual(aggregateChecks(checks("lh")), { state: "healthy", reasons: [] });
  assert.deepEqual(aggregateChecks([]), { state: "unknown", reasons: ["no checks"] });
  const { reasons } = aggregateChecks(checks("lu ".repeat(40)));
  assert.equal(reasons.length, MAX_REASONS + 1);
  assert.equal(reasons.at(-1), "and 24 more");
});

Deno.test("aggregateHost: what the host's own checks and its services amount to", () => {
  const table: readonly (readonly [own: string | null, services: string[], state: HealthState])[] =
    [
      [null, [], "unknown"],
      ["lh", [], "healthy"],
      ["lu", [], "unhealthy"],
      ["lu", ["lh"], "unhealthy"],
      [null, ["lh", "lh"], "healthy"],
      // One of several: the host does most of what it is for.
      [null, ["lh", "lu"], "degraded"],
      [null, ["lu", "lu"], "unhealthy"],
      ["lh", ["lu"], "unhealthy"],
      ["ld", ["lh"], "degraded"],
      ["lh", ["ld"], "degraded"],
      ["lh", ["l?"], "unknown"],
      ["l?", ["lh"], "unknown"],
      ["l?", ["ld"], "degraded"],
    ];
  for (const [own, services, state] of table) {
    const named = services.map((text, i): ServiceHealth => ({
      service: `s${i}`,
      checks: [],
      ...aggregateChecks(checks(text)),
    }));
    const host = aggregateHost(own === null ? null : aggregateChecks(checks(own)), named);
    assert.equal(host.state, state, `${own} ${services.join(" | ")}`);
    assert.equal(host.reasons.length === 0, state === "healthy");
  }
});

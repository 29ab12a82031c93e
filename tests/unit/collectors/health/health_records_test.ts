import assert from "node:assert/strict";
import { HealthJournal } from "../../../../collectors/health/health_journal.ts";
import { HealthMetrics } from "../../../../collectors/health/health_metrics.ts";
import type { HorizonEvent } from "../../../../mod/events/event.ts";
import type { CheckResult, CheckStatus } from "../../../../mod/health/check_status.ts";
import type { HealthState } from "../../../../mod/health/health_state.ts";
import { RecordingSink } from "../recording_sink.ts";

function status(state: HealthState, changes: Partial<CheckStatus> = {}): CheckStatus {
  return {
    name: "api",
    service: "shop",
    role: "readiness",
    kind: "http",
    state,
    sinceMs: 0,
    flapping: false,
    reason: "",
    intervalMs: 1_000,
    timeoutMs: 1_000,
    running: false,
    runs: 1,
    timeouts: 0,
    skipped: 0,
    last: null,
    recent: [],
    changes: [],
    ...changes,
  };
}

const result = (atMs: number, state: HealthState, message = "m"): CheckResult => ({
  atMs,
  state,
  latencyMs: 12,
  message,
  output: "said",
});

Deno.test("HealthJournal: writes what is new, and now and then what is not", () => {
  const events: HorizonEvent[] = [];
  const journal = new HealthJournal((event) => events.push(event));
  const names = () => events.splice(0).map(({ name }) => name);
  const first = { atMs: 0, from: "unknown", to: "healthy", message: "m" } as const;
  journal.record(status("healthy"), result(0, "healthy"), first);
  assert.deepEqual(events[1], {
    tsMs: 0,
    stream: "health",
    name: "change",
    subject: "api",
    service: "shop",
    pid: null,
    severity: "info",
    message: "m",
    value: 12,
    attributes: {
      role: "readiness",
      kind: "http",
      found: "healthy",
      state: "healthy",
      flapping: "false",
      output: "said",
      from: "unknown",
    },
  });
  assert.deepEqual(names(), ["result", "change"]);
  for (let s = 1; s < 300; s++) {
    journal.record(status("healthy"), result(s * 1000, "healthy"), null);
  }
  assert.deepEqual(names(), []);
  journal.record(status("healthy"), result(300_000, "healthy"), null);
  assert.deepEqual(names(), ["result"]);
  // Other words, another state; the state of the check holds.
  journal.record(status("healthy"), result(301_000, "healthy", "n"), null);
  journal.record(status("healthy"), result(302_000, "unhealthy", "n"), null);
  assert.deepEqual(names(), ["result", "result"]);
  journal.record(status("healthy", { flapping: true }), result(303_000, "unhealthy", "n"), null);
  journal.record(status("healthy", { flapping: true }), result(304_000, "unhealthy", "n"), null);
  journal.record(status("healthy"), result(305_000, "unhealthy", "n"), null);
  assert.deepEqual(names(), ["flapping", "steady"]);
});

Deno.test("HealthMetrics: a run is a state, a latency and counts by what was found", () => {
  const sink = new RecordingSink();
  const metrics = new HealthMetrics(sink);
  metrics.record(status("healthy"), result(1_000, "healthy"));
  metrics.record(status("degraded"), result(2_000, "unhealthy"));
  metrics.record(status("unknown", { service: null }), result(3_000, "unknown"));
  const labels = "health.check.kind=http,health.check.name=api";
  const shop = `${labels},service.name=shop`;
  assert.deepEqual(Object.fromEntries(sink.commits[1]!.samples), {
    [`health.check.status{${shop}}`]: 0.5,
    [`health.check.latency{${shop}}`]: 0.012,
    [`health.check.flapping{${shop}}`]: 0,
    [`health.check.runs{${labels},health.state=healthy,service.name=shop}`]: 1,
    [`health.check.runs{${labels},health.state=unhealthy,service.name=shop}`]: 1,
  });
  assert.equal(sink.last.has(`health.check.status{${labels}}`), false, "nobody knows it");
  assert.equal(sink.last.get(`health.check.latency{${labels}}`), 0.012);
});

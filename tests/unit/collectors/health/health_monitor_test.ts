import assert from "node:assert/strict";
import type { CheckDefinition } from "../../../../collectors/health/check_run.ts";
import { HealthMonitor } from "../../../../collectors/health/health_monitor.ts";
import { type Probe, simpleProbe } from "../../../../collectors/health/probe.ts";
import type { CheckChange, CheckResult } from "../../../../mod/health/check_status.ts";
import { type Finding, finding, type HealthState } from "../../../../mod/health/health_state.ts";
import { FakeTime, settle } from "../fake_time.ts";

const START_MS = 1_700_000_000_000;

function check(
  name: string,
  probe: Probe,
  changes: Partial<CheckDefinition> = {},
): CheckDefinition {
  return {
    name,
    service: "shop",
    role: "liveness",
    kind: "tcp",
    probe,
    intervalMs: 1_000,
    timeoutMs: 500,
    initialDelayMs: 0,
    thresholds: { failures: 1, successes: 1 },
    ...changes,
  };
}

/** A probe that finds what the list says, the last of it again and again; counts its looks. */
function finds(...states: HealthState[]) {
  let looks = 0;
  const probe = simpleProbe(() => {
    const state = states[Math.min(looks++, states.length - 1)]!;
    return Promise.resolve(finding(state, `it is ${state}`));
  });
  return { probe, looks: () => looks };
}

interface Told {
  readonly name: string;
  readonly result: CheckResult;
  readonly change: CheckChange | null;
}

function monitorOf(...checks: CheckDefinition[]) {
  const time = new FakeTime(START_MS);
  const told: Told[] = [];
  const monitor = new HealthMonitor(checks, {
    flapping: { changes: 4, windowMs: 60_000 },
    clock: time,
    timers: time,
    onResult: ({ name }, result, change) => told.push({ name, result, change }),
  });
  return { time, monitor, told };
}

Deno.test("HealthMonitor: a check that hangs delays no other and is never run beside itself", async () => {
  const hanging = Promise.withResolvers<Finding>();
  let started = 0;
  let aborted = 0;
  const hangs = simpleProbe((signal) => {
    started++;
    signal.addEventListener("abort", () => aborted++);
    return hanging.promise;
  });
  const others = Array.from({ length: 20 }, () => finds("healthy"));
  const { time, monitor } = monitorOf(
    check("hangs", hangs),
    ...others.map(({ probe }, i) => check(`c${i}`, probe)),
  );
  monitor.start();
  await time.advance(10_000);
  for (const { looks } of others) assert.equal(looks(), 10);
  assert.equal(started, 1);
  assert.equal(aborted, 1, "its time was up");
  const status = monitor.status("hangs")!;
  assert.equal(status.state, "unhealthy");
  assert.equal(status.reason, "no answer within 500 ms");
  assert.deepEqual([status.timeouts, status.skipped, status.running], [1, 10, true]);
  // It lets go: the slot is free again, and what it answers too late is not used.
  hanging.resolve(finding("healthy", "back"));
  await settle();
  assert.equal(monitor.status("hangs")!.state, "unhealthy");
  await time.advance(1_000);
  assert.equal(monitor.status("hangs")!.state, "healthy");
  await monitor.stop();
  assert.equal(time.timers, 0, "no timer is left");
});

Deno.test("HealthMonitor: checks are spread over their interval, after their initial delay", async () => {
  const startsMs: number[] = [];
  const noting = simpleProbe(() => {
    startsMs.push(time.nowMs() - START_MS);
    return Promise.resolve(finding("healthy", "fine"));
  });
  const { time, monitor } = monitorOf(
    check("a", noting),
    check("b", noting),
    check("c", noting, { initialDelayMs: 3_000 }),
    check("d", noting),
  );
  monitor.start();
  await time.advance(4_000 - 1);
  assert.deepEqual(startsMs.filter((ms) => ms < 1_000), [0, 250, 750]);
  assert.equal(startsMs.filter((ms) => ms % 1_000 === 500)[0], 3_500);
  await monitor.stop();
});

Deno.test("HealthMonitor: tells results and changes, by the thresholds", async () => {
  const { probe } = finds("healthy", "unhealthy", "unhealthy", "healthy");
  const { time, monitor, told } = monitorOf(
    check("a", probe, { thresholds: { failures: 2, successes: 1 } }),
  );
  monitor.start();
  await time.advance(3_500);
  assert.deepEqual(told.map(({ result }) => result.state), [
    "healthy",
    "unhealthy",
    "unhealthy",
    "healthy",
  ]);
  assert.deepEqual(told.map(({ change }) => change && `${change.from}>${change.to}`), [
    "unknown>healthy",
    null,
    "healthy>unhealthy",
    "unhealthy>healthy",
  ]);
  const status = monitor.status("a")!;
  assert.equal(status.sinceMs, START_MS + 3_000);
  assert.deepEqual(status.changes.map(({ to }) => to), ["healthy", "unhealthy", "healthy"]);
  assert.equal(monitor.report().host.state, "healthy");
  await monitor.stop();
});

Deno.test("HealthMonitor: flapping is told in the report", async () => {
  const { probe } = finds("healthy", "unhealthy", "healthy", "unhealthy", "healthy");
  const { time, monitor } = monitorOf(check("a", probe));
  monitor.start();
  await time.advance(3_500);
  assert.equal(monitor.status("a")!.flapping, false);
  await time.advance(1_000);
  assert.equal(monitor.status("a")!.flapping, true);
  assert.deepEqual(monitor.report().services[0], {
    service: "shop",
    checks: ["a"],
    state: "degraded",
    reasons: ["a is healthy and flapping: it is healthy"],
  });
  await time.advance(60_000);
  assert.equal(monitor.status("a")!.flapping, false);
  await monitor.stop();
});

Deno.test("HealthMonitor: a startup check holds the others of its service back, then rests", async () => {
  const [startup, live, other] = [
    finds("unhealthy", "unhealthy", "healthy"),
    finds("healthy"),
    finds("healthy"),
  ];
  const { time, monitor } = monitorOf(
    check("up", startup.probe, { role: "startup" }),
    check("live", live.probe),
    check("other", other.probe, { service: "stock" }),
  );
  monitor.start();
  await time.advance(1_900);
  assert.deepEqual([startup.looks(), live.looks(), other.looks()], [2, 0, 2]);
  assert.equal(monitor.status("live")!.reason, "waits for up");
  assert.equal(monitor.report().services[0]?.state, "unhealthy");
  await time.advance(5_000);
  assert.equal(startup.looks(), 3);
  assert.equal(live.looks(), 5);
  assert.equal(monitor.report().services[0]?.state, "healthy");
  await monitor.stop();
});

Deno.test("HealthMonitor.run: runs now, waits for a run under way, knows no other names", async () => {
  const { probe, looks } = finds("unhealthy", "healthy");
  const { time, monitor } = monitorOf(check("a", probe, { initialDelayMs: 60_000 }));
  monitor.start();
  assert.equal((await monitor.run("a"))?.state, "unhealthy");
  const [one, two] = await Promise.all([monitor.run("a"), monitor.run("a")]);
  assert.equal(one?.state, "healthy");
  assert.equal(two?.state, "healthy");
  assert.equal(looks(), 2);
  assert.equal(await monitor.run("b"), null);
  await time.advance(59_999);
  assert.equal(looks(), 2);
  await monitor.stop();
  await monitor.run("a");
  assert.equal(looks(), 2, "nothing runs after the end");
});

Deno.test("HealthMonitor: a probe that throws is unknown, and long texts are cut", async () => {
  const throws = simpleProbe(() => {
    throw new Error("no such file");
  });
  const talks = simpleProbe(() =>
    Promise.resolve({
      state: "healthy",
      message: "m".repeat(10_000),
      output: `${"o".repeat(1_999)}\u{1f600}`,
    })
  );
  const { time, monitor } = monitorOf(check("throws", throws), check("talks", talks));
  monitor.start();
  await time.advance(900);
  assert.equal(monitor.status("throws")!.state, "unknown");
  assert.match(monitor.status("throws")!.reason, /the check itself failed: no such file/);
  const { last } = monitor.status("talks")!;
  assert.equal(last?.message.length, 500);
  assert.equal(last?.output?.length, 2_000);
  assert.ok(last?.output?.isWellFormed());
  await monitor.stop();
});

Deno.test("HealthMonitor: history is bounded", async () => {
  let looks = 0;
  const swings = simpleProbe(() =>
    Promise.resolve(finding(looks++ % 2 === 0 ? "healthy" : "unhealthy", ""))
  );
  const { time, monitor } = monitorOf(check("a", swings));
  monitor.start();
  await time.advance(200_000);
  const { recent, changes, runs } = monitor.status("a")!;
  assert.ok(runs >= 200);
  assert.equal(recent.length, 60);
  assert.equal(changes.length, 32);
  assert.equal(recent.at(-1)?.atMs, START_MS + 200_000);
  await monitor.stop();
});

Deno.test("HealthMonitor: a probe that wakes the monitor is looked at before its time", async () => {
  let wake = () => {};
  let state: HealthState = "healthy";
  let closed = 0;
  const { time, monitor, told } = monitorOf(check("a", {
    late: "unhealthy",
    look: () => Promise.resolve(finding(state, `it is ${state}`)),
    open: (given) => {
      wake = given;
    },
    close: () => closed++,
  }));
  monitor.start();
  await time.advance(100);
  state = "unhealthy";
  wake();
  await settle();
  assert.deepEqual(told.map(({ result }) => result.state), ["healthy", "unhealthy"]);
  await monitor.stop();
  assert.equal(closed, 1);
});

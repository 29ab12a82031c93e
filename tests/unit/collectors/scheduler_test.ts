import assert from "node:assert/strict";
import type { Collector, CollectorLog, Tick } from "../../../collectors/collector.ts";
import { Scheduler, systemTimers } from "../../../collectors/scheduler.ts";
import { FakeTime, settle } from "./fake_time.ts";

interface Line {
  readonly level: "info" | "warn";
  readonly event: string;
  readonly fields: Record<string, unknown> | undefined;
}

function recordingLog(): CollectorLog & { readonly lines: Line[] } {
  const lines: Line[] = [];
  return {
    lines,
    info: (event, fields) => lines.push({ level: "info", event, fields }),
    warn: (event, fields) => lines.push({ level: "warn", event, fields }),
  };
}

interface Setup {
  readonly time: FakeTime;
  readonly scheduler: Scheduler;
  readonly ticks: number[];
  readonly ranAt: number[];
  readonly log: ReturnType<typeof recordingLog>;
  readonly problems: readonly string[];
  readonly closed: () => number;
}

function setUp(
  collect: (tick: Tick) => Promise<void> | void,
  { intervalMs = 1000, timeoutMs = 500, jitter = 0, startMs = 10_300 } = {},
): Setup {
  const time = new FakeTime(startMs);
  const log = recordingLog();
  const ticks: number[] = [];
  const ranAt: number[] = [];
  let closed = 0;
  const collector: Collector = {
    name: "one",
    intervalMs,
    timeoutMs,
    unavailable: ["pressure/irq: not there"],
    collect(tick) {
      ticks.push(tick.tsMs);
      ranAt.push(time.nowMs());
      return collect(tick);
    },
    close: () => closed++,
  };
  const problems: string[] = [];
  const scheduler = new Scheduler([collector], {
    clock: time,
    timers: time,
    random: () => jitter,
    log,
    onProblem: (name, { reason, message }) => problems.push(`${name} ${reason}: ${message}`),
  });
  scheduler.start();
  return { time, scheduler, ticks, ranAt, log, problems, closed: () => closed };
}

Deno.test("Scheduler: ticks are whole multiples of the interval", async () => {
  const { time, ticks, scheduler } = setUp(() => {});
  await time.advance(3000);
  assert.deepEqual(ticks, [11_000, 12_000, 13_000]);
  await scheduler.stop();
});

Deno.test("Scheduler: jitter delays the run and not the timestamp, always by the same", async () => {
  const { time, ticks, ranAt, scheduler } = setUp(() => {}, { jitter: 0.73 });
  await time.advance(3000);
  assert.deepEqual(ticks, [11_000, 12_000, 13_000]);
  assert.deepEqual(ranAt, [11_073, 12_073, 13_073]);
  await scheduler.stop();
});

Deno.test("Scheduler: jitter of long intervals is bounded", async () => {
  const { time, ranAt, scheduler } = setUp(() => {}, {
    intervalMs: 60_000,
    jitter: 0.999,
  });
  await time.advance(60_000);
  assert.deepEqual(ranAt, [60_249]);
  await scheduler.stop();
});

Deno.test("Scheduler: successes are recorded with duration and time", async () => {
  const { time, scheduler, log } = setUp(() =>
    new Promise((resolve) => {
      time.after(30, resolve);
    })
  );
  assert.equal(scheduler.states()[0]?.lastDurationMs, null);
  await time.advance(2000);
  assert.deepEqual(scheduler.states(), [{
    name: "one",
    intervalMs: 1000,
    timeoutMs: 500,
    running: false,
    lastDurationMs: 30,
    lastSuccessMs: 12_030,
    successes: 2,
    failures: 0,
    timeouts: 0,
    skipped: 0,
    lastError: null,
    unavailable: ["pressure/irq: not there"],
  }]);
  assert.deepEqual(log.lines, []);
  await scheduler.stop();
});

Deno.test("Scheduler: a failure is counted each time and logged once until it recovers", async () => {
  let fail = true;
  const { time, scheduler, log, problems } = setUp(() => {
    if (fail) throw new Error("no such luck");
  });
  await time.advance(3000);
  fail = false;
  await time.advance(2000);
  const [state] = scheduler.states();
  assert.equal(state?.failures, 3);
  assert.equal(state?.successes, 2);
  assert.equal(state?.lastError, "no such luck");
  assert.deepEqual(problems, new Array(3).fill("one failed: no such luck"));
  assert.deepEqual(log.lines, [
    {
      level: "warn",
      event: "collector_failed",
      fields: { collector: "one", error: "no such luck" },
    },
    { level: "info", event: "collector_recovered", fields: { collector: "one", bad_turns: 3 } },
  ]);
  await scheduler.stop();
});

Deno.test("Scheduler: a turn past its timeout is aborted, and its ticks are skipped while it hangs", async () => {
  let release = () => {};
  const aborted: boolean[] = [];
  const { time, scheduler, ticks, log } = setUp((tick) =>
    new Promise((resolve) => {
      tick.signal.addEventListener("abort", () => aborted.push(true));
      release = resolve;
    })
  );
  await time.advance(3500);
  const [hanging] = scheduler.states();
  assert.deepEqual(ticks, [11_000]);
  assert.deepEqual(aborted, [true]);
  assert.equal(hanging?.running, true);
  assert.equal(hanging?.timeouts, 1);
  assert.equal(hanging?.skipped, 2);
  release();
  await settle();
  const [ended] = scheduler.states();
  assert.equal(ended?.running, false);
  assert.equal(ended?.successes, 0, "a turn that timed out is no success");
  await time.advance(500);
  assert.deepEqual(ticks, [11_000, 14_000]);
  assert.deepEqual(log.lines.map(({ event }) => event), ["collector_timed_out"]);
  release();
  await scheduler.stop();
});

Deno.test("Scheduler: synchronous work that took too long counts as timed out", async () => {
  const { time, scheduler } = setUp(() => time.stall(700));
  await time.advance(1500);
  const [state] = scheduler.states();
  assert.equal(state?.timeouts, 1);
  assert.equal(state?.successes, 0);
  assert.equal(state?.lastDurationMs, 700);
  await scheduler.stop();
});

Deno.test("Scheduler: ticks that passed while the process was busy are counted as skipped", async () => {
  const { time, scheduler, ticks } = setUp(() => {});
  await time.advance(1000);
  time.stall(5000);
  await time.advance(1000);
  assert.deepEqual(ticks, [11_000, 12_000, 17_000]);
  assert.equal(scheduler.states()[0]?.skipped, 4);
  await scheduler.stop();
});

Deno.test("Scheduler: a wall clock that is set costs at most one interval and counts no skips", async () => {
  for (const jumpMs of [-3_600_000, 3_600_000]) {
    const { time, scheduler, ticks } = setUp(() => {});
    await time.advance(1000);
    time.setWall(time.nowMs() + jumpMs);
    const before = ticks.length;
    await time.advance(3000);
    assert.ok(ticks.length - before >= 2, `ticks after a jump of ${jumpMs} ms`);
    assert.equal(scheduler.states()[0]?.skipped, 0);
    assert.ok(ticks.every((tick) => tick % 1000 === 0));
    await scheduler.stop();
  }
});

Deno.test("Scheduler: a timer that fires early does not run a tick twice", async () => {
  const time = new FakeTime(10_300);
  const ticks: number[] = [];
  const early = {
    after: (delayMs: number, run: () => void) => time.after(Math.max(0, delayMs - 1), run),
  };
  const scheduler = new Scheduler([{
    name: "one",
    intervalMs: 1000,
    timeoutMs: 500,
    unavailable: [],
    collect: ({ tsMs }) => void ticks.push(tsMs),
    close() {},
  }], { clock: time, timers: early, random: () => 0, log: recordingLog(), onProblem() {} });
  scheduler.start();
  await time.advance(3000);
  assert.deepEqual(ticks, [11_000, 12_000, 13_000]);
  await scheduler.stop();
});

Deno.test("Scheduler.stop: waits for what runs, then closes, and leaves no timer", async () => {
  let release = () => {};
  const { time, scheduler, closed } = setUp(() =>
    new Promise((resolve) => {
      release = resolve;
    })
  );
  await time.advance(1000);
  let stopped = false;
  const stopping = scheduler.stop().then(() => {
    stopped = true;
  });
  await settle();
  assert.equal(stopped, false);
  assert.equal(closed(), 0);
  release();
  await stopping;
  assert.equal(closed(), 1);
  assert.equal(time.timers, 0);
  await scheduler.stop();
  assert.equal(closed(), 1, "stopping twice closes once");
});

Deno.test("Scheduler.stop: waits for a turn that hangs only until its time is up", async () => {
  const { time, scheduler, closed } = setUp(() => new Promise(() => {}));
  await time.advance(1000);
  const stopping = scheduler.stop();
  await time.advance(500);
  await stopping;
  assert.equal(closed(), 1);
});

Deno.test("Scheduler: one collector that hangs does not hold up another", async () => {
  const time = new FakeTime(0);
  let turns = 0;
  const base = { intervalMs: 1000, timeoutMs: 1000, unavailable: [], close() {} };
  const scheduler = new Scheduler([
    { ...base, name: "hangs", collect: () => new Promise<void>(() => {}) },
    { ...base, name: "runs", collect: () => void turns++ },
  ], { clock: time, timers: time, random: () => 0, log: recordingLog(), onProblem() {} });
  scheduler.start();
  await time.advance(5000);
  assert.equal(turns, 5);
  assert.deepEqual(scheduler.states().map(({ skipped }) => skipped), [4, 0]);
  const stopping = scheduler.stop();
  await time.advance(1000);
  await stopping;
});

Deno.test("systemTimers: runs once, unless cancelled", async () => {
  const order: string[] = [];
  const cancel = systemTimers.after(0, () => order.push("cancelled"));
  cancel();
  await new Promise<void>((resolve) => systemTimers.after(0, resolve));
  assert.deepEqual(order, []);
});

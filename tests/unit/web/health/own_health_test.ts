import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import { SeriesRegistry } from "../../../../mod/intern/series_registry.ts";
import { CommitRoundTrip } from "../../../../web/health/commit_round_trip.ts";
import { EventLoopDelay } from "../../../../web/health/event_loop_delay.ts";
import { HealthChecks } from "../../../../web/health/health_checks.ts";
import { SampleBatchBuilder } from "../../../../mod/signals/samples.ts";
import { FakeTime } from "../../collectors/fake_time.ts";
import { fakeWeb, ManualClock } from "../fake_web.ts";

/** A round trip whose commits end as the test says. */
function roundTrip() {
  const time = new FakeTime(1_700_000_000_000);
  const commits: PromiseWithResolvers<void>[] = [];
  const metrics = new SampleBatchBuilder();
  let open = 0;
  let refusal: Error | null = null;
  const commit = new CommitRoundTrip({
    series: new SeriesRegistry({ maxSeries: 10, maxSeriesPerMetric: 10 }),
    intake: {
      builders: { metrics },
      admit: () => {
        if (refusal !== null) throw refusal;
        open++;
        return () => open--;
      },
      commit: () => {
        const made = Promise.withResolvers<void>();
        commits.push(made);
        return made.promise;
      },
    },
  }, time);
  return {
    time,
    commit,
    commits,
    metrics,
    open: () => open,
    refuse: (error: Error | null) => refusal = error,
  };
}

Deno.test("CommitRoundTrip: keeps a row now and then, one at a time", async () => {
  const { time, commit, commits, metrics, open } = roundTrip();
  const first = commit.check();
  time.stall(30_000);
  assert.equal(commit.check(), first, "one under way is not joined by a second");
  commits[0]?.resolve();
  assert.deepEqual(await first, { status: "degraded", message: "a row was kept within 30000 ms" });
  assert.equal(open(), 0);
  time.stall(9_000);
  const second = commit.check();
  commits[1]?.resolve();
  assert.deepEqual(await second, { status: "ok", message: "a row was kept within 0 ms" });
  await commit.check();
  assert.equal(commits.length, 2, "the outcome is used again for ten seconds");
  assert.equal(metrics.rows, 2);
});

Deno.test("CommitRoundTrip: fails with the store, is degraded where there is no room", async () => {
  const { time, commit, commits, refuse } = roundTrip();
  const failing = commit.check();
  commits[0]?.reject(new HorizonError("unavailable", "the store is being restarted"));
  assert.deepEqual(await failing, {
    status: "failing",
    message: "a row was not kept: the store is being restarted",
  });
  time.stall(10_000);
  refuse(new HorizonError("overloaded", "too much waits"));
  assert.equal((await commit.check()).status, "degraded");
});

Deno.test("EventLoopDelay: tells the worst of the last ten seconds", async () => {
  const time = new FakeTime(0);
  const delay = new EventLoopDelay(time, time);
  delay.start();
  await time.advance(5_000);
  assert.equal(delay.check().status, "ok");
  time.stall(3_500);
  await time.advance(0);
  assert.deepEqual(delay.check(), {
    status: "degraded",
    message: "timers ran 3000 ms late within ten seconds",
  });
  await time.advance(10_000);
  assert.equal(delay.check().status, "ok");
  delay.stop();
  assert.equal(time.timers, 0);
});

Deno.test("/readyz: in detail, without some checks, and one check alone", async () => {
  const { request } = fakeWeb({
    health: new HealthChecks([
      { name: "store", check: () => ({ status: "ok", message: "it answers" }) },
      { name: "disk", check: () => ({ status: "failing", message: "/secret/path is full" }) },
    ], new ManualClock()),
  });
  const text = async (path: string) => {
    const response = await request(path);
    return `${response.status} ${await response.text()}`;
  };
  assert.equal(
    await text("/readyz?verbose"),
    "503 [+]store ok\n[-]disk failing\nreadyz check failed: failing\n",
  );
  assert.equal(
    await text("/readyz?verbose&exclude=disk"),
    "200 [+]store ok\nreadyz check passed: ok\n",
  );
  assert.equal(await text("/readyz?exclude=disk,none"), '200 {"status":"ok"}');
  assert.equal(await text("/readyz/store"), '200 {"status":"ok"}');
  assert.equal(await text("/readyz/disk"), '503 {"status":"failing"}');
  assert.equal(await text("/livez?verbose"), "200 livez check passed: ok\n");
  const none = await request("/readyz/nothing");
  assert.equal(none.status, 404);
  assert.deepEqual((await none.json()).error.details, { checks: ["store", "disk"] });
});

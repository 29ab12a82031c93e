import assert from "node:assert/strict";
import { type ReportAnswer, Reporter } from "../../../../mod/exec/reporter.ts";

/** Timers that fire when told, in the order in which they are due. */
class ManualTimers {
  #nowMs = 0;
  #due: { atMs: number; run: () => void }[] = [];
  readonly delays: number[] = [];

  after(delayMs: number, run: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, run };
    this.#due.push(entry);
    this.delays.push(delayMs);
    return () => this.#due = this.#due.filter((one) => one !== entry);
  }

  /** Fires timers until none is due within `ms`, letting promises run in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#due.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = end;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function reporting(answers: (ReportAnswer | Error)[]) {
  const timers = new ManualTimers();
  const requests: (readonly number[])[] = [];
  const problems: (string | null)[] = [];
  const reporter = new Reporter<number>({
    post: (items) => {
      requests.push(items);
      const answer = answers.shift() ?? { kind: "kept" };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    maxBatch: 1_000,
    lingerMs: 200,
    timers,
    random: () => 1,
    onProblem: (sentence) => problems.push(sentence),
  });
  return { reporter, timers, requests, problems };
}

Deno.test("Reporter: items that come together are sent together, in order", async () => {
  const { reporter, timers, requests } = reporting([]);
  for (const item of [1, 2, 3]) reporter.add(item, 10);
  await timers.advance(200);
  assert.deepEqual(requests, [[1, 2, 3]]);
  assert.deepEqual(reporter.stats, { kept: 3, waiting: 0, dropped: 0 });
});

Deno.test("Reporter: what nobody takes is sent again after longer and longer waits", async () => {
  const later: ReportAnswer = { kind: "later", reason: "no room", retryAfterMs: 3_000 };
  const { reporter, timers, requests, problems } = reporting([
    new Error("refused"),
    new Error("refused"),
    later,
  ]);
  reporter.add(1, 10);
  await timers.advance(200);
  reporter.add(2, 10);
  await timers.advance(10_000);
  assert.deepEqual(requests, [[1], [1, 2], [1, 2], [1, 2]]);
  assert.deepEqual(timers.delays, [200, 250, 500, 3_000]);
  assert.deepEqual(problems, ["refused", "no room", null]);
  assert.equal(reporter.stats.kept, 2);
});

Deno.test("Reporter: what can never be taken is dropped, counted and told", async () => {
  const { reporter, timers, problems } = reporting([{ kind: "refused", reason: "no token" }]);
  reporter.add(1, 10);
  await timers.advance(1_000);
  assert.deepEqual(reporter.stats, { kept: 0, waiting: 0, dropped: 1 });
  assert.deepEqual(problems, ["no token"]);
});

Deno.test("Reporter: more than one request takes goes in several", async () => {
  const { reporter, timers, requests } = reporting([]);
  for (let item = 0; item < 1_500; item++) reporter.add(item, 10);
  await timers.advance(200);
  assert.deepEqual(requests.map(({ length }) => length), [1_000, 500]);
});

Deno.test("Reporter: past its bound the newest items are dropped and counted", async () => {
  const { reporter } = reporting([]);
  for (let i = 0; i < 10; i++) reporter.add(i, 1024 * 1024);
  assert.deepEqual(reporter.stats, { kept: 0, waiting: 8, dropped: 2 });
  await reporter.close(0);
});

Deno.test("Reporter: close sends what waits at once", async () => {
  const { reporter, timers, requests } = reporting([]);
  reporter.add(1, 10);
  const closed = reporter.close(2_000);
  await settle();
  await closed;
  assert.deepEqual(requests, [[1]]);
  assert.deepEqual(reporter.stats, { kept: 1, waiting: 0, dropped: 0 });
  reporter.add(2, 10);
  assert.equal(reporter.stats.dropped, 1);
  await timers.advance(10_000);
});

Deno.test("Reporter: close gives up after one attempt where nobody ever answered", async () => {
  const { reporter, requests } = reporting([new Error("refused"), new Error("refused")]);
  reporter.add(1, 10);
  await reporter.close(2_000);
  assert.deepEqual(requests, [[1]]);
  assert.deepEqual(reporter.stats, { kept: 0, waiting: 0, dropped: 1 });
});

Deno.test("Reporter: close does not wait longer than its deadline for an answer", async () => {
  const timers = new ManualTimers();
  const reporter = new Reporter<number>({
    post: () => new Promise<ReportAnswer>(() => {}),
    maxBatch: 1_000,
    lingerMs: 200,
    timers,
    random: () => 0,
    onProblem: () => {},
  });
  reporter.add(1, 10);
  const closed = reporter.close(2_000);
  await timers.advance(2_000);
  await closed;
  assert.deepEqual(reporter.stats, { kept: 0, waiting: 0, dropped: 1 });
});

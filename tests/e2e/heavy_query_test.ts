import assert from "node:assert/strict";
import { z } from "zod";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";

/** Would take days. */
const HEAVY = "SELECT sum(hash(a.range * b.range) % 7) FROM range(3000000) a, range(3000000) b";
const DEADLINE_MS = 4_000;
/** The longest that may be asked for. */
const LONGEST_MS = 60_000;
const RECORDS_PER_POST = 50;
/** None would go through, if the query held the store. */
const POSTS = 20;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly elapsedMs: number;
}

async function ask(
  { url }: RunningHorizon,
  timeoutMs: number,
  signal: AbortSignal | null = null,
): Promise<Answer> {
  const started = performance.now();
  const response = await fetch(`${url}/api/sql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: HEAVY, timeout_ms: timeoutMs }),
    signal,
  });
  const text = await response.text();
  return { status: response.status, text, elapsedMs: performance.now() - started };
}

const Storage = z.object({
  queries: z.object({ running: z.int(), queued: z.int(), cancelled: z.int() }),
});

async function queries({ url }: RunningHorizon): Promise<z.infer<typeof Storage>["queries"]> {
  return Storage.parse(await (await fetch(`${url}/api/storage`)).json()).queries;
}

const isRunning = (horizon: RunningHorizon) =>
  until("the query runs", PATIENCE_MS, async () => (await queries(horizon)).running > 0 || null);

/** A request with log records whose bodies are `number-0` and so on. */
function logsBody(number: number): string {
  const logRecords = Array.from({ length: RECORDS_PER_POST }, (_, i) => ({
    timeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
    body: { stringValue: `${number}-${i}` },
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "busy" } }] };
  return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
}

Deno.test("/api/sql: while a heavy query runs, what comes in is taken and kept", async () => {
  await withHorizon(async (horizon) => {
    const leaving = new AbortController();
    let answered = false;
    const heavy = ask(horizon, LONGEST_MS, leaving.signal).finally(() => answered = true);
    const ended = heavy.then(() => "answered", () => "left");
    await isRunning(horizon);
    for (let i = 0; i < POSTS; i++) {
      const response = await fetch(`${horizon.otlpHttpUrl}/v1/logs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: logsBody(i),
      });
      assert.deepEqual([response.status, await response.text()], [200, "{}"]);
    }
    assert.equal(answered, false, "the query ran all the while");
    assert.deepEqual(
      await horizon.sql("SELECT count(*), count(DISTINCT body) FROM logs WHERE service = 'busy'"),
      [[POSTS * RECORDS_PER_POST, POSTS * RECORDS_PER_POST]],
    );
    leaving.abort();
    assert.equal(await ended, "left");
  });
});

Deno.test("/api/sql: a query is stopped at its deadline, not before, and says so", async () => {
  await withHorizon(async (horizon) => {
    const { status, text, elapsedMs } = await ask(horizon, DEADLINE_MS);
    assert.equal(status, 504, text);
    const { error } = z.object({ error: z.object({ code: z.string(), message: z.string() }) })
      .parse(JSON.parse(text));
    assert.equal(error.code, "deadline_exceeded");
    assert.match(error.message, new RegExp(`${DEADLINE_MS} ms`));
    assert.ok(elapsedMs >= DEADLINE_MS, `${elapsedMs} ms`);
    assert.deepEqual(await horizon.sql("SELECT 1"), [[1]]);
  });
});

Deno.test("/api/sql: other queries are answered beside a heavy one", async () => {
  await withHorizon(async (horizon) => {
    const leaving = new AbortController();
    const heavy = ask(horizon, LONGEST_MS, leaving.signal).then(() => "answered", () => "left");
    await isRunning(horizon);
    for (let i = 0; i < 5; i++) assert.deepEqual(await horizon.sql(`SELECT ${i}`), [[i]]);
    assert.equal((await queries(horizon)).running, 1);
    leaving.abort();
    assert.equal(await heavy, "left");
  });
});

Deno.test("/api/sql: a client that goes away ends its query", async () => {
  await withHorizon(async (horizon) => {
    const before = await queries(horizon);
    const leaving = new AbortController();
    const heavy = ask(horizon, LONGEST_MS, leaving.signal);
    await isRunning(horizon);
    leaving.abort();
    await assert.rejects(heavy, { name: "AbortError" });
    const after = await until("the query's end", PATIENCE_MS, async () => {
      const now = await queries(horizon);
      return now.running === 0 ? now : null;
    });
    assert.equal(after.cancelled, before.cancelled + 1);
    assert.deepEqual(await horizon.sql("SELECT 1"), [[1]]);
  });
});

Deno.test("serve: stops in time although a query runs", async () => {
  await withHorizon(async (horizon) => {
    const heavy = ask(horizon, LONGEST_MS).then(() => "answered", () => "cut off");
    await isRunning(horizon);
    assert.equal(await horizon.stop(), 0, horizon.log);
    await within("the client's end", PATIENCE_MS, heavy);
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { judgeExit } from "../../../../collectors/health/probes/command_probe.ts";
import { judgeAnswer } from "../../../../collectors/health/probes/http_probe.ts";
import {
  judgeCount,
  judgeLimits,
  limitsProbe,
  type ProcessLimits,
  processProbe,
} from "../../../../collectors/health/probes/process_probe.ts";
import { judgeRow, sqlProbe } from "../../../../collectors/health/probes/sql_probe.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import type { SqlValue } from "../../../../mod/ports.ts";
import type { ProcessRow } from "../../../../mod/processes/process_row.ts";
import { sampleProcess } from "../../web/fake_web.ts";

const signal = new AbortController().signal;

Deno.test("judgeRow: the first value decides, the second is the message", () => {
  const table: readonly (readonly [row: SqlValue[], state: string, message: RegExp])[] = [
    [[true], "healthy", /answers true/],
    [[false], "unhealthy", /answers false/],
    [[1], "healthy", /answers 1/],
    [[0], "unhealthy", /answers 0/],
    [[-0.5], "healthy", /answers -0.5/],
    [["degraded", "queue is long"], "degraded", /^queue is long$/],
    [["healthy"], "healthy", /answers healthy/],
    [["unknown"], "unknown", /answers unknown/],
    [["yes"], "unknown", /first value is "yes": want true or false/],
    [[[1]], "unknown", /want true or false/],
    [[null], "degraded", /answers NULL/],
    [[null, "no orders"], "degraded", /^no orders$/],
    [[], "degraded", /answers no row/],
  ];
  for (const [row, state, message] of table) {
    const found = judgeRow(row, "degraded");
    assert.equal(found.state, state, JSON.stringify(row));
    assert.match(found.message, message);
  }
});

Deno.test("sqlProbe: a query that fails says nothing about what is checked", async () => {
  const probe = sqlProbe({
    sql: "SELECT nonsense",
    noData: "unhealthy",
    timeoutMs: 10,
    query: () => Promise.reject(new HorizonError("invalid_query", "no such column")),
  });
  assert.deepEqual(await probe.look(signal), {
    state: "unknown",
    message: "the query failed (invalid_query): no such column",
    output: null,
  });
});

Deno.test("judgeExit: by code, and by signal", () => {
  const codes = { healthyCodes: [0, 3], degradedCodes: [1] };
  const states = [0, 3, 1, 2, 127].map((code) => judgeExit({ code, signal: null }, codes).state);
  assert.deepEqual(states, ["healthy", "healthy", "degraded", "unhealthy", "unhealthy"]);
  const killed = judgeExit({ code: 139, signal: "SIGSEGV" }, codes);
  assert.deepEqual([killed.state, killed.message], ["unhealthy", "was ended by SIGSEGV"]);
});

Deno.test("judgeAnswer: status, then body, then latency", () => {
  const wanted = {
    status: [{ from: 200, to: 299 }],
    bodyMatches: /"ok":\s*true/u,
    maxLatencyMs: 50,
  };
  const judge = (status: number, body: string, latencyMs: number) =>
    judgeAnswer({ status, body, latencyMs }, wanted);
  assert.equal(judge(200, '{"ok": true}', 50).state, "healthy");
  assert.equal(judge(200, '{"ok": true}', 51).state, "degraded");
  assert.match(judge(200, '{"ok": false}', 1).message, /body does not match/);
  assert.equal(judge(500, '{"ok": true}', 1).message, "answers 500, not 200-299");
  assert.equal(judge(500, "why", 1).output, "why");
});

Deno.test("judgeCount: between min and max", () => {
  assert.equal(judgeCount([], 1, null).state, "unhealthy");
  assert.equal(judgeCount([], 0, null).state, "healthy");
  assert.equal(judgeCount([7], 1, 1).message, "1 process runs");
  assert.deepEqual(judgeCount([7, 8], 1, 1), {
    state: "unhealthy",
    message: "2 processes run, want no more than 1",
    output: "pids 7, 8",
  });
});

const NO_LIMITS: ProcessLimits = {
  maxMemoryBytes: null,
  maxCpuCores: null,
  maxOpenFds: null,
  maxFdShare: null,
};
const running = (pid: number, changes: Partial<ProcessRow> = {}): ProcessRow => ({
  ...sampleProcess(pid),
  ...changes,
});

Deno.test("judgeLimits: sums of all, shares of each, unknown where it cannot be read", () => {
  const two = [running(1), running(2, { openFds: 900 })];
  const judge = (limits: Partial<ProcessLimits>, processes = two) => {
    const { state, message } = judgeLimits(processes, { ...NO_LIMITS, ...limits });
    return `${state}: ${message}`;
  };
  assert.equal(judge({ maxMemoryBytes: 2_000_000 }), "healthy: within its limits");
  assert.equal(
    judge({ maxMemoryBytes: 1_999_999, maxCpuCores: 0.4 }),
    "unhealthy: memory is 2000000 bytes of 1999999 bytes; CPU is 0.5 cores of 0.4 cores",
  );
  assert.equal(judge({ maxOpenFds: 909 }), "unhealthy: open descriptors is 910 of 909");
  assert.equal(
    judge({ maxFdShare: 0.8 }),
    "unhealthy: process 2 has 900 of 1024 descriptors open",
  );
  assert.equal(judge({ maxFdShare: 0.9 }), "healthy: within its limits");
  assert.equal(
    judge({ maxFdShare: 0.1 }, [running(1, { fdLimit: null })]).split(":")[0],
    "healthy",
  );
  const hidden = [running(1, { openFds: null })];
  assert.equal(judge({ maxOpenFds: 5 }, hidden), "unknown: cannot be read: open descriptors");
  assert.equal(judge({ maxFdShare: 1 }, hidden), "unknown: cannot be read: open descriptors of 1");
  assert.equal(judge({ maxCpuCores: 1 }, []), "unknown: no process runs");
});

Deno.test("processProbe, limitsProbe: by group and by name, without what has ended", async () => {
  const processes = [
    running(1, { service: "shop", name: "a-very-long-nam", executable: "/opt/a-very-long-name" }),
    running(2, { service: "shop", state: "defunct" }),
    running(3, { service: "shop", exitedAtMs: 5 }),
    running(4, { service: "stock", name: "worker", executable: null }),
  ];
  let tsMs = 1_000;
  const shared = {
    processes: () => ({ tsMs, processes }),
    procRoot: "/nowhere",
    clock: { nowMs: () => 1_500 },
  };
  const count = async (of: Parameters<typeof processProbe>[0]["of"]) =>
    (await processProbe({ ...shared, of, min: 1, max: null }).look(signal)).output;
  assert.equal(await count({ by: "group", service: "shop" }), "pids 1");
  assert.equal(await count({ by: "name", name: "a-very-long-name" }), "pids 1");
  assert.equal(await count({ by: "name", name: "worker" }), "pids 4");
  assert.equal(await count({ by: "name", name: "work" }), null);
  const limits = { ...NO_LIMITS, maxMemoryBytes: 1 };
  const of = { by: "group", service: "stock" } as const;
  assert.equal((await limitsProbe({ ...shared, of, limits }).look(signal)).state, "unhealthy");
  // What was seen long ago says nothing about now.
  tsMs = -60_000;
  const old = await limitsProbe({ ...shared, of, limits }).look(signal);
  assert.deepEqual([old.state, old.message], ["unknown", "processes were last looked at 62 s ago"]);
  const none = { ...shared, processes: () => null };
  assert.equal((await limitsProbe({ ...none, of, limits }).look(signal)).state, "unknown");
});

Deno.test("processProbe: by pid file, over damaged files and stat lines", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/pid`;
  const look = async () =>
    (await processProbe({
      of: { by: "pid_file", path },
      processes: () => null,
      procRoot: folder,
      clock: { nowMs: () => 0 },
      min: 1,
      max: null,
    }).look(signal)).message;
  try {
    assert.equal(await look(), `${path} has no pid`);
    await Deno.writeTextFile(path, "42\n");
    assert.equal(await look(), "process 42 does not run");
    await Deno.mkdir(`${folder}/42`);
    await Deno.writeTextFile(`${folder}/42/stat`, "42 (a) Z) ) S 1 42");
    assert.equal(await look(), "process 42 runs");
    await Deno.writeTextFile(`${folder}/42/stat`, "42 (sh) Z 1 42");
    assert.equal(await look(), "process 42 has ended");
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (pid, stat) => {
        await Deno.writeTextFile(path, pid);
        await Deno.writeTextFile(`${folder}/42/stat`, stat);
        assert.equal(typeof await look(), "string");
      }),
      { numRuns: 50 },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

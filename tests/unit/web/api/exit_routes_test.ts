import assert from "node:assert/strict";
import { ReportedExits } from "../../../../mod/processes/reported_exits.ts";
import { errorOf, fakeWeb } from "../fake_web.ts";

const post = (body: string) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body,
});

Deno.test("POST /api/processes/exits: what a parent tells is there for when the process is missed", async () => {
  const reportedExits = new ReportedExits();
  const { request, clock } = fakeWeb({ reportedExits });
  const told = await request(
    "/api/processes/exits",
    post('{"pid": 7, "signal": "SIGSEGV", "core_dumped": true}'),
  );
  assert.equal(told.status, 204);
  await request("/api/processes/exits", post('{"pid": 8, "exit_code": 3}'));
  const startMs = clock.nowMs() - 1_000;
  assert.deepEqual(reportedExits.take(7, startMs)?.status, {
    kind: "signalled",
    signal: "SIGSEGV",
    coreDumped: true,
  });
  assert.equal(reportedExits.take(7, startMs), null, "once");
  assert.equal(reportedExits.take(8, clock.nowMs() + 60_000), null, "of one before it");
});

Deno.test("POST /api/processes/exits: what it was is there for when nobody has seen it", async () => {
  const reportedExits = new ReportedExits();
  const { request, clock } = fakeWeb({ reportedExits });
  const told = {
    pid: 7,
    exit_code: 3,
    process: { ppid: 1, start_time: "2026-03-01T12:00:00.250Z", args: ["job"], service: "shop" },
  };
  assert.equal((await request("/api/processes/exits", post(JSON.stringify(told)))).status, 204);
  await request("/api/processes/exits", post('{"pid": 8, "exit_code": 3}'));
  assert.deepEqual(reportedExits.takeUnclaimed(clock.nowMs()), [], "it may still be missed");
  const [exit, ...others] = reportedExits.takeUnclaimed(clock.nowMs() + 1);
  assert.deepEqual(others, []);
  assert.deepEqual(exit?.process, {
    ppid: 1,
    startTimeMs: Date.UTC(2026, 2, 1, 12) + 250,
    args: ["job"],
    service: "shop",
  });
  assert.deepEqual(reportedExits.takeUnclaimed(Infinity), [], "once");
});

Deno.test("POST /api/processes/exits: what makes no sense is refused, and said", async () => {
  const { request } = fakeWeb();
  for (
    const body of [
      "x",
      "{}",
      '{"pid": 7}',
      '{"pid": 0, "exit_code": 1}',
      '{"pid": 7, "exit_code": 256}',
      '{"pid": 7, "exit_code": 1, "signal": "SIGKILL"}',
      '{"pid": 7, "signal": "kill"}',
      '{"pid": 7, "exit_code": 1, "more": 1}',
      '{"pid": 7, "exit_code": 1, "process": {"ppid": 1, "start_time": "now", "args": ["job"]}}',
      '{"pid": 7, "exit_code": 1, "process": {"ppid": 1, "start_time": "2026-03-01T12:00:00Z", "args": []}}',
    ]
  ) {
    const refused = await request("/api/processes/exits", post(body));
    assert.equal(refused.status, 400, body);
    assert.equal((await errorOf(refused)).code, "invalid_argument");
  }
});

Deno.test("ReportedExits: past its bound the oldest are forgotten", () => {
  const exits = new ReportedExits();
  const status = { kind: "exited", code: 0 } as const;
  for (let pid = 1; pid <= 1_025; pid++) exits.report({ pid, status, atMs: 0, process: null });
  assert.equal(exits.take(1, 0), null);
  assert.notEqual(exits.take(2, 0), null);
});

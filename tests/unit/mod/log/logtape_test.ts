import assert from "node:assert/strict";
import { type LogEntry, silentLogger } from "../../../../mod/log/logger.ts";
import { type LogOptions, type OpenLog, openLog } from "../../../../mod/log/logtape.ts";

/** A log at a fixed time, and what it wrote. */
function open(options: Partial<LogOptions> = {}): { log: OpenLog; lines: string[] } {
  const lines: string[] = [];
  const log = openLog({
    level: "debug",
    format: "json",
    clock: { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) },
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines };
}

Deno.test("openLog: writes one JSON object a line", () => {
  const { log, lines } = open();
  log.logger.info("ready", { port: 9630, addresses: { http: "127.0.0.1:9630" } });
  log.logger.error("start_failed");
  log.close();
  assert.deepEqual(lines, [
    '{"ts":"2026-01-02T03:04:05.678Z","level":"info","event":"ready","port":9630,' +
    '"addresses":{"http":"127.0.0.1:9630"}}\n',
    '{"ts":"2026-01-02T03:04:05.678Z","level":"error","event":"start_failed"}\n',
  ]);
});

Deno.test("openLog: writes text for people", () => {
  const { log, lines } = open({ format: "text" });
  log.logger.warn("late", {
    by_ms: 12,
    name: "a b",
    line: "x\nERROR fake",
    esc: "\u001b[31m\u009b",
  });
  log.close();
  assert.deepEqual(lines, [
    '2026-01-02T03:04:05.678Z WARN  late by_ms=12 name="a b" line="x\\nERROR fake" ' +
    'esc="\\u001b[31m\\u009b"\n',
  ]);
});

Deno.test("openLog: leaves out what is below the level", () => {
  const table = [["debug", 4], ["info", 3], ["warn", 2], ["error", 1]] as const;
  for (const [level, count] of table) {
    const { log, lines } = open({ level });
    for (const write of [log.logger.debug, log.logger.info, log.logger.warn, log.logger.error]) {
      write("x");
    }
    log.close();
    assert.equal(lines.length, count, level);
  }
});

Deno.test("Logger.child: adds its fields, and a line's own win", () => {
  const { log, lines } = open();
  const child = log.logger.child({ part: "store", id: 1 }).child({ worker: 2, token: "s3cr3t" });
  child.info("x", { id: 3 });
  log.close();
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    ts: "2026-01-02T03:04:05.678Z",
    level: "info",
    event: "x",
    part: "store",
    worker: 2,
    token: "[redacted]",
    id: 3,
  });
});

Deno.test("openLog: a field cannot replace ts, level or event; an event is no template", () => {
  const { log, lines } = open();
  log.logger.info("{level} {x}", { ts: 1, level: "error", event: "fake", x: 2 });
  log.close();
  const line = JSON.parse(lines[0] ?? "");
  assert.deepEqual([line.level, line.event, line._ts, line._level, line._event, line.x], [
    "info",
    "{level} {x}",
    1,
    "error",
    "fake",
    2,
  ]);
});

Deno.test("Logger: never throws, and counts what could not be written", () => {
  const failing = open({
    write: () => {
      throw new Deno.errors.BrokenPipe("closed");
    },
  });
  failing.log.logger.info("x");
  failing.log.logger.info("x");
  assert.equal(failing.log.lostLines(), 2);
  failing.log.close();
  const { log, lines } = open();
  log.logger.info("x", {
    get broken(): string {
      throw new Error("no");
    },
  });
  log.logger.child({
    get broken(): string {
      throw new Error("no");
    },
  }).info("y");
  log.close();
  assert.equal(lines.length, 2);
  assert.equal(log.lostLines(), 0);
});

Deno.test("openLog: tells of each entry, redacted", () => {
  const entries: LogEntry[] = [];
  const { log } = open({ level: "info", onEntry: (entry) => entries.push(entry) });
  log.logger.debug("left_out");
  log.logger.info("login", { password: "hunter2", user: "a" });
  log.close();
  assert.deepEqual(entries, [{
    tsMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    level: "info",
    event: "login",
    fields: { password: "[redacted]", user: "a" },
  }]);
});

Deno.test("openLog: a closed log is silent, and another ends the one before", () => {
  const first = open();
  const second = open();
  first.log.logger.info("to_second");
  first.log.close();
  second.log.logger.info("still_open");
  second.log.close();
  second.log.logger.info("closed");
  assert.equal(first.lines.length, 0);
  assert.deepEqual(second.lines.map((line) => JSON.parse(line).event), ["to_second", "still_open"]);
});

Deno.test("silentLogger: takes everything", () => {
  silentLogger.child({ a: 1 }).error("x", { b: 2 });
});

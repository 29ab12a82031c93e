import assert from "node:assert/strict";
import type { HorizonEvent } from "../../../../mod/events/event.ts";
import type { ProcessDeath } from "../../../../mod/processes/process_death.ts";
import { ReportedExits } from "../../../../mod/processes/reported_exits.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../../../collectors/kernel_constants.ts";
import { KernelLog } from "../../../../collectors/processes/kernel_log.ts";
import { OomCounts } from "../../../../collectors/processes/oom_counts.ts";
import {
  PROCESS_COLLECTOR_DEFAULTS,
  ProcessCollector,
} from "../../../../collectors/processes/process_collector.ts";
import {
  type LifecycleOptions,
  ProcessLifecycle,
} from "../../../../collectors/processes/process_lifecycle.ts";
import { UnitJournal } from "../../../../collectors/processes/unit_journal.ts";
import { FakeTime } from "../fake_time.ts";
import { inTree } from "../fixture_trees.ts";
import { RecordingSink } from "../recording_sink.ts";
import { ProcessTree } from "./process_tree.ts";

const GROUPS = [
  { service: "shop", match: { executable: "shopd" }, children: false },
  { service: "jobs", match: { executable: "jobd" }, children: true },
];

/** As the made-up `/proc/stat` has it. */
const BOOT_MS = 1_000_000_000;

function setUp(tree: ProcessTree, changes: Partial<LifecycleOptions> = {}) {
  const time = new FakeTime(2_000_000_000);
  const events: HorizonEvent[] = [];
  const deaths: ProcessDeath[] = [];
  const reported = new ReportedExits();
  const lifecycle = new ProcessLifecycle({
    sinceMs: time.nowMs(),
    write: (event) => events.push(event),
    history: "all",
    watched: new Set(["shop"]),
    restarts: { windowMs: 60_000, loopCount: 3, stableMs: 30_000 },
    stuckAfterMs: 3_000,
    kernelLog: new KernelLog("/nonexistent"),
    journal: new UnitJournal("/nonexistent"),
    oomCounts: new OomCounts(`${tree.root}/cgroup`),
    reported,
    onDeath: (death) => deaths.push(death),
    waitsIn: () => "io_schedule",
    seesStatusOf: () => true,
    ...changes,
  });
  const collector = new ProcessCollector({
    ...PROCESS_COLLECTOR_DEFAULTS,
    intervalMs: 1000,
    timeoutMs: 1000,
    procRoot: tree.root,
    etcRoot: inTree("kernel-6", "etc"),
    groups: GROUPS,
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: time,
    sink: new RecordingSink(),
    lifecycle,
  });
  const signal = new AbortController().signal;
  const turn = (turns = 1) => {
    for (let i = 0; i < turns; i++) {
      time.stall(1000);
      collector.collect({ tsMs: time.nowMs(), tsUs: time.nowMs() * 1000, signal });
    }
  };
  /** Names of the events about a pid since they were asked for before. */
  const told = (pid: number) => {
    const mine = events.filter((event) => event.pid === pid);
    for (const event of mine) events.splice(events.indexOf(event), 1);
    return mine;
  };
  const names = (pid: number) => told(pid).map(({ name }) => name);
  return { collector, lifecycle, turn, told, names, deaths, reported, time };
}

Deno.test("ProcessLifecycle: starts and ends; what ran before is found, if it is of a group", () =>
  ProcessTree.with((tree) => {
    tree.set(7);
    tree.set(8, { executable: "/opt/shopd", args: ["shopd", "--token=s3cret"] });
    const { collector, turn, told, names, deaths } = setUp(tree);
    turn();
    assert.deepEqual(names(7), []);
    assert.deepEqual(names(8), ["found"]);
    tree.set(9, { executable: "/opt/jobd", ppid: 8, cgroup: `/docker/${"ab".repeat(32)}` });
    turn();
    const [start] = told(9);
    assert.equal(start?.name, "start");
    assert.equal(start?.service, "jobs");
    assert.equal(start?.attributes["ppid"], 8);
    assert.equal(start?.attributes["container_id"], "ab".repeat(32));
    tree.remove(8);
    tree.remove(9);
    // What nothing explains waits for one turn more.
    turn(2);
    const [exit] = told(8);
    assert.equal(exit?.name, "exit");
    assert.equal(exit?.subject, "8-1000008000");
    assert.equal(exit?.attributes["cause"], "unknown");
    assert.equal(exit?.attributes["command_line"], "shopd --token=***");
    assert.match(String(exit?.attributes["evidence"]), /between two looks/);
    assert.deepEqual(deaths.map(({ process, watched }) => [process.pid, watched]), [
      [8, true],
      [9, false],
    ]);
    collector.close();
  }));

Deno.test("ProcessLifecycle: the exit status of a zombie, told once; then that nobody asks for it", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names } = setUp(tree);
    tree.set(1);
    turn();
    tree.set(20, { executable: "/opt/jobd" });
    tree.set(21, { executable: "/opt/jobd", startTicks: 2_100 });
    turn();
    names(20);
    names(21);
    tree.set(20, { state: "Z", threads: 1, waitStatus: 3 << 8 });
    // Its first thread has ended, the others go on.
    tree.set(21, { state: "Z", threads: 3, startTicks: 2_100, executable: "/opt/jobd" });
    turn();
    const [exit, ...more] = told(20);
    assert.deepEqual(more, []);
    assert.equal(exit?.attributes["exit_code"], 3);
    assert.equal(exit?.attributes["cause"], "failed");
    assert.equal(exit?.attributes["executable"], "/opt/jobd", "as it was known before");
    assert.equal(exit?.severity, "error");
    assert.deepEqual(names(21), []);
    turn(9);
    assert.deepEqual(names(20), []);
    turn(2);
    assert.deepEqual(names(20), ["zombie"]);
    tree.remove(20);
    turn();
    assert.deepEqual(names(20), []);
    collector.close();
  }));

Deno.test("ProcessLifecycle: what a process was stays known while it ends and its files are gone", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, deaths } = setUp(tree);
    turn();
    const shop = { executable: "/opt/shopd", args: ["shopd", "--port=1"], cgroup: "/shop", fds: 3 };
    for (const pid of [20, 21]) tree.set(pid, shop);
    turn(6);
    for (const pid of [20, 21]) assert.deepEqual(told(pid).map(({ name }) => name), ["start"]);
    // Its memory and its files have gone; its first thread waits for the others.
    tree.set(20, { state: "Z", exiting: true, threads: 3 });
    // So has it here, since `stat` was read.
    tree.set(21, { threads: 3 });
    turn(6);
    for (const pid of [20, 21]) tree.remove(pid);
    turn(2);
    for (const pid of [20, 21]) {
      const [exit, ...more] = told(pid);
      assert.equal(exit?.name, "exit");
      assert.equal(exit?.service, "shop");
      assert.equal(exit?.attributes["command_line"], "shopd --port=1");
      assert.deepEqual(more, []);
      const death = deaths.find(({ process }) => process.pid === pid);
      assert.equal(death?.process.executable, "/opt/shopd");
      assert.deepEqual(death?.lastSight?.openFiles, {
        0: "/var/file0",
        1: "/var/file1",
        2: "/var/file2",
      });
    }
    collector.close();
  }));

Deno.test("ProcessLifecycle: zombies from before, and hosts with many processes, make no events of the past", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, names } = setUp(tree);
    tree.set(20, { state: "Z", threads: 1, waitStatus: 9 });
    for (let pid = 1_000; pid < 1_400; pid++) tree.set(pid);
    // At most 256 are identified in a turn.
    turn(4);
    assert.deepEqual(names(20), []);
    for (const pid of [1_000, 1_399]) assert.deepEqual(names(pid), []);
    turn(10);
    assert.deepEqual(names(20), ["zombie"]);
    tree.remove(20);
    tree.remove(1_399);
    turn(2);
    assert.deepEqual([names(20), names(1_399)], [[], ["exit"]]);
    collector.close();
  }));

Deno.test("ProcessLifecycle: where exit statuses are not shown, 0 is not believed", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names } = setUp(tree, { seesStatusOf: () => false });
    turn();
    tree.set(20, { executable: "/opt/jobd" });
    turn();
    names(20);
    tree.set(20, { state: "Z", threads: 1, waitStatus: 0 });
    turn(2);
    assert.equal(told(20)[0]?.attributes["cause"], "unknown");
    collector.close();
  }));

Deno.test("ProcessLifecycle: what its parent reports is believed first", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names, reported, time } = setUp(tree);
    turn();
    tree.set(20, { executable: "/opt/jobd" });
    turn();
    names(20);
    const status = { kind: "signalled", signal: "SIGSEGV", coreDumped: true } as const;
    reported.report({ pid: 20, status, atMs: time.nowMs(), process: null });
    tree.remove(20);
    turn();
    const [exit] = told(20);
    assert.equal(exit?.attributes["signal"], "SIGSEGV");
    assert.match(String(exit?.attributes["evidence"]), /core dumped, by its parent/);
    collector.close();
  }));

Deno.test("ProcessLifecycle: what came and went between two looks is told as its parent reports it", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, deaths, reported, time } = setUp(tree);
    turn();
    const startTimeMs = time.nowMs() + 100;
    const process = {
      ppid: 7,
      startTimeMs,
      args: ["/opt/migrate", "--password", "hunter2"],
      service: "migration",
    };
    const status = { kind: "signalled", signal: "SIGSEGV", coreDumped: false } as const;
    reported.report({ pid: 20, status, atMs: startTimeMs + 300, process });
    turn();
    assert.deepEqual(told(20), []);
    turn();
    const [start, exit, ...more] = told(20);
    assert.deepEqual(more, []);
    assert.equal(start?.name, "start");
    assert.equal(start?.tsMs, startTimeMs);
    assert.equal(start?.subject, exit?.subject);
    assert.equal(exit?.name, "exit");
    assert.equal(exit?.tsMs, startTimeMs + 300);
    assert.equal(exit?.service, "migration");
    assert.equal(exit?.value, 0.3);
    assert.equal(exit?.attributes["signal"], "SIGSEGV");
    assert.equal(exit?.attributes["certainty"], "exact");
    assert.equal(exit?.attributes["process"], "migrate");
    assert.equal(exit?.attributes["executable"], "/opt/migrate");
    assert.doesNotMatch(String(exit?.attributes["command_line"]), /hunter2/);
    assert.deepEqual(deaths.map(({ death }) => death.cause), ["crashed"]);
    turn(2);
    assert.deepEqual(told(20), []);
    collector.close();
  }));

Deno.test("ProcessLifecycle: what was seen is told once, whatever its parent says of it", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, names, reported, time } = setUp(tree);
    turn();
    tree.set(20, { executable: "/opt/jobd" });
    turn();
    names(20);
    const process = { ppid: 7, startTimeMs: time.nowMs(), args: ["/opt/jobd"], service: null };
    reported.report({ pid: 20, status: { kind: "exited", code: 3 }, atMs: time.nowMs(), process });
    tree.remove(20);
    turn(3);
    assert.deepEqual(names(20), ["exit"]);
    collector.close();
  }));

Deno.test("ProcessLifecycle: what was seen as a zombie is not told again when its parent reports it", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, reported, time } = setUp(tree, { sinceMs: 0 });
    turn();
    tree.set(20, { executable: "/opt/jobd" });
    turn();
    const startTimeMs = Number(told(20)[0]?.attributes["start_time_us"]) / 1_000;
    tree.set(20, { state: "Z", threads: 1, waitStatus: 3 << 8 });
    turn();
    assert.deepEqual(told(20).map(({ name }) => name), ["exit"]);
    const process = { ppid: 7, startTimeMs: startTimeMs + 40, args: ["/opt/jobd"], service: null };
    reported.report({ pid: 20, status: { kind: "exited", code: 3 }, atMs: time.nowMs(), process });
    tree.remove(20);
    turn(3);
    assert.deepEqual(told(20), []);
    collector.close();
  }));

Deno.test("ProcessLifecycle: what began before Horizon did is not said to have begun after it", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, names, reported, time } = setUp(tree);
    const process = { ppid: 7, startTimeMs: time.nowMs() - 60_000, args: ["job"], service: null };
    turn();
    reported.report({ pid: 20, status: { kind: "exited", code: 3 }, atMs: time.nowMs(), process });
    turn(3);
    assert.deepEqual(names(20), []);
    collector.close();
  }));

Deno.test("ProcessLifecycle: a parent may report a look after its child was missed", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names, reported, time } = setUp(tree);
    turn();
    tree.set(20, { executable: "/opt/jobd" });
    turn();
    names(20);
    tree.remove(20);
    turn();
    assert.deepEqual(names(20), []);
    const missedMs = time.nowMs();
    reported.report({
      pid: 20,
      status: { kind: "exited", code: 3 },
      atMs: missedMs + 5,
      process: null,
    });
    turn();
    const [exit] = told(20);
    assert.equal(exit?.attributes["cause"], "failed");
    assert.equal(exit?.attributes["exit_code"], 3);
    assert.equal(exit?.tsMs, missedMs);
    collector.close();
  }));

Deno.test("ProcessLifecycle: an OOM kill in its cgroup is blamed once", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names } = setUp(tree);
    turn();
    tree.setCgroup("app", "low 0\noom 1\noom_kill 4\n");
    for (const pid of [30, 31]) tree.set(pid, { executable: "/opt/jobd", cgroup: "/app" });
    turn();
    names(30);
    names(31);
    tree.setCgroup("app", "low 0\noom 2\noom_kill 5\n");
    tree.remove(30);
    tree.remove(31);
    turn(2);
    const causes = [...told(30), ...told(31)].map(({ attributes }) => attributes["cause"]);
    assert.deepEqual(causes.sort(), ["oom_killed", "unknown"]);
    collector.close();
  }));

Deno.test("ProcessLifecycle: exec is another program or another stack, not another title", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names } = setUp(tree);
    turn();
    const same = { executable: "/bin/sh", startTicks: 4_000, startStack: 140_000 };
    tree.set(40, { ...same, name: "sh", args: ["sh"] });
    turn();
    names(40);
    tree.set(40, { ...same, name: "titled", args: ["sh: busy"] });
    turn(6);
    assert.deepEqual(names(40), []);
    tree.set(40, { ...same, name: "again", args: ["sh", "b.sh"], startStack: 150_000 });
    turn(6);
    assert.deepEqual(names(40), ["exec"]);
    tree.set(40, { ...same, name: "again", executable: "/bin/other", startStack: 160_000 });
    turn(6);
    const [exec] = told(40);
    assert.equal(exec?.name, "exec");
    assert.equal(exec?.attributes["previous_executable"], "/bin/sh");
    collector.close();
  }));

Deno.test("ProcessLifecycle: restarts, then a loop, then its end", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, time } = setUp(tree);
    turn();
    let pid = 50;
    const all: string[] = [];
    for (let i = 0; i < 4; i++) {
      const startTicks = (time.nowMs() - BOOT_MS) / 10;
      tree.set(++pid, { executable: "/opt/shopd", args: ["shopd"], startTicks });
      turn();
      all.push(...told(pid).map(({ name }) => name));
      if (i === 3) break;
      tree.remove(pid);
      turn(2);
      told(pid);
    }
    assert.deepEqual(all, [
      ...["start", "start", "restart", "start", "restart"],
      ...["start", "restart", "restart_loop"],
    ]);
    turn(31);
    assert.deepEqual(told(pid).map(({ name }) => name), ["restart_loop_end"]);
    collector.close();
  }));

Deno.test("ProcessLifecycle: workers that come and go in a service are no restarts, unless they die", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told } = setUp(tree);
    tree.set(60, { executable: "/opt/jobd" });
    turn();
    tree.set(61, { executable: "/bin/sleep", ppid: 60 });
    turn();
    tree.set(61, { state: "Z", threads: 1, waitStatus: 0, ppid: 60 });
    turn();
    tree.remove(61);
    tree.set(62, { executable: "/bin/sleep", ppid: 60 });
    turn();
    assert.deepEqual(told(62).map(({ name }) => name), ["start"]);
    tree.set(62, { state: "Z", threads: 1, waitStatus: 11, ppid: 60 });
    turn();
    tree.remove(62);
    tree.set(63, { executable: "/bin/sleep", ppid: 60 });
    turn();
    assert.deepEqual(told(63).map(({ name }) => name), ["start", "restart"]);
    collector.close();
  }));

const SHOP = { executable: "/opt/shopd", args: ["shopd", "--port=1"] };

/** Such a process, started now. */
function shopFrom(time: FakeTime, ppid = 1) {
  return { ...SHOP, ppid, startTicks: (time.nowMs() - BOOT_MS) / 10 };
}

Deno.test("ProcessLifecycle: a child between fork and exec is no restart of its parent, whatever it becomes", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names, time } = setUp(tree);
    turn();
    // One has run before and ended, so that the next start is a restart: this one, and no other.
    tree.set(200, shopFrom(time));
    turn();
    tree.remove(200);
    turn(2);
    tree.set(201, shopFrom(time));
    turn();
    assert.deepEqual(names(201), ["start", "restart"]);
    for (let child = 210; child < 230; child += 10) {
      tree.set(child, { ...SHOP, ppid: 201 });
      // Gone again before it was looked at once more.
      tree.set(child + 1, { ...SHOP, ppid: 201 });
      // Ends with a code, as part of a script may.
      tree.set(child + 2, { ...SHOP, ppid: 201 });
      turn();
      tree.remove(child + 1);
      tree.set(child + 2, { ...SHOP, ppid: 201, state: "Z", threads: 1, waitStatus: 1 << 8 });
      tree.set(child, { name: "tar", executable: "/bin/tar", args: ["tar", "c"], ppid: 201 });
      turn(6);
      tree.remove(child + 2);
      tree.remove(child);
      turn(2);
      assert.deepEqual(names(child), ["start", "exec", "exit"]);
      assert.deepEqual(names(child + 1), ["start", "exit"]);
      assert.deepEqual(names(child + 2), ["start", "exit"]);
    }
    // Its parent's own restart is told as before, and has not been counted anew by them.
    tree.remove(201);
    turn(2);
    tree.set(202, shopFrom(time));
    turn();
    const [start, restart, ...more] = told(202);
    assert.deepEqual([start?.name, restart?.name, more], ["start", "restart", []]);
    assert.equal(restart?.value, 2);
    collector.close();
  }));

Deno.test("ProcessLifecycle: a supervisor whose command line begins as its program's, and forks it: true restarts", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names } = setUp(tree);
    const supervisor = { executable: "/opt/shopd", args: ["shopd", "supervise"] };
    const program = { executable: "/opt/shopd", args: ["shopd", "supervise", "--child"] };
    tree.set(300, supervisor);
    turn();
    names(300);
    const all: string[][] = [];
    for (const [pid, seenAs] of [[301, program], [302, supervisor], [303, program]] as const) {
      const same = { ppid: 300, startTicks: pid * 100, startStack: 140_000, name: "shopd" };
      tree.set(pid, { ...same, ...seenAs });
      turn();
      // Seen between fork and exec: only its stack and its arguments tell that it is another program by now.
      tree.set(pid, { ...same, ...program, startStack: 150_000, name: "child" });
      turn(6);
      all.push(told(pid).map(({ name }) => name).filter((name) => name !== "exec"));
      tree.remove(pid);
      turn(2);
    }
    assert.deepEqual(
      all,
      [["start"], ["start", "restart"], ["start", "restart", "restart_loop"]]
        .map((names, i) => i < 2 ? names : names.slice(0, 2)),
    );
    assert.deepEqual(names(300), []);
    collector.close();
  }));

Deno.test("ProcessLifecycle: workers that look like their parent are restarted on their own, when they die", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names, time } = setUp(tree);
    tree.set(400, SHOP);
    turn();
    const startTicks = new Map<number, number>();
    const start = (pid: number) => {
      const worker = shopFrom(time, 400);
      startTicks.set(pid, worker.startTicks);
      tree.set(pid, worker);
    };
    const end = (pid: number, waitStatus: number) => {
      const ended = { state: "Z", threads: 1, waitStatus, startTicks: startTicks.get(pid) ?? 0 };
      tree.set(pid, { ...SHOP, ppid: 400, ...ended });
      turn();
      tree.remove(pid);
    };
    start(401);
    turn(7);
    names(401);
    // It has served its requests: the next one is no restart.
    end(401, 0);
    start(402);
    turn(7);
    assert.deepEqual(names(402), ["start"]);
    end(402, 1 << 8);
    start(403);
    turn(7);
    assert.deepEqual(names(403), ["start", "restart"]);
    // One that crashes at once, before it is looked at again, is one as well.
    end(403, 11);
    start(404);
    turn();
    end(404, 11);
    start(405);
    turn(7);
    assert.deepEqual(names(404), ["start", "restart", "exit"]);
    assert.deepEqual(names(405), ["start", "restart", "restart_loop"]);
    assert.deepEqual(told(400).map(({ name }) => name), ["found"]);
    collector.close();
  }));

Deno.test("ProcessLifecycle: a daemon that its starter leaves behind is no restart; when it comes back it is", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, names } = setUp(tree);
    turn();
    tree.set(500, SHOP);
    turn();
    tree.set(501, { ...SHOP, ppid: 500 });
    turn();
    tree.remove(500);
    tree.set(501, { ...SHOP, ppid: 1 });
    turn(8);
    assert.deepEqual(names(500), ["start", "exit"]);
    assert.deepEqual(names(501), ["start"]);
    tree.remove(501);
    turn(2);
    tree.set(502, SHOP);
    turn();
    assert.deepEqual(names(502), ["start", "restart"]);
    collector.close();
  }));

Deno.test("ProcessLifecycle: what waits in the kernel for long is stuck, until it goes on", () =>
  ProcessTree.with((tree) => {
    const { collector, turn, told, names } = setUp(tree);
    tree.set(70, { executable: "/opt/shopd" });
    turn();
    names(70);
    tree.set(70, { state: "D", executable: "/opt/shopd" });
    turn(3);
    assert.deepEqual(names(70), []);
    turn();
    const [stuck] = told(70);
    assert.equal(stuck?.name, "stuck");
    assert.equal(stuck?.value, 3);
    assert.match(stuck?.message ?? "", /in io_schedule$/);
    turn(5);
    tree.set(70, { executable: "/opt/shopd" });
    turn();
    const [unstuck] = told(70);
    assert.equal(unstuck?.name, "unstuck");
    assert.equal(unstuck?.value, 9);
    collector.close();
  }));

Deno.test("ProcessLifecycle: history of groups only, and of none", () =>
  ProcessTree.with((tree) => {
    for (const [history, expected] of [["matched", 1], ["none", 0]] as const) {
      const { collector, turn, told } = setUp(tree, { history });
      turn();
      tree.set(80, {});
      tree.set(81, { executable: "/opt/shopd" });
      turn();
      assert.equal(told(80).length, 0);
      assert.equal(told(81).length, expected);
      tree.remove(80);
      tree.remove(81);
      collector.close();
    }
  }));

Deno.test("ProcessLifecycle: a storm of processes of no group is bounded and counted", () =>
  ProcessTree.with((tree) => {
    const { collector, lifecycle, turn } = setUp(tree);
    turn();
    for (let pid = 100; pid < 700; pid++) tree.set(pid);
    // At most 256 are identified in a turn.
    turn(3);
    for (let pid = 100; pid < 700; pid++) tree.remove(pid);
    turn(2);
    assert.equal(lifecycle.leftOut, 600 - 512);
    assert.ok(collector.unavailable.some((note) => note.startsWith("88 events about processes")));
    collector.close();
  }));

Deno.test("ProcessCollector: counts what came and went unseen", () =>
  ProcessTree.with((tree) => {
    const { collector, turn } = setUp(tree);
    tree.set(7);
    tree.setForks(1_000);
    turn();
    assert.equal(collector.stats.unseen, 0);
    // Five are seen, of four threads each.
    for (let pid = 10; pid < 15; pid++) tree.set(pid);
    tree.setForks(1_050);
    turn(5);
    assert.equal(collector.stats.unseen, 30);
    collector.close();
  }));

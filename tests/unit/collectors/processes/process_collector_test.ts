import assert from "node:assert/strict";
import type { ProcessRow } from "../../../../mod/processes/process_row.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../../../collectors/kernel_constants.ts";
import {
  PROCESS_COLLECTOR_DEFAULTS,
  ProcessCollector,
  type ProcessCollectorOptions,
} from "../../../../collectors/processes/process_collector.ts";
import { systemClock } from "../../../../mod/clock.ts";
import { FakeTime } from "../fake_time.ts";
import { inTree } from "../fixture_trees.ts";
import { RecordingSink } from "../recording_sink.ts";
import { ProcessTree } from "./process_tree.ts";

const START_MS = 2_000_000_000;

function setUp(procRoot: string, changes: Partial<ProcessCollectorOptions> = {}) {
  const time = new FakeTime(START_MS);
  const sink = new RecordingSink();
  const collector = new ProcessCollector({
    ...PROCESS_COLLECTOR_DEFAULTS,
    intervalMs: 1000,
    timeoutMs: 1000,
    procRoot,
    etcRoot: inTree("kernel-6", "etc"),
    groups: [],
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: time,
    sink,
    ...changes,
  });
  const signal = new AbortController().signal;
  const turn = (turns = 1) => {
    for (let i = 0; i < turns; i++) {
      time.stall(1000);
      collector.collect({ tsMs: time.nowMs(), tsUs: time.nowMs() * 1000, signal });
    }
  };
  const row = (pid: number): ProcessRow | undefined =>
    collector.processList().processes.find((one) => one.pid === pid);
  return { time, sink, collector, turn, row };
}

const APP_GROUP = { service: "app", match: { executable: "orchestrator" }, children: true };

Deno.test("ProcessCollector: the processes of a recorded host", () => {
  const { collector, sink, turn, row } = setUp(inTree("kernel-6", "proc"), {
    groups: [APP_GROUP],
  });
  turn(10);
  assert.deepEqual(
    collector.processList().processes.map(({ pid, name, service, state, user }) => [
      pid,
      name,
      service,
      state,
      user,
    ]).sort((a, b) => Number(a[0]) - Number(b[0])),
    [
      [1, "systemd", null, "sleeping", "root"],
      [100, "orchestrator", "app", "sleeping", "app"],
      [101, "a) (b", "app", "running", "app"],
      [102, "worker two", "app", "blocked", "4242"],
      [103, "zombie", "app", "defunct", "app"],
      [200, "nginx", null, "sleeping", "root"],
    ],
  );
  assert.deepEqual(row(100), {
    pid: 100,
    ppid: 1,
    startTimeMs: 1_700_000_050_000,
    name: "orchestrator",
    executable: "/opt/app/orchestrator",
    commandLine: "/opt/app/orchestrator --config=/etc/app.yaml --db-password=***",
    user: "app",
    state: "sleeping",
    service: "app",
    cgroup: "/system.slice/app.service",
    containerId: null,
    cpuRatio: 0,
    rssBytes: 3102 * 4096,
    virtualBytes: 226975744,
    pssBytes: 9000 * 1024,
    threads: 8,
    openFds: 3,
    fdLimit: 1024,
    readBytesPerSecond: 0,
    writeBytesPerSecond: 0,
    firstSeenMs: START_MS + 1000,
    lastSeenMs: START_MS + 10_000,
    exitedAtMs: null,
  });
  assert.equal(row(101)?.executable, "/opt/app/worker");
  assert.equal(row(102)?.commandLine, null, "arguments of a stuck process are not waited for");
  assert.equal(row(1)?.pssBytes, null, "of grouped processes only");
  assert.equal(row(200)?.commandLine, "nginx: master process /usr/sbin/nginx -g daemon on;");
  assert.equal(
    sink.last.get(
      "process.memory.usage{process.executable.name=worker,process.pid=101,service.name=app}",
    ),
    3102 * 4096,
  );
  assert.deepEqual(sink.lastOf("system.process.count"), {
    "system.process.count{process.state=running}": 1,
    "system.process.count{process.state=sleeping}": 4,
    "system.process.count{process.state=blocked}": 1,
    "system.process.count{process.state=stopped}": 0,
    "system.process.count{process.state=defunct}": 1,
    "system.process.count{process.state=idle}": 1,
    "system.process.count{process.state=unknown}": 0,
  });
  collector.close();
});

Deno.test("ProcessCollector: every metric of a process, with the conventions' attributes", () =>
  ProcessTree.with((tree) => {
    const process = {
      args: ["/opt/x"],
      executable: "/opt/x",
      fds: 5,
      readBytes: 100,
      writeBytes: 200,
    };
    tree.set(8, { ...process, userTicks: 100, systemTicks: 50 });
    const { collector, sink, turn } = setUp(tree.root);
    turn();
    assert.deepEqual(sink.lastOf("process."), {}, "not before it was seen twice");
    tree.set(8, { ...process, userTicks: 150, systemTicks: 100, rssPages: 20 });
    turn();
    const pid = "process.executable.name=x,process.pid=8";
    assert.deepEqual(sink.lastOf("process."), {
      [`process.cpu.time{cpu.mode=user,${pid}}`]: 1.5,
      [`process.cpu.time{cpu.mode=system,${pid}}`]: 1,
      // One second of CPU time in one second, of two logical CPUs.
      [`process.cpu.utilization{${pid}}`]: 0.5,
      [`process.memory.usage{${pid}}`]: 20 * 4096,
      [`process.memory.virtual{${pid}}`]: 8192,
      [`process.thread.count{${pid}}`]: 4,
      [`process.paging.faults{${pid},system.paging.fault.type=minor}`]: 5,
      [`process.paging.faults{${pid},system.paging.fault.type=major}`]: 2,
      [`process.uptime{${pid}}`]: (START_MS + 2000 - 1_000_008_000) / 1000,
      [`process.unix.file_descriptor.count{${pid}}`]: 5,
      [`process.unix.file_descriptor.limit{${pid}}`]: 1024,
      [`process.disk.io{disk.io.direction=read,${pid}}`]: 100,
      [`process.disk.io{disk.io.direction=write,${pid}}`]: 200,
      [`process.context_switches{process.context_switch.type=voluntary,${pid}}`]: 3,
      [`process.context_switches{process.context_switch.type=involuntary,${pid}}`]: 4,
    });
    turn();
    assert.equal(Object.keys(sink.lastOf("process.")).length, 4, "between slow turns");
    turn(5);
    const all = new Set(sink.commits.slice(-5).flatMap(({ samples }) => [...samples.keys()]));
    assert.equal([...all].filter((key) => key.startsWith("process.")).length, 15);
    collector.close();
  }));

Deno.test("ProcessCollector: CPU and IO rates in the table", () =>
  ProcessTree.with((tree) => {
    tree.set(7, { userTicks: 100 });
    const { collector, turn, row } = setUp(tree.root, { slowTurns: 1 });
    turn();
    assert.equal(row(7)?.cpuRatio, null);
    turn();
    tree.set(7, { userTicks: 250, readBytes: 4096, writeBytes: 100 });
    turn();
    assert.equal(row(7)?.cpuRatio, 1.5);
    assert.equal(row(7)?.readBytesPerSecond, 4096);
    assert.equal(row(7)?.writeBytesPerSecond, 100);
    collector.close();
  }));

Deno.test("ProcessCollector: an ended process leaves the list, keeps a row, and is no longer the latest", () =>
  ProcessTree.with((tree) => {
    tree.set(7, { args: ["seven"] });
    tree.set(8);
    const { collector, sink, turn, row } = setUp(tree.root);
    turn(2);
    tree.remove(7);
    turn();
    assert.equal(row(7), undefined);
    assert.ok(row(8));
    const [ended] = collector.processRows().filter(({ exitedAtMs }) => exitedAtMs !== null);
    assert.equal(ended?.pid, 7);
    assert.equal(ended?.commandLine, "seven");
    assert.equal(ended?.exitedAtMs, START_MS + 3000);
    assert.equal(ended?.lastSeenMs, START_MS + 2000);
    assert.ok(
      sink.forgotten.includes("process.memory.usage{process.executable.name=p7,process.pid=7}"),
    );
    assert.ok(!sink.forgotten.some((key) => key.includes("process.pid=8")));
    collector.close();
  }));

Deno.test("ProcessCollector: a pid that is given again is another process", () =>
  ProcessTree.with((tree) => {
    tree.set(7, { name: "old", startTicks: 100, userTicks: 5000 });
    const { collector, turn, row } = setUp(tree.root);
    turn(2);
    tree.set(7, { name: "new", startTicks: 900, userTicks: 1 });
    turn();
    assert.equal(row(7)?.name, "new");
    assert.equal(row(7)?.cpuRatio, null);
    assert.equal(row(7)?.firstSeenMs, START_MS + 3000);
    assert.deepEqual(
      collector.processRows().map(({ name, exitedAtMs }) => [name, exitedAtMs !== null]),
      [["old", true], ["new", false]],
    );
    collector.close();
  }));

Deno.test("ProcessCollector: a process that becomes another program gets its labels", () =>
  ProcessTree.with((tree) => {
    tree.set(7, { name: "sh", args: ["sh"], executable: "/bin/sh", userTicks: 1 });
    const { collector, sink, turn, row } = setUp(tree.root);
    turn(2);
    tree.set(7, { name: "app", args: ["app"], executable: "/opt/app", userTicks: 2 });
    turn();
    assert.equal(row(7)?.executable, "/opt/app");
    assert.equal(row(7)?.commandLine, "app");
    assert.equal(row(7)?.firstSeenMs, START_MS + 1000, "it is the same process");
    assert.ok(sink.last.has("process.memory.usage{process.executable.name=app,process.pid=7}"));
    assert.ok(!sink.last.has("process.memory.usage{process.executable.name=sh,process.pid=7}"));
    collector.close();
  }));

Deno.test("ProcessCollector: a title that is set after the start is seen on a later turn", () =>
  ProcessTree.with((tree) => {
    tree.set(7, { args: ["postgres"] });
    const { collector, turn, row } = setUp(tree.root);
    turn();
    tree.set(7, { args: ["postgres: checkpointer"] });
    turn(5);
    assert.equal(row(7)?.commandLine, "postgres: checkpointer");
    collector.close();
  }));

Deno.test("ProcessCollector: the orchestrator and its subprocesses are one service, also orphans", () =>
  ProcessTree.with((tree) => {
    tree.set(1, { name: "init", ppid: 0 });
    tree.set(10, { executable: "/opt/orchestrator" });
    tree.set(11, { ppid: 10 });
    tree.set(12, { ppid: 11 });
    const { collector, sink, turn, row } = setUp(tree.root, { groups: [APP_GROUP] });
    turn();
    assert.deepEqual([1, 10, 11, 12].map((pid) => row(pid)?.service), [null, "app", "app", "app"]);
    assert.ok(
      sink.last.has(
        "process.memory.usage{process.executable.name=p12,process.pid=12,service.name=app}",
      ),
      "those of a service have metrics at once",
    );
    tree.remove(11);
    tree.set(12, { ppid: 1 });
    tree.set(13, { ppid: 12 });
    turn();
    assert.deepEqual([12, 13].map((pid) => row(pid)?.service), ["app", "app"]);
    const resident = sink.series.resolve("process.memory.usage", "updown", "By", [
      ["process.executable.name", "p13"],
      ["process.pid", "13"],
      ["service.name", "app"],
    ], "");
    assert.equal(sink.series.get(resident)?.service, "app");
    collector.close();
  }));

Deno.test("ProcessCollector: a pid file that changes moves the service", () =>
  ProcessTree.with((tree) => {
    const pidFile = `${tree.root}/daemon.pid`;
    tree.set(10);
    tree.set(11);
    Deno.writeTextFileSync(pidFile, "10\n");
    const { collector, turn, row } = setUp(tree.root, {
      groups: [{ service: "daemon", match: { pidFile }, children: false }],
    });
    turn();
    assert.deepEqual([row(10)?.service, row(11)?.service], ["daemon", null]);
    Deno.writeTextFileSync(pidFile, "11\n");
    turn(5);
    assert.deepEqual([row(10)?.service, row(11)?.service], [null, "daemon"]);
    collector.close();
  }));

Deno.test("ProcessCollector: `matched` measures only what belongs to a service, yet lists all", () =>
  ProcessTree.with((tree) => {
    tree.set(10, { executable: "/opt/orchestrator" });
    tree.set(20);
    const { collector, sink, turn } = setUp(tree.root, {
      groups: [APP_GROUP],
      include: "matched",
    });
    turn(3);
    assert.equal(Object.keys(sink.lastOf("process.memory.usage")).length, 1);
    assert.equal(collector.processList().processes.length, 2);
    collector.close();
  }));

Deno.test("ProcessCollector: short-lived processes make no series", () =>
  ProcessTree.with((tree) => {
    const { collector, sink, turn } = setUp(tree.root);
    for (let pid = 100; pid < 150; pid++) {
      tree.set(pid);
      turn();
      tree.remove(pid);
    }
    turn();
    assert.deepEqual(Object.keys(sink.lastOf("process.")), []);
    assert.equal(
      sink.commits.some(({ samples }) =>
        [...samples.keys()].some((key) => key.startsWith("process."))
      ),
      false,
    );
    assert.equal(collector.processRows().length, 50, "their rows are there");
    collector.close();
  }));

Deno.test("ProcessCollector: threads of the kernel only count, unless asked for", () =>
  ProcessTree.with((tree) => {
    tree.set(2, { kernelThread: true, state: "I", args: [] });
    const counted = setUp(tree.root);
    counted.turn(6);
    assert.deepEqual(counted.collector.processRows(), []);
    assert.equal(counted.sink.last.get("system.process.count{process.state=idle}"), 1);
    assert.deepEqual(counted.sink.lastOf("process."), {});
    counted.collector.close();
    const shown = setUp(tree.root, { kernelThreads: true });
    shown.turn(6);
    assert.equal(shown.row(2)?.state, "idle");
    assert.ok(
      shown.sink.last.has(
        "process.cpu.time{cpu.mode=user,process.executable.name=p2,process.pid=2}",
      ),
    );
    assert.deepEqual(shown.sink.lastOf("process.memory.usage"), {});
    shown.collector.close();
  }));

Deno.test("ProcessCollector: past its bound processes are left out, counted and named", () =>
  ProcessTree.with((tree) => {
    for (let pid = 1; pid <= 5; pid++) tree.set(pid);
    const { collector, turn } = setUp(tree.root, { maxProcesses: 3 });
    turn(2);
    assert.equal(collector.processList().processes.length, 3);
    assert.equal(collector.stats.leftOut, 2);
    assert.ok(collector.unavailable.includes("2 processes: the table is full at 3"));
    collector.close();
  }));

Deno.test("ProcessCollector: more new processes than one turn identifies have their turn later", () =>
  ProcessTree.with((tree) => {
    for (let pid = 1; pid <= 300; pid++) tree.set(pid, { args: [`a${pid}`] });
    const { collector, turn } = setUp(tree.root);
    const named = () =>
      collector.processList().processes.filter(({ commandLine }) => commandLine !== null).length;
    turn();
    assert.equal(named(), 256);
    turn();
    assert.equal(named(), 300);
    assert.equal(collector.stats.keptFiles, 25, "a quarter of what this process may open");
    assert.equal(collector.stats.slowTurns, 6);
    collector.close();
    assert.equal(collector.stats.keptFiles, 0);
  }));

Deno.test("ProcessCollector: a file that is damaged for a while is no exit", () =>
  ProcessTree.with((tree) => {
    tree.set(7);
    const { collector, turn, row } = setUp(tree.root);
    turn(2);
    tree.write(7, "stat", "7 (p7) S 1");
    turn();
    assert.equal(row(7)?.firstSeenMs, START_MS + 1000);
    assert.equal(collector.stats.unreadable, 1);
    tree.set(7);
    turn();
    assert.equal(row(7)?.lastSeenMs, START_MS + 4000);
    assert.equal(collector.processRows().length, 1);
    collector.close();
  }));

Deno.test("ProcessCollector: damaged files of processes make no failure and no odd values", () => {
  const { collector, sink, turn, row } = setUp(inTree("damaged", "proc"), { pss: "all" });
  turn(10);
  assert.deepEqual(collector.processList().processes.map(({ pid }) => pid).sort(), [1, 5]);
  assert.equal(row(5)?.user, null);
  for (const { samples } of sink.commits) {
    for (const [key, value] of samples) assert.ok(Number.isFinite(value) && value >= 0, key);
  }
  collector.close();
});

Deno.test("ProcessCollector: a root that cannot be listed is a failure, and nothing is committed", () => {
  const { sink, turn } = setUp("/nonexistent");
  assert.throws(() => turn(), Deno.errors.NotFound);
  assert.equal(sink.commits.length, 0);
});

Deno.test("ProcessCollector: series that the limits refuse are asked for again on slow turns only", () =>
  ProcessTree.with((tree) => {
    tree.set(7);
    const sink = new RecordingSink(8);
    const { collector, turn } = setUp(tree.root, { sink });
    turn(2);
    const refusals = sink.series.refusals.totals.max_series;
    assert.ok(refusals > 0);
    // Pid 7 has its slow turn when turn + 7 is a multiple of 5, that is on turn 3.
    turn();
    const afterSlow = sink.series.refusals.totals.max_series;
    turn(2);
    assert.equal(sink.series.refusals.totals.max_series, afterSlow);
    collector.close();
  }));

Deno.test("ProcessCollector: a process of this host, from its start to its end", async () => {
  const sink = new RecordingSink();
  const collector = new ProcessCollector({
    ...PROCESS_COLLECTOR_DEFAULTS,
    intervalMs: 1000,
    timeoutMs: 1000,
    procRoot: "/proc",
    groups: [{
      service: "child",
      match: { commandLine: /horizon-collector-test/ },
      children: true,
    }],
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: systemClock,
    sink,
  });
  const signal = new AbortController().signal;
  const collect = () => {
    const tsMs = Date.now();
    collector.collect({ tsMs, tsUs: tsMs * 1000, signal });
  };
  const beforeMs = Date.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "console.log('ready'); await Deno.stdin.read(new Uint8Array(1))",
      "horizon-collector-test",
      "--password=hunter2",
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const output = child.stdout.getReader();
    await output.read();
    await output.cancel();
    const readyMs = Date.now();
    const ownRow = () => collector.processList().processes.find(({ pid }) => pid === child.pid);
    // A turn identifies so many new processes only, and a busy host may have more.
    for (let turns = 0; turns < 20 && (ownRow()?.commandLine ?? null) === null; turns++) collect();
    const row = ownRow();
    assert.equal(row?.service, "child");
    assert.equal(row?.ppid, Deno.pid);
    assert.ok(row?.commandLine?.endsWith("horizon-collector-test --password=***"));
    assert.ok((row?.rssBytes ?? 0) > 1 << 20);
    assert.ok((row?.openFds ?? 0) >= 3);
    // The boot time is known to the second.
    const startTimeMs = row?.startTimeMs ?? 0;
    assert.ok(startTimeMs > beforeMs - 2000 && startTimeMs < readyMs + 2000);
    assert.ok(
      [...sink.last.keys()].some((key) =>
        key.startsWith("process.memory.usage{") && key.includes(`process.pid=${child.pid},`)
      ),
    );
  } finally {
    await child.stdin.close();
    await child.status;
  }
  collect();
  const ended = collector.processRows().find(({ pid }) => pid === child.pid);
  assert.ok(ended !== undefined && ended.exitedAtMs !== null);
  collector.close();
});

import assert from "node:assert/strict";
import { maxKeptFiles, ProcessReader } from "../../../../collectors/processes/process_reader.ts";
import { emptyProcessStat } from "../../../../collectors/processes/process_stat.ts";
import { inTree } from "../fixture_trees.ts";

Deno.test("ProcessReader.pids: folders that are numbers", () => {
  const pids = new ProcessReader(inTree("kernel-6", "proc"), 0).pids();
  assert.deepEqual(pids.sort((a, b) => a - b), [1, 2, 30, 100, 101, 102, 103, 200]);
  const damaged = new ProcessReader(inTree("damaged", "proc"), 0).pids();
  assert.deepEqual(damaged.sort((a, b) => a - b), [1, 2, 3, 4, 5, 6]);
});

Deno.test("ProcessReader.pids: a root that cannot be listed is an error", () => {
  assert.throws(() => new ProcessReader("/nonexistent", 0).pids(), Deno.errors.NotFound);
});

Deno.test("ProcessReader.stat: keeps files open up to its bound", () => {
  const reader = new ProcessReader(inTree("kernel-6", "proc"), 1);
  const stat = emptyProcessStat();
  const [one, two] = [{ pid: 1, kept: null }, { pid: 100, kept: null }];
  for (let look = 0; look < 3; look++) {
    assert.equal(reader.stat(one, stat), "read");
    assert.equal(stat.userTicks, 100);
    assert.equal(reader.stat(two, stat), "read");
    assert.equal(stat.userTicks, 500);
  }
  assert.equal(reader.keptFiles, 1);
  reader.release(one);
  reader.release(two);
  assert.equal(reader.keptFiles, 0);
});

Deno.test("ProcessReader.stat: gone is told from what cannot be read", () => {
  const reader = new ProcessReader(inTree("damaged", "proc"), 0);
  const stat = emptyProcessStat();
  const outcomes = [1, 2, 3, 4, 5, 6, 7].map((pid) => reader.stat({ pid, kept: null }, stat));
  assert.deepEqual(outcomes, [
    "read",
    "unreadable",
    "unreadable",
    "unreadable",
    "read",
    "gone",
    "gone",
  ]);
});

Deno.test("ProcessReader.stat: a kept file of a process that ended says so", async () => {
  const reader = new ProcessReader("/proc", 1);
  const stat = emptyProcessStat();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "await Deno.stdin.read(new Uint8Array(1))"],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const file = { pid: child.pid, kept: null };
  try {
    assert.equal(reader.stat(file, stat), "read");
    assert.equal(reader.keptFiles, 1);
  } finally {
    await child.stdin.close();
    await child.status;
  }
  assert.equal(reader.stat(file, stat), "gone");
  reader.release(file);
  assert.equal(reader.stat(file, stat), "gone");
});

Deno.test("ProcessReader: the other files of this process", () => {
  const reader = new ProcessReader("/proc", 0);
  assert.match(reader.text(Deno.pid, "status") ?? "", /^Name:/);
  assert.ok((reader.openFds(Deno.pid) ?? 0) >= 3);
  assert.ok(reader.executable(Deno.pid)?.startsWith("/"));
  assert.equal(reader.text(2 ** 22 + 1, "status"), null);
  assert.equal(reader.openFds(2 ** 22 + 1), null);
  assert.equal(reader.executable(2 ** 22 + 1), null);
});

Deno.test("ProcessReader.executable: without the mark of a replaced file", () => {
  const reader = new ProcessReader(inTree("kernel-6", "proc"), 0);
  assert.equal(reader.executable(101), "/opt/app/worker");
});

Deno.test("ProcessReader.text: what is longer than its buffer is cut", async () => {
  const root = await Deno.makeTempDir();
  try {
    Deno.mkdirSync(`${root}/1`);
    Deno.writeTextFileSync(`${root}/1/cmdline`, "x".repeat(100_000));
    assert.equal(new ProcessReader(root, 0).text(1, "cmdline")?.length, 16 << 10);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("maxKeptFiles: a share of what may be open, bounded", () => {
  assert.equal(maxKeptFiles(1024), 256);
  assert.equal(maxKeptFiles(1_000_000), 4096);
  assert.equal(maxKeptFiles(null), 1024);
});

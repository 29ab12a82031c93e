import assert from "node:assert/strict";
import { filesystemPart, spaceOf } from "../../../../collectors/host/filesystem.ts";
import { hostCollector } from "../../../../collectors/host/host_part.ts";
import { HostFiles } from "../../../../collectors/host_files.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../../../collectors/kernel_constants.ts";
import { FakeTime, settle } from "../fake_time.ts";
import { inTree } from "../fixture_trees.ts";
import { RecordingSink } from "../recording_sink.ts";

const STAT = { bsize: 4096, blocks: 1000, bfree: 600, bavail: 500, files: 100, ffree: 40 };

function setUp(statFilesystem: Parameters<typeof filesystemPart>[1], rootfs = "") {
  const time = new FakeTime(0);
  const sink = new RecordingSink();
  const collector = hostCollector(filesystemPart(rootfs, statFilesystem), {
    sink,
    proc: new HostFiles(inTree("kernel-6", "proc")),
    sys: new HostFiles(inTree("kernel-6", "sys")),
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: time,
    timers: time,
    timeoutMs: 1000,
  }, 10_000);
  const collect = (signal = new AbortController().signal) =>
    Promise.resolve(collector.collect({ tsMs: 1, tsUs: 1000, signal }));
  return { time, sink, collector, collect };
}

Deno.test("spaceOf: used, free for users and reserved sum up to the limit", () => {
  assert.deepEqual(spaceOf(STAT), {
    limit: 4_096_000,
    states: { used: 400 * 4096, free: 500 * 4096, reserved: 100 * 4096 },
  });
  assert.deepEqual(spaceOf({ ...STAT, bfree: 2000, bavail: 9000 }), {
    limit: 4_096_000,
    states: { used: 0, free: 4_096_000, reserved: 0 },
  });
});

Deno.test("filesystemPart: asks every real mount below the root it is given", async () => {
  const asked: string[] = [];
  const { sink, collect } = setUp((path) => {
    asked.push(path);
    return Promise.resolve(STAT);
  }, "/host");
  await collect();
  assert.deepEqual(asked, [
    "/host/dev/shm",
    "/host/run",
    "/host/",
    "/host/data",
    "/host/mnt/nfs",
  ]);
  const root = "system.device=/dev/nvme0n1p2,system.filesystem.mode=rw," +
    "system.filesystem.mountpoint=/";
  assert.equal(
    sink.last.get(
      `system.filesystem.usage{${root},system.filesystem.state=used,system.filesystem.type=ext4}`,
    ),
    400 * 4096,
  );
  assert.equal(
    sink.last.get(`system.filesystem.limit{${root},system.filesystem.type=ext4}`),
    4096000,
  );
  assert.equal(
    sink.last.get(
      `system.filesystem.inodes.usage{${root},system.filesystem.state=free,system.filesystem.type=ext4}`,
    ),
    40,
  );
});

Deno.test("filesystemPart: one that fails is noted and holds up nothing", async () => {
  const { sink, collect, collector } = setUp((path) =>
    path === "/data"
      ? Promise.reject(new Deno.errors.PermissionDenied("no"))
      : Promise.resolve(STAT)
  );
  await collect();
  assert.deepEqual(collector.unavailable, ["/data: permission denied"]);
  assert.equal(Object.keys(sink.lastOf("system.filesystem.limit")).length, 4);
});

Deno.test("filesystemPart: one that hangs is waited for half the time, then not asked again until it answers", async () => {
  let asked = 0;
  let answer = () => {};
  const { time, sink, collect, collector } = setUp((path) => {
    if (path !== "/mnt/nfs") return Promise.resolve(STAT);
    asked++;
    return new Promise((resolve) => {
      answer = () => resolve(STAT);
    });
  });
  const first = collect();
  await time.advance(499);
  assert.equal(sink.commits.length, 0);
  await time.advance(1);
  await first;
  assert.equal(Object.keys(sink.lastOf("system.filesystem.limit")).length, 4);
  assert.deepEqual(collector.unavailable, ["/mnt/nfs: does not answer"]);
  await collect();
  assert.equal(asked, 1);
  answer();
  await settle();
  const third = collect();
  await settle();
  answer();
  await third;
  assert.equal(asked, 2);
  assert.deepEqual(collector.unavailable, []);
  assert.equal(Object.keys(sink.lastOf("system.filesystem.limit")).length, 5);
  assert.equal(time.timers, 0);
});

Deno.test("filesystemPart: what comes after the time is up is not committed", async () => {
  const abort = new AbortController();
  const { sink, collect } = setUp(() => Promise.resolve(STAT));
  const collecting = collect(abort.signal);
  abort.abort();
  await collecting;
  assert.equal(sink.commits.length, 0);
});

Deno.test("filesystemPart: pseudo file systems of no size and without inodes make no series", async () => {
  const { sink, collect } = setUp((path) =>
    Promise.resolve(path === "/data" ? { ...STAT, files: 0, ffree: 0 } : { ...STAT, blocks: 0 })
  );
  await collect();
  assert.equal(Object.keys(sink.lastOf("system.filesystem.limit")).length, 1);
  assert.equal(Object.keys(sink.lastOf("system.filesystem.inodes.usage")).length, 0);
});

Deno.test("filesystemPart: the root of this host has a size", async () => {
  const time = new FakeTime(0);
  const sink = new RecordingSink();
  const collector = hostCollector(filesystemPart(""), {
    sink,
    proc: new HostFiles("/proc"),
    sys: new HostFiles("/sys"),
    kernel: USUAL_KERNEL_CONSTANTS,
    clock: time,
    timers: time,
    timeoutMs: 1000,
  }, 10_000);
  await collector.collect({ tsMs: 1, tsUs: 1000, signal: new AbortController().signal });
  const limits = Object.entries(sink.lastOf("system.filesystem.limit"));
  assert.ok(limits.some(([key, bytes]) => key.includes("mountpoint=/,") && bytes > 0));
});

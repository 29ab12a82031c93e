import assert from "node:assert/strict";
import fc from "fast-check";
import {
  KernelLog,
  parseKernelLine,
  parseKernelRecord,
} from "../../../../collectors/processes/kernel_log.ts";

Deno.test("parseKernelLine: what kernels of several versions and machines write about an end", () => {
  for (
    const [line, pid, kind] of [
      ["Out of memory: Killed process 71 (stress) total-vm:1kB, anon-rss:1kB", 71, "oom"],
      ["Out of memory: Kill process 72 (java) score 905 or sacrifice child", null, null],
      ["Memory cgroup out of memory: Killed process 73 (a b) total-vm:1kB, UID:0", 73, "oom"],
      ["Memory cgroup out of memory: OOM victim 1 (x) is already exiting.", null, null],
      ["a.out[81]: segfault at 0 ip 00005 sp 00007 error 4 in a.out[55+1000]", 81, "fault"],
      ["we (ird) [x[82]: segfault at ffff ip 0 sp 0 error 15", 82, "fault"],
      ["traps: a.out[83] general protection fault ip:1 sp:2 error:0 in a.out[3+4]", 83, "fault"],
      ["traps: a.out[84] trap invalid opcode ip:1 sp:2 error:0", 84, "fault"],
      ["traps: a.out[85] trap divide error ip:1 sp:2 error:0", 85, "fault"],
      ["app[86]: unhandled level 2 translation fault (11) at 0x0, esr 0x92000046", 86, "fault"],
      ["systemd[1]: Started Session 1 of user root.", null, null],
      ["usb 1-1: new high-speed USB device number 2", null, null],
    ] as const
  ) {
    const notice = parseKernelLine(line);
    assert.deepEqual([notice?.pid ?? null, notice?.kind ?? null], [pid, kind], line);
  }
});

Deno.test("parseKernelRecord: the text between the head and the facts", () => {
  assert.equal(
    parseKernelRecord("6,339,5140900,-;NET: ok; done\n SUBSYSTEM=net\n"),
    "NET: ok; done",
  );
  assert.equal(parseKernelRecord("garbage"), null);
  assert.equal(parseKernelRecord("no;head"), null);
});

Deno.test("kernel log parsers: random text never makes one throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (text) => {
    parseKernelRecord(text);
    const notice = parseKernelLine(`x[1]: ${text}`);
    assert.ok(notice === null || Number.isSafeInteger(notice.pid));
  }));
});

Deno.test("KernelLog: a log that is not there is named, and says nothing", () => {
  const log = new KernelLog("/nonexistent/kmsg");
  assert.equal(log.problem, "/nonexistent/kmsg: not there");
  log.poll();
  assert.equal(log.take(1, "oom"), null);
  log.close();
});

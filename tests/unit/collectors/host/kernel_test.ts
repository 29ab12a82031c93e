import assert from "node:assert/strict";
import { parseFileHandles, parseUptime } from "../../../../collectors/host/kernel.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parseUptime: seconds since boot", () => {
  assert.equal(parseUptime(textOf("kernel-6", "proc/uptime")), 4145.29);
  assert.equal(parseUptime(textOf("damaged", "proc/uptime")), null);
});

Deno.test("parseFileHandles: the largest number there is means no limit", () => {
  assert.deepEqual(parseFileHandles(textOf("kernel-6", "proc/sys/fs/file-nr")), {
    open: 519,
    limit: null,
  });
  assert.deepEqual(parseFileHandles(textOf("kernel-3.10", "proc/sys/fs/file-nr")), {
    open: 832,
    limit: 98304,
  });
  assert.equal(parseFileHandles(textOf("damaged", "proc/sys/fs/file-nr")), null);
});

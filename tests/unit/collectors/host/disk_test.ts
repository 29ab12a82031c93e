import assert from "node:assert/strict";
import { parseDiskStats } from "../../../../collectors/host/disk.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parseDiskStats: sectors are bytes, milliseconds are seconds", () => {
  const disk = parseDiskStats(textOf("kernel-6", "proc/diskstats"))
    .find(({ device }) => device === "nvme0n1");
  assert.deepEqual(disk, {
    device: "nvme0n1",
    read: { operations: 117925, merged: 17226, bytes: 10701642 * 512, timeS: 121.232 },
    write: { operations: 18835, merged: 22739, bytes: 7589904 * 512, timeS: 136.605 },
    busyS: 22.176,
  });
});

Deno.test("parseDiskStats: old kernels have fewer fields, names may have slashes", () => {
  assert.deepEqual(
    parseDiskStats(textOf("kernel-3.10", "proc/diskstats")).map(({ device }) => device),
    ["sda", "sda1"],
  );
  const names = parseDiskStats(textOf("kernel-6", "proc/diskstats")).map(({ device }) => device);
  assert.ok(names.includes("cciss/c0d0"));
});

Deno.test("parseDiskStats: damaged lines are left out, huge counts stay", () => {
  const disks = parseDiskStats(textOf("damaged", "proc/diskstats"));
  assert.deepEqual(disks.map(({ device }) => device), ["sdb"]);
  assert.equal(disks[0]?.read.operations, 2 ** 63);
});

import assert from "node:assert/strict";
import { parseMounts, realMounts, unescapeOctal } from "../../../../collectors/host/mounts.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("realMounts: a host's disks, memory and network file systems, each device once", () => {
  assert.deepEqual(realMounts(parseMounts(textOf("kernel-6", "proc/self/mounts"))), [
    { device: "tmpfs", mountpoint: "/dev/shm", type: "tmpfs", mode: "rw" },
    { device: "tmpfs", mountpoint: "/run", type: "tmpfs", mode: "rw" },
    { device: "/dev/nvme0n1p2", mountpoint: "/", type: "ext4", mode: "rw" },
    { device: "/dev/mapper/data", mountpoint: "/data", type: "xfs", mode: "ro" },
    { device: "fileserver:/export", mountpoint: "/mnt/nfs", type: "nfs4", mode: "rw" },
  ]);
});

Deno.test("realMounts: the root of a container is its overlay", () => {
  assert.deepEqual(
    realMounts(parseMounts(textOf("container", "proc/self/mounts")))
      .map(({ mountpoint, type }) => [mountpoint, type]),
    [["/", "overlay"], ["/dev/shm", "tmpfs"], ["/etc/hosts", "ext4"]],
  );
});

Deno.test("parseMounts: of two at one place the later counts", () => {
  assert.deepEqual(
    parseMounts(textOf("kernel-3.10", "proc/self/mounts")).map(({ device }) => device),
    ["/dev/sda1"],
  );
});

Deno.test("parseMounts: a bind mount is found by its unescaped path", () => {
  const mounts = parseMounts(textOf("kernel-6", "proc/self/mounts"));
  assert.ok(mounts.some(({ mountpoint }) => mountpoint === "/var/lib/bind mount"));
});

Deno.test("unescapeOctal: blanks, backslashes, and what only looks like an escape", () => {
  assert.equal(unescapeOctal("a\\040b\\011c\\134d"), "a b\tc\\d");
  assert.equal(unescapeOctal("a\\9b\\04"), "a\\9b\\04");
});

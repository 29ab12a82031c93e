import assert from "node:assert/strict";
import {
  parseCgroupLimit,
  parseCgroupPaths,
  readMemoryLimit,
} from "../../../../collectors/host/memory_limit.ts";
import { inTree, type Tree } from "../fixture_trees.ts";

const limitOf = (tree: Tree) => readMemoryLimit(inTree(tree, "proc"), inTree(tree, "cgroup"));

Deno.test("readMemoryLimit: the limit of the process's own cgroup, v2", () => {
  assert.deepEqual(limitOf("kernel-6"), {
    bytes: 4294967296,
    source: "cgroup_v2",
    hostBytes: 16_384_000 * 1024,
    cgroupLimitBytes: 4294967296,
  });
});

Deno.test("readMemoryLimit: the limit of a cgroup above, v1, where its own has none", () => {
  const limit = limitOf("kernel-3.10");
  assert.equal(limit?.source, "cgroup_v1");
  assert.equal(limit?.bytes, 524_288_000);
});

Deno.test("readMemoryLimit: in a container its cgroup is the root", () => {
  assert.equal(limitOf("container")?.bytes, 268_435_456);
});

Deno.test("readMemoryLimit: the host's where no cgroup has less", () => {
  const limit = readMemoryLimit(inTree("kernel-6", "proc"), inTree("kernel-6", "nowhere"));
  assert.deepEqual(limit, {
    bytes: 16_384_000 * 1024,
    source: "host",
    hostBytes: 16_384_000 * 1024,
    cgroupLimitBytes: null,
  });
});

Deno.test("readMemoryLimit: null when not even the host's can be read", () => {
  assert.equal(limitOf("damaged"), null);
});

Deno.test("readMemoryLimit: this host has some", () => {
  assert.ok((readMemoryLimit()?.bytes ?? 0) > 1 << 20);
});

Deno.test("parseCgroupPaths: both kinds of hierarchy, paths with colons, garbage", () => {
  assert.deepEqual(parseCgroupPaths("5:cpu,memory:/a:b\n0::/c\n1:name=systemd:/d\n"), {
    v2: "/c",
    v1Memory: "/a:b",
  });
  assert.deepEqual(parseCgroupPaths("garbage\n0\n"), { v2: null, v1Memory: null });
});

Deno.test("parseCgroupLimit: max, zero and v1's largest numbers are no limit", () => {
  assert.equal(parseCgroupLimit("4096\n"), 4096);
  for (const none of ["max\n", "0", "", "x", "9223372036854771712", "18446744073709551615"]) {
    assert.equal(parseCgroupLimit(none), null, none);
  }
});

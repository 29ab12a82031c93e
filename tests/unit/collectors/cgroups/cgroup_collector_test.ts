import assert from "node:assert/strict";
import fc from "fast-check";
import { fileURLToPath } from "node:url";
import {
  CgroupCollector,
  type OccupiedCgroup,
} from "../../../../collectors/cgroups/cgroup_collector.ts";
import {
  parseAmount,
  parseBlkio,
  parseCpuMax,
  parseCpuQuota,
  parseCpuStatV2,
  parseCpuV1,
  parseIoStat,
} from "../../../../collectors/cgroups/cgroup_files.ts";
import { parseCgroupPlaces } from "../../../../collectors/cgroups/cgroup_places.ts";
import { USUAL_KERNEL_CONSTANTS } from "../../../../collectors/kernel_constants.ts";
import { RecordingSink } from "../recording_sink.ts";

const SHOP = "/system.slice/shop.service";
const CONTAINER = "0123456789abcdef".repeat(4);
const MIB = 1024 * 1024;

/** What a turn over a recorded tree commits, without the labels that all of it has. */
function collected(
  tree: string,
  occupied: readonly OccupiedCgroup[],
  maxCgroups = 10,
): { values: Record<string, number>; keys: string[]; unavailable: readonly string[] } {
  const root = fileURLToPath(new URL(`../../../fixtures/cgroups/${tree}/`, import.meta.url));
  const sink = new RecordingSink();
  const collector = new CgroupCollector({
    intervalMs: 1000,
    timeoutMs: 1000,
    procRoot: `${root}proc`,
    cgroupRoot: `${root}cgroup`,
    maxCgroups,
    occupied: () => occupied,
    kernel: USUAL_KERNEL_CONSTANTS,
    sink,
  });
  collector.collect({ tsMs: 1, tsUs: 1000, signal: new AbortController().signal });
  const values = [...sink.last].map(([key, value]) => {
    const labels = /\{(.*)\}$/.exec(key)?.[1]?.split(",") ?? [];
    const own = labels.filter((label) =>
      !/^(?:cgroup\.path|service\.name|container\.id)=/.test(label)
    );
    const name = key.slice("cgroup.".length, key.indexOf("{"));
    return [[name, ...own.map((label) => label.slice(label.indexOf("=") + 1))].join(" "), value];
  });
  return {
    values: Object.fromEntries(values),
    keys: [...sink.last.keys()],
    unavailable: collector.unavailable,
  };
}

Deno.test("CgroupCollector: a service on a host with the unified hierarchy", () => {
  const { values, keys } = collected("v2", [{ path: SHOP, pid: 10, service: "shop" }]);
  assert.deepEqual(values, {
    "cpu.time user": 4,
    "cpu.time system": 1.123456,
    "cpu.limit": 1.5,
    "cpu.periods all": 100,
    "cpu.periods throttled": 25,
    "cpu.throttled.time": 2.5,
    "memory.usage": 100 * MIB,
    "memory.working_set": 70 * MIB,
    "memory.peak": 200 * MIB,
    "memory.limit": 512 * MIB,
    "memory.events low": 0,
    "memory.events high": 3,
    "memory.events max": 12,
    "memory.events oom": 2,
    "memory.events oom_kill": 1,
    "disk.io read": MIB + 4096,
    "disk.io write": 2 * MIB,
    "disk.operations read": 11,
    "disk.operations write": 20,
    "task.count": 17,
    "task.limit": 4096,
    "psi.time cpu some": 7,
    "psi.time cpu full": 0,
    "psi.time memory some": 1.5,
    "psi.time memory full": 0.5,
    "psi.time io some": 0.25,
    "psi.time io full": 0.125,
  });
  for (const key of keys) {
    assert.match(key, /cgroup\.path=\/system\.slice\/shop\.service.*service\.name=shop/);
  }
});

Deno.test("CgroupCollector: a container on a host with the old hierarchies", () => {
  const path = `/docker/${CONTAINER}`;
  const { values, keys } = collected("v1", [{ path, pid: 10, service: null }]);
  assert.deepEqual(values, {
    "cpu.time user": 4,
    "cpu.time system": 1.12,
    "cpu.limit": 0.5,
    "cpu.periods all": 100,
    "cpu.periods throttled": 25,
    "cpu.throttled.time": 2.5,
    "memory.usage": 100 * MIB,
    "memory.working_set": 70 * MIB,
    "memory.peak": 200 * MIB,
    "memory.events max": 12,
    "disk.io read": MIB + 4096,
    "disk.io write": 2 * MIB,
    "disk.operations read": 11,
    "disk.operations write": 20,
    "task.count": 17,
  });
  for (const key of keys) assert.match(key, new RegExp(`container\\.id=${CONTAINER}`));
});

Deno.test("CgroupCollector: a hybrid host has memory in the old hierarchy and pressure in the new", () => {
  const { values } = collected("hybrid", [{ path: SHOP, pid: 10, service: "shop" }]);
  assert.deepEqual(values, {
    "cpu.time user": 2,
    "cpu.time system": 1,
    "memory.usage": MIB,
    "memory.working_set": MIB,
    "memory.peak": 2 * MIB,
    "memory.limit": 32 * MIB,
    "memory.events max": 5,
    "memory.events oom_kill": 2,
    "disk.io read": 0,
    "disk.io write": 0,
    "disk.operations read": 0,
    "disk.operations write": 0,
    "task.count": 3,
    "psi.time cpu some": 1,
    "psi.time cpu full": 0,
  });
});

Deno.test("CgroupCollector: damaged files give nothing, and nothing unsound", () => {
  const { values } = collected("damaged", [{ path: "/a", pid: 10, service: null }]);
  assert.deepEqual(values, {});
});

Deno.test("CgroupCollector: past its bound those of services stay; ended processes are passed over", () => {
  const { values, unavailable, keys } = collected("v2", [
    { path: "/gone", pid: 99, service: "a" },
    { path: "/other", pid: 10, service: null },
    { path: SHOP, pid: 10, service: "shop" },
  ], 2);
  assert.equal(values["task.count"], 17);
  assert.ok(keys.every((key) => key.includes(SHOP)));
  assert.deepEqual(unavailable, ["1 cgroups: at most 2 are read"]);
});

Deno.test("cgroup parsers: random text never makes one throw or give an unsound number", () => {
  const sound = (value: unknown): boolean =>
    typeof value === "number"
      ? Number.isFinite(value) && value >= 0
      : typeof value !== "object" || value === null || Object.values(value).every(sound);
  const line = fc.stringMatching(
    /^(?:[a-z_]{1,12}|\d{1,3}:\d{1,3}|Total)(?:[ =][\w=.:-]{0,24}){0,4}$/,
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(line).map((all) => all.join("\n")),
  );
  fc.assert(fc.property(text, text, (a, b) => {
    for (
      const value of [
        parseAmount(a),
        parseBlkio(a, b),
        parseCpuMax(a),
        parseCpuQuota(a, b),
        parseCpuStatV2(a),
        parseCpuV1(a, b, 100),
        parseIoStat(a),
      ]
    ) assert.ok(sound(value), JSON.stringify(value));
    parseCgroupPlaces(a);
  }));
});

Deno.test("parseCgroupPlaces: a path cannot lead out of the hierarchy", () => {
  const places = parseCgroupPlaces("0::/../../../etc\n4:memory:/../x\n");
  for (const folder of [...places.v2, ...places.v1.memory]) assert.doesNotMatch(folder, /\.\./);
});

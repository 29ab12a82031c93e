import assert from "node:assert/strict";
import {
  assignGroups,
  type GroupAssignment,
  type GroupedProcess,
  possibleGroups,
  type ProcessFacts,
  type ProcessGroup,
  type ProcessMatch,
} from "../../../../collectors/processes/grouping.ts";

const FACTS: ProcessFacts = {
  name: "orchestrator-ma",
  executable: "/opt/app/orchestrator",
  commandLine: "/opt/app/orchestrator --role main",
  cgroup: "/system.slice/app.service/inner",
};

function matches(match: ProcessMatch, facts = FACTS): boolean {
  return possibleGroups([{ service: "s", match, children: false }], facts).length === 1;
}

Deno.test("possibleGroups: each condition alone", () => {
  const table: [ProcessMatch, boolean][] = [
    [{ name: "orchestrator-ma" }, true],
    [{ name: "orchestrator-main-process" }, true],
    [{ name: "orchestrator" }, false],
    [{ executable: "/opt/app/orchestrator" }, true],
    [{ executable: "orchestrator" }, true],
    [{ executable: "/opt/app" }, false],
    [{ executable: "/orchestrator" }, false],
    [{ commandLine: /--role\s+main/ }, true],
    [{ commandLine: /^main/ }, false],
    [{ cgroup: "/system.slice/app.service" }, true],
    [{ cgroup: "/system.slice/app.service/" }, true],
    [{ cgroup: "/system.slice/app" }, false],
    [{ cgroup: "app.service" }, true],
    [{ cgroup: "service" }, false],
    [{ cgroup: "/" }, true],
    [{ pidFile: "/run/a.pid" }, true],
    [{ parent: "other" }, true],
    [{}, false],
    [{ name: undefined }, false],
  ];
  for (const [match, expected] of table) {
    assert.equal(matches(match), expected, JSON.stringify(match) + match.commandLine);
  }
});

Deno.test("possibleGroups: every condition given must hold", () => {
  assert.equal(matches({ name: "orchestrator-ma", executable: "orchestrator" }), true);
  assert.equal(matches({ name: "orchestrator-ma", executable: "other" }), false);
});

Deno.test("possibleGroups: what is not known matches nothing", () => {
  const unknown = { ...FACTS, executable: null, cgroup: null };
  assert.equal(matches({ executable: "orchestrator" }, unknown), false);
  assert.equal(matches({ cgroup: "/" }, unknown), false);
});

Deno.test("possibleGroups: a pattern with the g flag matches every time", () => {
  const pattern = /orchestrator/g;
  assert.equal(matches({ commandLine: pattern }), true);
  assert.equal(matches({ commandLine: pattern }), true);
});

type Spec = [pid: number, ppid: number, possible: number[], before?: GroupAssignment | null];

function services(
  groups: readonly ProcessGroup[],
  specs: readonly Spec[],
  pidOfFile = new Map<string, number>(),
): Record<number, string | null> {
  const processes = new Map<number, GroupedProcess>();
  for (const [pid, ppid, possible, assignment = null] of specs) {
    processes.set(pid, { pid, ppid, possible, assignment });
  }
  return Object.fromEntries(
    [...assignGroups(groups, processes, pidOfFile)].map(([pid, assigned]) => [
      pid,
      assigned === null ? null : groups[assigned.group]!.service + (assigned.adopted ? "+" : ""),
    ]),
  );
}

const APP: ProcessGroup = { service: "app", match: { name: "app" }, children: true };
const DB: ProcessGroup = { service: "db", match: { name: "db" }, children: false };

Deno.test("assignGroups: descendants go with an ancestor that takes them in", () => {
  assert.deepEqual(
    services([APP, DB], [[1, 0, []], [10, 1, [0]], [11, 10, []], [12, 11, []], [20, 1, []]]),
    { 1: null, 10: "app", 11: "app+", 12: "app+", 20: null },
  );
});

Deno.test("assignGroups: in any order of the processes", () => {
  assert.deepEqual(
    services([APP], [[12, 11, []], [11, 10, []], [10, 1, [0]], [1, 0, []]]),
    { 1: null, 10: "app", 11: "app+", 12: "app+" },
  );
});

Deno.test("assignGroups: a process's own group wins over the ancestor's, and its children follow it or none", () => {
  assert.deepEqual(
    services([APP, DB], [[10, 1, [0]], [11, 10, [1]], [12, 11, []]]),
    { 10: "app", 11: "db", 12: null },
  );
});

Deno.test("assignGroups: the first group of the list wins", () => {
  const other = { service: "other", match: { name: "x" }, children: false };
  assert.deepEqual(services([APP, other], [[1, 0, [0, 1]]]), { 1: "app" });
});

Deno.test("assignGroups: by the service of the parent", () => {
  const worker: ProcessGroup = { service: "worker", match: { parent: "app" }, children: false };
  // Every process is possible for a group that asks only for its parent.
  assert.deepEqual(
    services([APP, worker], [[10, 1, [0, 1]], [11, 10, [1]], [12, 11, [1]]]),
    { 10: "app", 11: "worker", 12: null },
  );
});

Deno.test("assignGroups: by pid file", () => {
  const group: ProcessGroup = { service: "f", match: { pidFile: "/run/f.pid" }, children: true };
  const specs: Spec[] = [[10, 1, [0]], [11, 10, [0]], [12, 1, [0]]];
  assert.deepEqual(services([group], specs, new Map([["/run/f.pid", 10]])), {
    10: "f",
    11: "f+",
    12: null,
  });
  assert.deepEqual(services([group], specs), { 10: null, 11: null, 12: null });
});

Deno.test("assignGroups: who was taken in stays when the parent has died", () => {
  const adopted = { group: 0, adopted: true };
  assert.deepEqual(services([APP], [[1, 0, []], [12, 1, [], adopted]]), { 1: null, 12: "app+" });
  const matched = { group: 0, adopted: false };
  assert.deepEqual(
    services([APP], [[12, 1, [], matched]]),
    { 12: null },
    "one that matched by itself goes when it matches no more",
  );
});

Deno.test("assignGroups: circles of parents and long chains end", () => {
  assert.deepEqual(services([APP], [[1, 2, []], [2, 1, []], [3, 3, []]]), {
    1: null,
    2: null,
    3: null,
  });
  const chain: Spec[] = Array.from({ length: 50_000 }, (_, i) => [50_000 - i, 49_999 - i, []]);
  chain.push([0, -1, [0]]);
  assert.equal(services([APP], chain)[50_000], "app+");
});

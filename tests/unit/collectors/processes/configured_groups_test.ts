import assert from "node:assert/strict";
import { configuredGroups } from "../../../../collectors/processes/configured_groups.ts";
import { possibleGroups } from "../../../../collectors/processes/grouping.ts";

Deno.test("configuredGroups: nulls are no conditions, patterns are compiled", () => {
  const none = {
    name: null,
    executable: null,
    command_line: null,
    pid_file: null,
    parent: null,
    cgroup: null,
  };
  const groups = configuredGroups([
    {
      service: "a",
      match: { ...none, command_line: "--role=\\w+" },
      children: true,
      watch: true,
      scrape: null,
    },
    { service: "b", match: { ...none, name: "x" }, children: false, watch: false, scrape: null },
  ]);
  const facts = { name: "x", executable: null, commandLine: "y --role=z", cgroup: null };
  assert.deepEqual(possibleGroups(groups, facts), [0, 1]);
  assert.deepEqual(possibleGroups(groups, { ...facts, commandLine: "y" }), [1]);
  assert.deepEqual(groups.map(({ service, children }) => [service, children]), [
    ["a", true],
    ["b", false],
  ]);
});

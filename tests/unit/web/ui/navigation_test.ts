import assert from "node:assert/strict";
import { connectionLabel } from "../../../../web/ui/connection.js";
import { KeySequences } from "../../../../web/ui/key_sequences.js";
import { formatRoute, parseRoute } from "../../../../web/ui/route.js";

Deno.test("parseRoute: page and parameters, whatever the hash", () => {
  const cases: [string, string, Record<string, string>][] = [
    ["", "", {}],
    ["#/", "", {}],
    ["#/sql", "sql", {}],
    ["#/processes?pid=42&filter=a%20b", "processes", { pid: "42", filter: "a b" }],
    ["#/sql?query=a?b", "sql", { query: "a?b" }],
  ];
  for (const [hash, page, params] of cases) {
    const route = parseRoute(hash);
    assert.equal(route.page, page, hash);
    assert.deepEqual(Object.fromEntries(route.params), params, hash);
  }
});

Deno.test("formatRoute: is read back by parseRoute", () => {
  const query = "SELECT 'a&b' || '%' -- ?\nFROM x";
  const route = parseRoute(formatRoute("sql", { query, pid: 5, none: null, empty: "" }));
  assert.deepEqual(Object.fromEntries(route.params), { query, pid: "5" });
  assert.equal(formatRoute("overview"), "#/overview");
});

Deno.test("KeySequences: one key, two keys in time, and nothing while typing", () => {
  const keys = new KeySequences(["?", "g o", "g s"]);
  const press = (key: string, timeMs: number, more = {}) =>
    keys.press({ key, timeMs, modified: false, typing: false, ...more });
  assert.equal(press("?", 0), "?");
  assert.equal(press("g", 100), null);
  assert.equal(press("s", 500), "g s");
  assert.equal(press("o", 600), null);
  assert.equal(press("g", 700), null);
  assert.equal(press("o", 5000), null);
  assert.equal(press("g", 6000), null);
  assert.equal(press("o", 6100, { typing: true }), null);
  assert.equal(press("?", 6200, { modified: true }), null);
  assert.equal(press("g", 6300), null);
  assert.equal(press("?", 6400), "?");
});

Deno.test("connectionLabel: one state for each way to be connected", () => {
  const cases: [Parameters<typeof connectionLabel>[0], boolean | null, string][] = [
    ["live", true, "live"],
    ["live", false, "live"],
    ["polling", true, "polling"],
    ["polling", false, "offline"],
    ["connecting", null, "connecting"],
    ["connecting", false, "offline"],
    ["idle", null, "connecting"],
    ["idle", true, "connected"],
    ["idle", false, "offline"],
  ];
  for (const [live, reachable, state] of cases) {
    assert.equal(connectionLabel(live, reachable).state, state, `${live} ${reachable}`);
  }
});

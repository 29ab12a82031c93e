import assert from "node:assert/strict";
import { readKeys } from "../../../../mod/top/keys.ts";
import type { TopRow } from "../../../../mod/top/rows.ts";
import { FIRST_VIEW, press, rowsOf, type ViewState } from "../../../../mod/top/view_state.ts";
import { process, snapshot } from "./processes.ts";

const SNAPSHOT = snapshot([
  process({ pid: 1, name: "init", cpuRatio: 0.1, rssBytes: 30 }),
  process({ pid: 2, name: "web", service: "shop", cpuRatio: 0.5, rssBytes: 20, openFds: 9 }),
  process({ pid: 3, name: "db", service: "shop", cpuRatio: 0.2, rssBytes: 50, openFds: 2 }),
  process({ pid: 4, name: "cron", user: "cron", commandLine: "/usr/sbin/cron -f SHOP" }),
]);

/** The view after these keys; null once one of them leaves. */
function typed(text: string, view: ViewState = FIRST_VIEW): ViewState | null {
  let now: ViewState | null = view;
  for (const key of readKeys(text)) {
    if (now === null) return null;
    now = press(now, key, rowsOf(SNAPSHOT, now), 2);
  }
  return now;
}

function shown(text: string): string[] {
  const view = typed(text);
  assert.ok(view !== null);
  return rowsOf(SNAPSHOT, view).map(name);
}

const name = (row: TopRow) =>
  row.kind === "group" ? `${row.open ? "-" : "+"}${row.service}` : row.process.name;

Deno.test("top: sorts by what is pressed, and turns round when it is pressed again", () => {
  assert.deepEqual(shown(""), ["web", "db", "init", "cron"]);
  assert.deepEqual(shown("c"), ["cron", "init", "db", "web"]);
  assert.deepEqual(shown("m"), ["db", "init", "web", "cron"]);
  assert.deepEqual(shown("f"), ["web", "db", "init", "cron"]);
  assert.deepEqual(shown("n"), ["cron", "db", "init", "web"]);
  assert.deepEqual(shown("nn"), ["web", "init", "db", "cron"]);
  assert.deepEqual(shown("p"), ["init", "web", "db", "cron"]);
});

Deno.test("top: a filter looks at every name, in any case; escape clears it", () => {
  assert.deepEqual(shown("/shop\r"), ["web", "db", "cron"]);
  assert.deepEqual(shown("/shopx\x7f\r"), ["web", "db", "cron"]);
  assert.deepEqual(shown("/4"), ["cron"]);
  assert.deepEqual(shown("/zzz"), []);
  assert.equal(shown("/zzz\r\x1b").length, 4);
  // While it is typed, letters are no commands.
  assert.equal(typed("/q")?.filter, "q");
});

Deno.test("top: groups by service with the sums of their processes, and opens one", () => {
  assert.deepEqual(shown("g"), ["+shop", "+"]);
  assert.deepEqual(shown("g "), ["-shop", "web", "db", "+"]);
  assert.deepEqual(shown("g  "), ["+shop", "+"]);
  const [shop] = rowsOf(SNAPSHOT, { ...FIRST_VIEW, grouped: true });
  assert.ok(shop?.kind === "group");
  assert.equal(shop.count, 2);
  assert.deepEqual(shop.total, {
    cpuRatio: 0.7,
    rssBytes: 70,
    threads: null,
    openFds: 11,
    ioBytesPerSecond: null,
  });
});

Deno.test("top: the selection moves by rows and pages and stays within the table", () => {
  assert.equal(typed("jj")?.selected, 2);
  assert.equal(typed("jjk")?.selected, 1);
  assert.equal(typed("\x1b[6~")?.selected, 2);
  assert.equal(typed("\x1b[6~\x1b[6~\x1b[6~")?.selected, 3);
  assert.equal(typed("\x1b[F")?.selected, 3);
  assert.equal(typed("\x1b[F\x1b[H")?.selected, 0);
  assert.equal(typed("k")?.selected, 0);
});

Deno.test("top: space pauses, ? helps, q and ctrl-c leave", () => {
  assert.equal(typed(" ")?.paused, true);
  assert.equal(typed("?")?.help, true);
  assert.equal(typed("?\x1b")?.help, false);
  assert.equal(typed("q"), null);
  assert.equal(typed("\x03"), null);
  assert.equal(typed("/abc\x03"), null);
});

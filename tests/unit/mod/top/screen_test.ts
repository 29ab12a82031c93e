import assert from "node:assert/strict";
import fc from "fast-check";
import { displayWidth } from "../../../../mod/cli/display_width.ts";
import { percent, shortBytes, shortCount, uptimeText } from "../../../../mod/top/figures.ts";
import { screenLines } from "../../../../mod/top/screen.ts";
import { FIRST_VIEW, rowsOf, type ViewState } from "../../../../mod/top/view_state.ts";
import { process, snapshot } from "./processes.ts";

const SNAPSHOT = snapshot([
  process({
    pid: 4242,
    name: "node",
    service: "checkout-service",
    state: "running",
    commandLine: "/usr/local/bin/node shop.js --port 8080 --workers 12",
    cpuRatio: 1.234,
    rssBytes: 1.5 * 1024 ** 3,
    threads: 11,
    openFds: 120_000,
    ioBytesPerSecond: 2_048,
  }),
  process({ pid: 2, name: "kworker/0:1", user: "root", state: "idle" }),
]);

Deno.test("screenLines: at 80 columns", () => {
  const view = FIRST_VIEW;
  const size = { columns: 80, rows: 10 };
  const lines = screenLines(SNAPSHOT, view, rowsOf(SNAPSHOT, view), size, null);
  assert.deepEqual(lines.map(({ text }) => text.trimEnd()), [
    "shop-1  up 3d 04:00  load 1.00 0.50 0.25  12:34:56 UTC",
    "cpu [|||||               ] 25.0% of 4",
    "mem [|||||               ] 6.0G of 24G  no swap",
    "2 processes: 1 running, 0 blocked, 0 defunct",
    "    PID S CPU%v   RSS  IO/s   FDS   THR SERVICE      COMMAND",
    "   4242 R   123  1.5G  2.0K  120k    11 checkout-se… node shop.js --port 8080 -…",
    "      2 I     -     -     -     -     -              [kworker/0:1]",
    "",
    "",
    "q quit  ? help  / filter  g group  sort: c m i f t p n  space pause",
  ]);
  assert.deepEqual(lines.map(({ style }) => style).slice(4, 7), ["bold", "selected", "plain"]);
  assert.equal(displayWidth(lines[5]?.text ?? ""), 80);
});

/** Lines of the screen, as they would be seen. */
function seen(columns: number, rows: number, changes: Partial<ViewState> = {}): string[] {
  const view = { ...FIRST_VIEW, ...changes };
  return screenLines(SNAPSHOT, view, rowsOf(SNAPSHOT, view), { columns, rows }, null)
    .map(({ text }) => text.trimEnd());
}

Deno.test("screenLines: a small terminal is for the rows: what is sorted by, and whose it is", () => {
  assert.deepEqual(seen(20, 5), [
    "    PID CPU%v COMMA…",
    "   4242   123 node …",
    "      2     - [kwor…",
    "",
    "q quit  ? help  / f…",
  ]);
  assert.deepEqual(seen(40, 3, { order: { sort: "fds", reversed: false } }), [
    "    PID  CPU%  FDSv COMMAND",
    "   4242   123  120k node shop.js --port…",
    "      2     -     - [kworker/0:1]",
  ]);
  assert.deepEqual(seen(60, 4, { grouped: true, open: new Set(["checkout-service"]) }), [
    "    PID S CPU%v   RSS SERVICE      COMMAND",
    "      -     123  1.5G checkout-se… 1 process",
    "   4242 R   123  1.5G              node shop.js --port 8080…",
    "q quit  ? help  / filter  g group  sort: c m i f t p n  spa…",
  ]);
  assert.deepEqual(seen(30, 2, { grouped: true }), [
    "    PID CPU%v COMMAND",
    "      +   123 checkout-servic…",
  ]);
  assert.deepEqual(seen(30, 1, { selected: 1 }), ["      2     - [kworker/0:1]"]);
});

Deno.test("screenLines: control characters of a process do not reach the terminal", () => {
  const evil = snapshot([
    process({ pid: 1, name: "x", commandLine: "\x1b]0;title\x07 a\nb", service: "\x1b[2J" }),
  ]);
  const lines = screenLines(
    evil,
    FIRST_VIEW,
    rowsOf(evil, FIRST_VIEW),
    { columns: 120, rows: 8 },
    "\x1b[31m",
  );
  // deno-lint-ignore no-control-regex -- none of them may be there
  for (const { text } of lines) assert.doesNotMatch(text, /[\x00-\x1f\x7f]/);
});

Deno.test("screenLines: whatever the size, as many lines as the screen has, none wider", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 60 }),
    fc.boolean(),
    fc.boolean(),
    (columns, rows, help, grouped) => {
      const view = { ...FIRST_VIEW, help, grouped };
      const lines = screenLines(SNAPSHOT, view, rowsOf(SNAPSHOT, view), { columns, rows }, null);
      assert.equal(lines.length, rows);
      for (const { text } of lines) assert.ok(displayWidth(text) <= columns, text);
      // Whatever there is no room for, the selected row is there.
      if (!help) assert.equal(lines.filter(({ style }) => style === "selected").length, 1);
    },
  ));
});

Deno.test("figures: short, and never wider than their column", () => {
  assert.deepEqual([0, 999, 1_000, 10_188, 1e6, 1.5e12].map(shortBytes), [
    "0B",
    "999B",
    "1.0K",
    "9.9K",
    "977K",
    "1.4T",
  ]);
  assert.deepEqual([0, 0.0123, 0.9994, 0.9996, 12.5].map(percent), [
    "0.0",
    "1.2",
    "99.9",
    "100",
    "1250",
  ]);
  assert.deepEqual([7, 99_999, 100_000].map(shortCount), ["7", "99999", "100k"]);
  assert.deepEqual([59, 3_600, 90_000].map(uptimeText), ["00:00", "01:00", "1d 01:00"]);
  assert.deepEqual([shortBytes(null), percent(null), shortCount(null), uptimeText(null)], [
    "-",
    "-",
    "-",
    "-",
  ]);
  fc.assert(fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
    assert.ok(shortBytes(value).length <= 5);
  }));
});

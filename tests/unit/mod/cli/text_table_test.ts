import assert from "node:assert/strict";
import fc from "fast-check";
import { cutToWidth, displayWidth } from "../../../../mod/cli/display_width.ts";
import { terminalText } from "../../../../mod/cli/terminal_text.ts";
import { textTable } from "../../../../mod/cli/text_table.ts";

Deno.test("displayWidth: counts terminal columns", () => {
  const table: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["日本", 4],
    ["한국", 4],
    ["ﾊﾝ", 2],
    ["ＡＢ", 4],
    ["🚀", 2],
    ["👨‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["→", 1],
    ["\u200b", 0],
  ];
  for (const [text, width] of table) assert.equal(displayWidth(text), width, text);
});

Deno.test("cutToWidth: never wider than asked, whole characters only", () => {
  assert.equal(cutToWidth("abcdef", 4), "abc…");
  assert.equal(cutToWidth("abcd", 4), "abcd");
  assert.equal(cutToWidth("日本語", 5), "日本…");
  assert.equal(cutToWidth("日本語", 4), "日…");
  assert.equal(cutToWidth("e\u0301".repeat(10), 10), "e\u0301".repeat(10));
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 1, max: 12 }),
      (text, columns) => {
        const cut = cutToWidth(text, columns);
        assert.ok(displayWidth(cut) <= columns, cut);
        if (displayWidth(text) <= columns) assert.equal(cut, text);
      },
    ),
    { seed: 20_254 },
  );
});

Deno.test("terminalText: shows controls instead of obeying them", () => {
  assert.equal(terminalText("a\n\t\r"), "a\\n\\t\\r");
  assert.equal(terminalText("\u001b]0;title\u0007\u009b31m"), "\\x1b]0;title\\x07\\x9b31m");
  assert.equal(terminalText("\u202eabc\u2069"), "\\u202eabc\\u2069");
  assert.equal(terminalText("naïve 日本 🚀"), "naïve 日本 🚀");
});

Deno.test("textTable: aligns, numbers to the right, one line per row", () => {
  const columns = [
    { name: "日", type: "VARCHAR" },
    { name: "n", type: "DECIMAL(18,3)" },
    { name: "m", type: "MAP(VARCHAR, VARCHAR)" },
    { name: "", type: "BOOLEAN" },
  ];
  const rows = [
    ["a\nb", "1.250", { k: "v" }, true],
    ["日本語", 12, null, false],
    ["short row"],
  ];
  assert.deepEqual([...textTable(columns, rows)], [
    "日             n  m\n",
    "---------  -----  ---------  -----\n",
    'a\\nb       1.250  {"k":"v"}  true\n',
    "日本語        12  NULL       false\n",
    "short row   NULL  NULL       NULL\n",
  ]);
});

Deno.test("textTable: cuts what is too wide", () => {
  const lines = [...textTable([{ name: "x", type: "VARCHAR" }], [["y".repeat(1_000_000)]])];
  assert.equal(lines[2], `${"y".repeat(99)}…\n`);
  const controls = [...textTable([{ name: "x", type: "VARCHAR" }], [["\u0000".repeat(1_000)]])];
  assert.ok(displayWidth(controls[2]?.trimEnd() ?? "") <= 100);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { groupLines, type MultilineOptions } from "../../../../mod/logs/line_groups.ts";
import { LinePattern } from "../../../../mod/logs/line_pattern.ts";
import { splitLines } from "../../../../mod/logs/line_split.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const STACKS: MultilineOptions = {
  start: null,
  continuation: new LinePattern(String.raw`\s|Caused by:`),
  maxLines: 4,
  maxBytes: 1_000,
};
const STARTS: MultilineOptions = { ...STACKS, start: new LinePattern(String.raw`\d{4}-`) };

function grouped(text: string, multiline: MultilineOptions | null, flush: boolean, cri = false) {
  const { lines } = splitLines(bytes(text), 1_000, false);
  const { groups, end, cut } = groupLines(lines, { multiline, cri }, flush);
  return { texts: groups.map((group) => group.text), end, cut };
}

Deno.test("splitLines: pieces of a long line, CR LF, NULs in front, broken UTF-8", () => {
  const texts = (input: Uint8Array, max: number, whole: boolean) =>
    splitLines(input, max, whole).lines.map(({ text }) => text);
  assert.deepEqual(texts(bytes("one\r\ntwo\nthr"), 100, false), ["one", "two"]);
  assert.deepEqual(texts(bytes("one\ntwo\nthr"), 100, true), ["one", "two", "thr"]);
  assert.deepEqual(texts(bytes("\0\0\0one\n"), 100, false), ["one"]);
  assert.deepEqual(texts(bytes("abcdefgh\nx\n"), 3, false), ["abc", "def", "gh", "x"]);
  assert.deepEqual(texts(bytes("ääää\n"), 3, false), ["ä", "ä", "ä", "ä"]);
  const broken = new Uint8Array([0xff, 0x61, 0xc3, 0x0a, 0x62, 0x0a]);
  const { lines } = splitLines(broken, 100, false);
  assert.deepEqual(lines.map(({ text, end }) => [text, end]), [["\uFFFDa\uFFFD", 4], ["b", 6]]);
});

Deno.test("splitLines: loses nothing of any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 4, max: 9 }), (input, max) => {
      const { lines } = splitLines(input, max, true);
      let at = 0;
      for (const { start, end } of lines) {
        assert.equal(start, at);
        assert.ok(end > start);
        at = end;
      }
      assert.equal(at, input.length);
    }),
  );
});

Deno.test("groupLines: a stack trace is one record, and the last waits for what may follow", () => {
  const text = "first\nboom\n  at a\nCaused by: b\nnext\n";
  assert.deepEqual(grouped(text, STACKS, false), {
    texts: ["first", "boom\n  at a\nCaused by: b"],
    end: text.length - 5,
    cut: 0,
  });
  assert.deepEqual(grouped(text, STACKS, true).texts.at(-1), "next");
  assert.deepEqual(
    grouped("2026-1 a\nmore\n2026-2 b\n", STARTS, true).texts,
    ["2026-1 a\nmore", "2026-2 b"],
  );
});

Deno.test("groupLines: records are cut at their bounds, and counted", () => {
  const { texts, cut } = grouped("a\n 1\n 2\n 3\n 4\nb\n", STACKS, true);
  assert.deepEqual(texts, ["a\n 1\n 2\n 3", " 4", "b"]);
  assert.equal(cut, 1);
  const wide = { ...STACKS, maxBytes: 5 };
  assert.deepEqual(grouped("a\n 12\n 34\nb\n", wide, true).texts, ["a\n 12", " 34", "b"]);
});

Deno.test("groupLines, CRI: pieces are joined by stream, and nothing after an open one is given out", () => {
  const line = (stream: string, tag: string, text: string) =>
    `2026-02-27T12:00:00Z ${stream} ${tag} ${text}\n`;
  const whole = line("stdout", "P", "one, ") + line("stderr", "F", "other") +
    line("stdout", "F", "two");
  assert.deepEqual(grouped(whole, null, false, true), {
    texts: ["one, two", "other"],
    end: whole.length,
    cut: 0,
  });
  const open = line("stdout", "F", "done") + line("stdout", "P", "one, ") +
    line("stderr", "F", "other");
  assert.deepEqual(grouped(open, null, false, true), {
    texts: ["done"],
    end: line("stdout", "F", "done").length,
    cut: 0,
  });
  assert.deepEqual(grouped(open, null, true, true).texts, ["done", "one, ", "other"]);
});

Deno.test("groupLines: reading on from where it ended gives the same records as reading at once", () => {
  const lines = fc.array(fc.constantFrom("a", " b", "Caused by: c", "", "2026-d"), {
    maxLength: 12,
  });
  fc.assert(fc.property(lines, fc.nat({ max: 60 }), (parts, first) => {
    const text = parts.map((part) => `${part}\n`).join("");
    const options = { ...STACKS, maxLines: 1_000 };
    const part = grouped(text.slice(0, first), options, false);
    const rest = grouped(text.slice(part.end), options, true);
    assert.deepEqual([...part.texts, ...rest.texts], grouped(text, options, true).texts);
  }));
});

import assert from "node:assert/strict";
import {
  count,
  counts,
  decimal,
  fields,
  lines,
  namedCounts,
} from "../../../collectors/proc_text.ts";

Deno.test("count: decimal digits only", () => {
  const table: [string | undefined, number | null][] = [
    ["0", 0],
    ["42", 42],
    ["9223372036854775808", 2 ** 63],
    ["18446744073709551615", 2 ** 64],
    ["123456789012345678901", null],
    ["-1", null],
    ["1.5", null],
    ["1e3", null],
    ["0x10", null],
    [" 1", null],
    ["", null],
    [undefined, null],
  ];
  for (const [text, expected] of table) assert.equal(count(text), expected, `${text}`);
});

Deno.test("decimal: counts and numbers with decimals only", () => {
  const table: [string | undefined, number | null][] = [
    ["0.52", 0.52],
    ["12", 12],
    ["nan", null],
    ["inf", null],
    [".5", null],
    ["5.", null],
    ["-0.5", null],
    ["1e3", null],
    [undefined, null],
  ];
  for (const [text, expected] of table) assert.equal(decimal(text), expected, `${text}`);
});

Deno.test("counts: consecutive fields by name, or nothing", () => {
  assert.deepEqual(counts(["1", "2", "3"], ["a", "b"]), { a: 1, b: 2 });
  assert.equal(counts(["1"], ["a", "b"]), null);
  assert.equal(counts(["1", "x"], ["a", "b"]), null);
});

Deno.test("fields and lines: separated by blanks and line ends", () => {
  assert.deepEqual(fields("  a \t b  "), ["a", "b"]);
  assert.deepEqual(lines("a\n\nb\n"), ["a", "b"]);
});

Deno.test("namedCounts: kB are bytes; what makes no sense is left out", () => {
  assert.deepEqual(
    [...namedCounts("MemTotal:  2 kB\npgfault 7\nbad\nworse x\n: 4\nHuge: 3\n")],
    [["MemTotal", 2048], ["pgfault", 7], ["Huge", 3]],
  );
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  LinePattern,
  linePatternProblem,
  MAX_MATCHED_LENGTH,
} from "../../../../mod/logs/line_pattern.ts";

const GOOD = [
  String.raw`^\d{4}-\d{2}-\d{2}`,
  String.raw`^\s`,
  String.raw`^(?<time>\S+ \S+) \[(?<level>\w+)\] (?<message>.*)$`,
  String.raw`(?<client>[^ ]+) - (?<user>[^ ]+) "(?<request>[^"]*)" (?<status>\d{3})`,
  String.raw`(?:INFO|WARN|ERROR) .*`,
  String.raw`.*?\[(?<level>\w+)\] (?<message>.*)`,
  String.raw`\[(?<a>[^\]]*)\]\s*(?<message>.*)`,
  "at |Caused by:|\\t",
];

const SLOW = [
  "(a+)+b",
  "(a|a)*b",
  "(a*)*",
  ".*.*.*x",
  String.raw`(?<a>.*) (?<b>.*) (?<c>.*)`,
  String.raw`\s*\s*x`,
  "(?:a?){20}",
  "a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaa",
  String.raw`(?<a>x)\k<a>`,
  "(?=.*a).*",
  "(?:(?:a{1,9}){1,9}){1,9}",
];

Deno.test("linePatternProblem: takes the patterns that logs need", () => {
  for (const pattern of GOOD) assert.equal(linePatternProblem(pattern), null, pattern);
});

Deno.test("linePatternProblem: refuses what may run for ages, and what is no pattern", () => {
  for (const pattern of SLOW) assert.notEqual(linePatternProblem(pattern), null, pattern);
  assert.equal(linePatternProblem("("), "is not a regular expression");
});

Deno.test("linePatternProblem: takes any text for a pattern", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 30 }), (pattern) => {
    linePatternProblem(pattern);
  }));
  const pieces = fc.constantFrom(
    "a",
    ".",
    "\\s",
    "[^x]",
    "(",
    ")",
    "|",
    "*",
    "+?",
    "{2,}",
    "?",
    "^",
  );
  fc.assert(fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
    linePatternProblem(parts.join(""));
  }));
});

Deno.test("LinePattern: matches at the start of a line, and no line that is too long", () => {
  const pattern = new LinePattern("b(?<rest>.*)");
  assert.equal(pattern.match("bcd")?.groups?.["rest"], "cd");
  assert.equal(pattern.match("abcd"), null);
  assert.equal(pattern.match("b".repeat(MAX_MATCHED_LENGTH + 1)), null);
  assert.equal(pattern.starts("b".repeat(MAX_MATCHED_LENGTH + 1)), true);
  assert.throws(() => new LinePattern("(a+)+"), TypeError);
});

import assert from "node:assert/strict";
import { patternProblem } from "../../../../mod/pipeline/pattern_safety.ts";

const SAFE = [
  "TICKET-\\d{6,12}",
  "\\bDE\\d{20}\\b",
  "[A-Z]{2,4}-[0-9]{1,8}",
  "(?:foo|bar|baz)-\\w{1,64}",
  "\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}",
  "(?:\\d{1,3}\\.){3}\\d{1,3}",
  "(?<=id=)[0-9a-f]{8}",
  "user:[^\\s:]{1,64}:[^\\s:]{1,64}",
  "\\p{L}{3}\\u{1F600}",
  "[\\]\\-(]{1,9}",
  "a{0,1024}b",
  "(?<name>x)y?",
];

const REFUSED: readonly (readonly [pattern: string, why: RegExp])[] = [
  ["(", /is not a regular expression/],
  ["a*", /matches the empty text/],
  ["x?", /matches the empty text/],
  ["\\d+", /without an end/],
  ["ab.*c", /without an end/],
  ["a{3,}", /without an end/],
  ["a{1,5000}", /more than 1024/],
  ["(?:a{1,9}){1,9}b", /within a repetition/],
  ["(?:a|b|ab){1,30}c", /within a repetition/],
  ["(?:x?y){1,5}z", /within a repetition/],
  ["\\w{1,200}\\d{1,200}x", /side by side/],
  [".{1,200}a.{1,200}b", /side by side/],
  ["[а-я]{1,200}[а-я]{1,200}x", /side by side/],
  ["(?=.{1,200}.{1,200}x)y", /side by side/],
  ["a{1,100}b?a{1,100}c", /side by side/],
  ["(a)\\1", /refers back/],
  ["(?<n>a)\\k<n>", /refers back/],
];

Deno.test("patternProblem: lets patterns pass that take time in proportion to the text", () => {
  for (const pattern of SAFE) assert.equal(patternProblem(pattern), null, pattern);
});

Deno.test("patternProblem: says why a pattern may not run on text from anywhere", () => {
  for (const [pattern, why] of REFUSED) assert.match(patternProblem(pattern) ?? "", why, pattern);
});

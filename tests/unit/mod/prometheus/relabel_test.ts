import assert from "node:assert/strict";
import { relabel, type RelabelRule, wholeMatch } from "../../../../mod/prometheus/relabel.ts";

function rule(fields: Partial<Omit<RelabelRule, "regex">> & { regex?: string }): RelabelRule {
  return {
    action: "replace",
    sourceLabels: [],
    separator: ";",
    targetLabel: "",
    replacement: "$1",
    ...fields,
    regex: wholeMatch(fields.regex ?? "(.*)"),
  };
}

const LABELS = { a: "foo", b: "bar", c: "baz", __meta_x: "1" };

// Rules, and what becomes of the labels above; the expectations follow Prometheus' documentation.
const TABLE: readonly (readonly [string, RelabelRule[], Record<string, string> | null])[] = [
  ["nothing", [], LABELS],
  [
    "replace joins its sources",
    [rule({ sourceLabels: ["a", "b"], targetLabel: "d", replacement: "$1-${1}" })],
    { ...LABELS, d: "foo;bar-foo;bar" },
  ],
  [
    "replace leaves alone what does not match as a whole",
    [rule({ sourceLabels: ["a"], regex: "f", targetLabel: "d", replacement: "x" })],
    LABELS,
  ],
  [
    "replace by nothing takes the label away",
    [rule({ sourceLabels: ["a"], regex: "foo", targetLabel: "b", replacement: "" })],
    { a: "foo", c: "baz", __meta_x: "1" },
  ],
  [
    "replace names its target by the match",
    [rule({
      sourceLabels: ["a"],
      regex: "(?<head>f)(.*)",
      targetLabel: "${head}_t",
      replacement: "$2$$$9",
    })],
    { ...LABELS, f_t: "oo$" },
  ],
  ["keep", [rule({ action: "keep", sourceLabels: ["a"], regex: "foo|bar" })], LABELS],
  ["keep drops others", [rule({ action: "keep", sourceLabels: ["a"], regex: "fo" })], null],
  ["drop", [rule({ action: "drop", sourceLabels: ["a", "b"], regex: "foo;bar" })], null],
  ["drop keeps others", [rule({ action: "drop", sourceLabels: ["none"], regex: ".+" })], LABELS],
  ["keepequal", [rule({ action: "keepequal", sourceLabels: ["a"], targetLabel: "b" })], null],
  ["dropequal", [rule({ action: "dropequal", sourceLabels: ["a"], targetLabel: "b" })], LABELS],
  [
    "labelmap",
    [rule({ action: "labelmap", regex: "__meta_(.+)" })],
    { ...LABELS, x: "1" },
  ],
  ["labeldrop", [rule({ action: "labeldrop", regex: "[ab]|__.*" })], { c: "baz" }],
  ["labelkeep", [rule({ action: "labelkeep", regex: "a" })], { a: "foo" }],
  [
    "uppercase, lowercase",
    [
      rule({ action: "uppercase", sourceLabels: ["a"], targetLabel: "a" }),
      rule({ action: "lowercase", sourceLabels: ["a"], targetLabel: "low" }),
    ],
    { ...LABELS, a: "FOO", low: "foo" },
  ],
  [
    "a rule sees what the one before did",
    [
      rule({ sourceLabels: ["a"], targetLabel: "d" }),
      rule({ action: "drop", sourceLabels: ["d"], regex: "foo" }),
    ],
    null,
  ],
];

for (const [what, rules, expected] of TABLE) {
  Deno.test(`relabel: ${what}`, () => {
    const labels = new Map(Object.entries(LABELS));
    const after = relabel(labels, rules);
    assert.deepEqual(after === null ? null : Object.fromEntries(after), expected);
    assert.deepEqual(Object.fromEntries(labels), LABELS);
  });
}

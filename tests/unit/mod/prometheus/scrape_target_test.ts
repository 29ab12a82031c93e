import assert from "node:assert/strict";
import { wholeMatch } from "../../../../mod/prometheus/relabel.ts";
import { scrapeTarget, type TargetDefaults } from "../../../../mod/prometheus/scrape_target.ts";
import { readTargetFile } from "../../../../mod/prometheus/target_file.ts";

const DEFAULTS: TargetDefaults = {
  job: "node",
  scheme: "http",
  path: "/metrics",
  params: {},
  relabel: [],
};

function target(
  address: string,
  labels: Record<string, string> = {},
  defaults: Partial<TargetDefaults> = {},
) {
  const found = scrapeTarget(address, new Map(Object.entries(labels)), {
    ...DEFAULTS,
    ...defaults,
  });
  return found === null ? null : { url: found.url, labels: Object.fromEntries(found.labels) };
}

Deno.test("scrapeTarget: an address becomes a URL, a job and an instance", () => {
  assert.deepEqual(target("web-1:9100", { env: "prod", __meta_x: "y", empty: "" }), {
    url: "http://web-1:9100/metrics",
    labels: { job: "node", env: "prod", instance: "web-1:9100" },
  });
  assert.equal(target("[::1]:80", { __scheme__: "https" })?.url, "https://[::1]:80/metrics");
  const own = target("a", { instance: "me", job: "mine", __metrics_path__: "/p?q" });
  assert.deepEqual(own, { url: "http://a/p%3Fq", labels: { instance: "me", job: "mine" } });
});

Deno.test("scrapeTarget: rules choose address and parameters, as for a prober", () => {
  const rule = { separator: ";", regex: wholeMatch("(.*)"), replacement: "$1" };
  const relabel = [
    {
      ...rule,
      action: "replace" as const,
      sourceLabels: ["__address__"],
      targetLabel: "__param_target",
    },
    {
      ...rule,
      action: "replace" as const,
      sourceLabels: ["__param_target"],
      targetLabel: "instance",
    },
    {
      ...rule,
      action: "replace" as const,
      sourceLabels: [],
      targetLabel: "__address__",
      replacement: "127.0.0.1:9115",
    },
  ];
  const params = { module: ["http_2xx", "more"] };
  assert.deepEqual(target("example.org", {}, { relabel, params }), {
    url: "http://127.0.0.1:9115/metrics?module=http_2xx&module=more&target=example.org",
    labels: { job: "node", instance: "example.org" },
  });
  const drop = [{ ...rule, action: "drop" as const, sourceLabels: ["job"], targetLabel: "" }];
  assert.equal(target("a", {}, { relabel: drop }), null);
});

Deno.test("scrapeTarget: what is no address or scheme is told", () => {
  for (const address of ["", "a/b", "me@host", "a b"]) {
    assert.throws(() => target(address), /is no address/, address);
  }
  assert.throws(() => target("a", { __scheme__: "file" }), /file is neither http nor https/);
});

Deno.test("readTargetFile: JSON and YAML", () => {
  const expected = [{ targets: ["a:1", "b:2"], labels: new Map([["env", "prod"]]) }];
  assert.deepEqual(readTargetFile('[{"targets":["a:1","b:2"],"labels":{"env":"prod"}}]'), expected);
  assert.deepEqual(readTargetFile("- targets: [a:1, b:2]\n  labels: { env: prod }\n"), expected);
  assert.deepEqual(readTargetFile(""), []);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["targets: [a]", /must be a list/],
  ["- a", /entry 1 must be a mapping/],
  ["- targets: a", /entry 1: targets must be a list of host:port/],
  ["- targets: [1]", /entry 1: targets must be a list/],
  ["- targets: [a]\n- target: [b]", /entry 2 has an unknown key "target"/],
  ["- targets: [a]\n  labels: { n: 5 }", /entry 1: n must be text; put it in quotes/],
  ["- targets: [a]\n  labels: [x]", /entry 1: labels must be a mapping/],
  ["- targets: &a [x]\n- targets: *a", /alias/i],
  [JSON.stringify([{ targets: new Array(10_001).fill("a") }]), /more than 10000 targets/],
  ["[{", /./],
];

for (const [source, message] of WRONG) {
  Deno.test(`readTargetFile: says what is wrong with ${source.slice(0, 40)}`, () => {
    assert.throws(() => readTargetFile(source), message);
  });
}

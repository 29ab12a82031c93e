import assert from "node:assert/strict";

/** A family as a scraper sees it. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
  /** Value by `name{label="value",…}`. */
  readonly samples: Map<string, number>;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const COMMENT = new RegExp(`^# (HELP|TYPE|UNIT) (${NAME}) (.*)$`);
const SUFFIXES = ["", "_total", "_bucket", "_sum", "_count"];

/**
 * Reads an exposition as strictly as `promtool check metrics` and the OpenMetrics grammar do:
 * one contiguous group a family, one TYPE before its samples, no sample twice, no label name
 * twice, counters that end in _total, cumulative buckets.
 */
export function readExposition(
  text: string,
  format: "prometheus" | "openmetrics",
): Map<string, ReadFamily> {
  assert.ok(text.endsWith("\n"), "the last line ends");
  const lines = text.slice(0, -1).split("\n");
  if (format === "openmetrics") assert.equal(lines.pop(), "# EOF");
  const families = new Map<
    string,
    { type: string; help: string; unit: string; samples: Map<string, number> }
  >();
  let current = "";
  for (const line of lines) {
    const comment = COMMENT.exec(line);
    if (comment !== null) {
      const [, keyword = "", name = "", rest = ""] = comment;
      if (name !== current) assert.ok(!families.has(name), `${name} stands in two places`);
      current = name;
      const family = families.get(name) ?? { type: "", help: "", unit: "", samples: new Map() };
      families.set(name, family);
      assert.equal(family.samples.size, 0, `${keyword} of ${name} comes after a sample`);
      const key = keyword === "HELP" ? "help" : keyword === "TYPE" ? "type" : "unit";
      assert.equal(family[key], "", `${keyword} of ${name} comes twice`);
      family[key] = rest;
      continue;
    }
    const sample = SAMPLE.exec(line);
    assert.ok(sample !== null, `not a sample: ${line}`);
    const [, name = "", labels = "", value = ""] = sample;
    const family = families.get(current);
    assert.ok(family !== undefined && SUFFIXES.some((suffix) => name === current + suffix), line);
    const names = [...labels.matchAll(/(?:^|,)([a-zA-Z0-9_]+)="/g)].map(([, label]) => label);
    assert.equal(new Set(names).size, names.length, `a label comes twice: ${line}`);
    const key = labels === "" ? name : `${name}{${labels}}`;
    assert.ok(!family.samples.has(key), `a sample comes twice: ${line}`);
    const number = value === "+Inf" ? Infinity : value === "-Inf" ? -Infinity : Number(value);
    assert.ok(value === "NaN" || !Number.isNaN(number), line);
    family.samples.set(key, number);
  }
  for (const [name, family] of families) checkFamily(name, family, format);
  return families;
}

function checkFamily(name: string, family: ReadFamily, format: string): void {
  const unknown = format === "openmetrics" ? "unknown" : "untyped";
  assert.ok(["counter", "gauge", "histogram", unknown].includes(family.type), `TYPE of ${name}`);
  assert.notEqual(family.help, "", `HELP of ${name}`);
  if (family.unit !== "") assert.ok(name.endsWith(`_${family.unit}`), `UNIT of ${name}`);
  if (family.type === "counter") {
    if (format === "prometheus") assert.ok(name.endsWith("_total"), name);
    else assert.ok(!name.endsWith("_total"), name);
    for (const [sample, value] of family.samples) {
      assert.match(sample, /_total(\{|$)/);
      assert.ok(value >= 0, sample);
    }
  }
  if (family.type === "histogram") checkBuckets(name, family.samples);
}

function checkBuckets(name: string, samples: ReadonlyMap<string, number>): void {
  const last = new Map<string, number>();
  for (const [sample, value] of samples) {
    if (!sample.startsWith(`${name}_bucket`)) continue;
    const group = sample.replace(/le="[^"]*",?/, "");
    assert.ok(value >= (last.get(group) ?? 0), `${sample} goes down`);
    last.set(group, value);
  }
  assert.ok([...samples.keys()].some((sample) => sample.includes('le="+Inf"')), name);
}

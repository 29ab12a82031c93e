import { decimal, type Labels } from "./labels.ts";

/** What StatsD calls types. `h` and `d` are DogStatsD's histograms and distributions. */
export type StatsdType = "c" | "g" | "ms" | "h" | "d" | "s";

/** A line of StatsD. */
export interface StatsdLine {
  readonly type: StatsdType;
  readonly name: string;
  /** As they were written: all of a type but sets have numbers. */
  readonly values: readonly string[];
  /** How many events each value stands for; 1 / the sample rate. */
  readonly weight: number;
  /** As they were written; the same text has the same tags. */
  readonly tags: string;
}

/** Why a line is not taken. */
export interface StatsdProblem {
  readonly reason: "malformed_line" | "unsupported_type";
  readonly problem: string;
}

const TYPES: ReadonlySet<string> = new Set<StatsdType>(["c", "g", "ms", "h", "d", "s"]);
/** Values packed into one line; more make it malformed. */
const MAX_VALUES = 1_000;
/** One event in a million. */
const MIN_RATE = 1e-6;

/**
 * Takes a line apart: `name:value|type|@rate|#tag:a,other:b`, with several values as
 * `name:1:2:3|ms` (DogStatsD 1.1), and tags behind the name as `name,tag=a` (Telegraf).
 * DogStatsD's container ids, timestamps and cardinalities are passed over.
 */
export function parseStatsdLine(line: string): StatsdLine | StatsdProblem {
  const [head = "", type = "", ...sections] = line.split("|");
  const colon = head.indexOf(":");
  if (colon < 1 || type === "") return malformed("expected `name:value|type`");
  if (head.startsWith("_e{") || head.startsWith("_sc") || !isType(type)) {
    return { reason: "unsupported_type", problem: "expected one of the types c, g, ms, h, d, s" };
  }
  const valueText = head.slice(colon + 1);
  // What is counted of a set may hold colons.
  const values = type === "s" ? [valueText] : valueText.split(":", MAX_VALUES + 1);
  if (values.length > MAX_VALUES) return malformed("the line has too many values");
  if (type !== "s" && values.some((value) => decimal(value) === null)) {
    return malformed("the value is not a number");
  }
  let weight = 1;
  let tags = "";
  for (const section of sections) {
    if (section.startsWith("@")) {
      const rate = decimal(section.slice(1)) ?? 0;
      if (rate < MIN_RATE || rate > 1) {
        return malformed("the sample rate is not above 0 and up to 1");
      }
      weight = 1 / rate;
    } else if (section.startsWith("#")) tags = section.slice(1);
  }
  const name = head.slice(0, colon);
  const comma = name.indexOf(",");
  if (comma < 0) return { type, name, values, weight, tags };
  if (comma === 0) return malformed("the name is empty");
  const inName = name.slice(comma + 1).replaceAll("=", ":");
  return {
    type,
    name: name.slice(0, comma),
    values,
    weight,
    tags: tags === "" ? inName : `${inName},${tags}`,
  };
}

/** The labels that tags stand for; a tag without a value is `true`. */
export function statsdLabels(tags: string): Labels {
  if (tags === "") return [];
  return tags.split(",").filter((tag) => tag !== "").map((tag): [string, string] => {
    const colon = tag.indexOf(":");
    return colon < 1 ? [tag, "true"] : [tag.slice(0, colon), tag.slice(colon + 1)];
  });
}

function isType(text: string): text is StatsdType {
  return TYPES.has(text);
}

function malformed(problem: string): StatsdProblem {
  return { reason: "malformed_line", problem };
}

import { parse } from "yaml";

/** Targets with what is known about them. */
export interface TargetGroup {
  /** `host:port`. */
  readonly targets: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
}

/** Targets of one file; a file with more is refused as a whole. */
const MAX_FILE_TARGETS = 10_000;

/**
 * Reads a file of targets, JSON or YAML, as Prometheus' file discovery has them: a list of
 * `{targets: [host:port], labels: {name: value}}`.
 *
 * @throws Error that says which entry is wrong, and what would be right
 */
export function readTargetFile(source: string): TargetGroup[] {
  // JSON is YAML as well. No aliases: a few lines of them could stand for gigabytes.
  const value: unknown = parse(source, { maxAliasCount: 0, prettyErrors: true });
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Error("must be a list of {targets, labels}");
  const groups = value.map((entry: unknown, i) => groupOf(entry, `entry ${i + 1}`));
  const total = groups.reduce((sum, group) => sum + group.targets.length, 0);
  if (total > MAX_FILE_TARGETS) throw new Error(`has more than ${MAX_FILE_TARGETS} targets`);
  return groups;
}

function groupOf(entry: unknown, where: string): TargetGroup {
  const { targets, labels, ...others } = recordOf(entry, where);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new Error(`${where} has an unknown key "${unknown}"`);
  if (!Array.isArray(targets) || !targets.every((one) => typeof one === "string" && one !== "")) {
    throw new Error(`${where}: targets must be a list of host:port`);
  }
  const pairs = labels === undefined ? [] : Object.entries(recordOf(labels, `${where}: labels`));
  return {
    targets: targets.map(String),
    labels: new Map(pairs.map(([name, value]) => [name, labelValue(value, `${where}: ${name}`)])),
  };
}

function labelValue(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  throw new Error(`${where} must be text; put it in quotes`);
}

function recordOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`${where} must be a mapping`);
}

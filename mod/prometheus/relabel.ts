/** What a rule of relabelling does (prometheus.io, "relabel_config"); `hashmod` is not there. */
export const RELABEL_ACTIONS = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;
export type RelabelAction = typeof RELABEL_ACTIONS[number];

export interface RelabelRule {
  readonly action: RelabelAction;
  /** Their values, joined by `separator`, are what the rule looks at. */
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** Must match all of the text. */
  readonly regex: RegExp;
  readonly targetLabel: string;
  /** `$1`, `${1}` and `${name}` stand for groups of the match, `$$` for a dollar. */
  readonly replacement: string;
}

/** A regular expression that matches whole texts only. Throws `SyntaxError` when it is none. */
export function wholeMatch(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, "su");
}

/**
 * Labels after all rules, or null where a rule drops what they are of. The labels given are left
 * as they are; a label that becomes empty is taken away.
 */
export function relabel(
  labels: ReadonlyMap<string, string>,
  rules: readonly RelabelRule[],
): Map<string, string> | null {
  let current = new Map(labels);
  for (const rule of rules) {
    const next = applied(current, rule);
    if (next === null) return null;
    current = next;
  }
  return current;
}

function applied(labels: Map<string, string>, rule: RelabelRule): Map<string, string> | null {
  const { action, regex, targetLabel } = rule;
  const source = rule.sourceLabels.map((name) => labels.get(name) ?? "").join(rule.separator);
  switch (action) {
    case "keep":
      return regex.test(source) ? labels : null;
    case "drop":
      return regex.test(source) ? null : labels;
    case "keepequal":
      return (labels.get(targetLabel) ?? "") === source ? labels : null;
    case "dropequal":
      return (labels.get(targetLabel) ?? "") === source ? null : labels;
    case "replace":
      return replaced(labels, rule, source);
    case "lowercase":
      return withLabel(labels, targetLabel, source.toLowerCase());
    case "uppercase":
      return withLabel(labels, targetLabel, source.toUpperCase());
    case "labeldrop":
      return new Map([...labels].filter(([name]) => !regex.test(name)));
    case "labelkeep":
      return new Map([...labels].filter(([name]) => regex.test(name)));
    case "labelmap":
      return mapped(labels, rule);
  }
}

function replaced(labels: Map<string, string>, rule: RelabelRule, source: string) {
  const match = rule.regex.exec(source);
  if (match === null) return labels;
  const target = expanded(rule.targetLabel, match);
  return target === "" ? labels : withLabel(labels, target, expanded(rule.replacement, match));
}

function mapped(labels: Map<string, string>, { regex, replacement }: RelabelRule) {
  const out = new Map(labels);
  for (const [name, value] of labels) {
    const match = regex.exec(name);
    if (match !== null) out.set(expanded(replacement, match), value);
  }
  return out;
}

function withLabel(labels: Map<string, string>, name: string, value: string) {
  const out = new Map(labels);
  if (value === "") out.delete(name);
  else out.set(name, value);
  return out;
}

// As Go's Regexp.Expand: the name after a dollar is as long as it can be.
function expanded(template: string, match: RegExpExecArray): string {
  return template.replace(
    /\$(?:\$|(\w+)|\{(\w+)\})/g,
    (whole: string, bare: string | undefined, braced: string | undefined) => {
      if (whole === "$$") return "$";
      const name = bare ?? braced ?? "";
      return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? "";
    },
  );
}

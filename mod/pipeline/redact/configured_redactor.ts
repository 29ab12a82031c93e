import type { RedactConfig } from "../../config/pipeline_section.ts";
import { type CleanValue, keepValue } from "../../intern/clean_value.ts";
import { REDACTED } from "../../log/secrets.ts";
import { CREDENTIAL_RULES } from "./credential_rules.ts";
import { CARD_RULE, EMAIL_RULE } from "./personal_rules.ts";
import type { RedactionRule } from "./redaction_rule.ts";
import { Redactor } from "./redactor.ts";

/** The redactor as the configuration has it; null where nothing is to be redacted. */
export function configuredRedactor(config: RedactConfig): Redactor | null {
  if (!config.enabled) return null;
  return new Redactor({
    rules: [
      ...CREDENTIAL_RULES,
      ...config.cards ? [CARD_RULE] : [],
      ...config.emails ? [EMAIL_RULE] : [],
      ...config.patterns.map(ownRule),
    ],
    secretNames: true,
    furtherNames: config.attributes.map((name) => name.toLowerCase()),
    keptNames: config.keep_attributes.map((name) => name.toLowerCase()),
  });
}

/** What a redactor does to the labels of metrics and to the attributes of resources. */
export function cleanValueOf(redactor: Redactor | null): CleanValue {
  return redactor === null ? keepValue : (name, value) => redactor.value(name, value);
}

function ownRule({ name, pattern, contains }: RedactConfig["patterns"][number]): RedactionRule {
  const expression = new RegExp(pattern, "gu");
  return {
    name: `pattern_${name}`,
    where: contains.length === 0
      ? { kind: "every_text" }
      : { kind: "literals", literals: contains },
    // A function, so that a `$` in what stands for secrets would mean nothing.
    redact: (text) => text.replace(expression, () => REDACTED),
  };
}

/** How one test ended. */
export interface TestOutcome {
  /** The file as the runner names it, such as `./tests/unit/mod/assets_test.ts`. */
  file: string;
  /** The test's name; steps follow their test's name after ` > `. */
  name: string;
  outcome: "passed" | "failed" | "ignored";
}

/**
 * Reads the JUnit report that `deno test --junit-path` writes.
 *
 * @throws {Error} when there is no report in the text
 */
export function parseJunitReport(xml: string): TestOutcome[] {
  if (!xml.includes("<testsuites")) throw new Error("not a JUnit report");
  const outcomes: TestOutcome[] = [];
  const testcase = /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
  for (const [, attributes = "", body = ""] of xml.matchAll(testcase)) {
    const failed = /<(?:failure|error)\b/.test(body);
    const ignored = /<skipped\b/.test(body);
    outcomes.push({
      file: attribute(attributes, "classname"),
      name: attribute(attributes, "name"),
      outcome: failed ? "failed" : ignored ? "ignored" : "passed",
    });
  }
  return outcomes;
}

function attribute(attributes: string, name: string): string {
  const match = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes);
  if (match === null) throw new Error(`a test case has no ${name}`);
  return unescapeXml(match[1] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  return text.replaceAll(/&(?:#(x?)([0-9a-fA-F]+)|(\w+));/g, (whole, hex, digits, entity) => {
    if (digits !== undefined) return String.fromCodePoint(parseInt(digits, hex ? 16 : 10));
    return ENTITIES[entity] ?? whole;
  });
}

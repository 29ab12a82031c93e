import assert from "node:assert/strict";
import { loadConfig } from "../../../../mod/config/load_config.ts";
import { configJsonSchema, defaultConfig } from "../../../../mod/config/schema.ts";
import { SchemaTree } from "../../../../mod/config/schema_tree.ts";
import { SETTINGS } from "../../../../mod/config/settings.ts";
import { valueAt } from "../../../../mod/config/schema_problems.ts";
import { parseConfigFile } from "../../../../mod/config/config_file.ts";

const PROJECT = new URL("../../../../", import.meta.url);
const read = (name: string) => Deno.readTextFile(new URL(name, PROJECT));

/** Paths of all keys that hold a value, lists as a whole. */
function leaves(tree: SchemaTree, path: string[] = []): string[][] {
  const keys = tree.keysAt(path);
  return keys.length === 0 ? [path] : keys.flatMap((key) => leaves(tree, [...path, key]));
}

Deno.test("horizon.example.yaml: has every key, each with its default", async () => {
  const text = await read("horizon.example.yaml");
  const loaded = await loadConfig({
    flags: { config: "example" },
    env: {},
    readFile: () => Promise.resolve(text),
  });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  assert.deepEqual(loaded.config, defaultConfig());
  const parsed = parseConfigFile("example", text);
  assert.ok(parsed.ok);
  for (const path of leaves(new SchemaTree(configJsonSchema()))) {
    assert.notEqual(valueAt(parsed.file.value, path), undefined, path.join("."));
  }
});

Deno.test("docs/configuration.md: names every key and every setting", async () => {
  const text = await read("docs/configuration.md");
  for (const path of leaves(new SchemaTree(configJsonSchema()))) {
    const [section = "", ...rest] = path;
    const start = text.indexOf(`\n## \`${section}\``);
    const part = text.slice(start, text.indexOf("\n## ", start + 1) >>> 0);
    const name = rest.join(".");
    assert.ok(start >= 0 && part.includes(`\`${name}\``), path.join("."));
  }
  for (const { flag, variable, path } of SETTINGS) {
    const row = text.split("\n").find((line) => line.includes(`| \`${variable}\` |`));
    assert.ok(row?.includes(`| \`${flag}`) && row.includes(`\`${path.join(".")}\``), flag);
  }
});

Deno.test("configJsonSchema: every key says what it is and what is allowed", () => {
  const tree = new SchemaTree(configJsonSchema());
  for (const path of leaves(tree)) {
    assert.notEqual(tree.allowedAt(path), null, path.join("."));
  }
  const undescribed = (value: unknown, at: string): string[] => {
    const properties = valueAt(value, ["properties"]) ?? {};
    return Object.entries(properties).flatMap(([key, child]) => [
      ...typeof valueAt(child, ["description"]) === "string" ? [] : [`${at}.${key}`],
      ...undescribed(child, `${at}.${key}`),
      ...undescribed(valueAt(child, ["items"]), `${at}.${key}[]`),
    ]);
  };
  assert.deepEqual(undescribed(configJsonSchema(), ""), []);
});

Deno.test("configJsonSchema: is closed, and needs no key at the top", () => {
  const schema = configJsonSchema();
  assert.equal(schema["additionalProperties"], false);
  assert.equal(schema["required"], undefined);
  assert.equal(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
});

import type { z } from "zod";
import { ALLOWED } from "./scalars.ts";

type SchemaNode = z.core.JSONSchema.BaseSchema;

/** What the JSON schema of the configuration says about its keys, for error messages. */
export class SchemaTree {
  readonly #root: SchemaNode;

  /** @param root the result of `configJsonSchema` */
  constructor(root: SchemaNode) {
    this.#root = root;
  }

  /** The keys that a mapping may have; none when there is no mapping at the path. */
  keysAt(path: readonly PropertyKey[]): string[] {
    return Object.keys(this.#at(path)?.properties ?? {});
  }

  /** What is allowed at a path, in words; null when the schema does not say. */
  allowedAt(path: readonly PropertyKey[]): string | null {
    const node = this.#at(path);
    return node === null ? null : allowed(node);
  }

  /** Dotted paths of the keys of this name, lists left out. */
  pathsOf(name: string): string[] {
    const found: string[] = [];
    const visit = (node: SchemaNode, path: string[]): void => {
      for (const [key, child] of Object.entries(node.properties ?? {})) {
        if (key === name) found.push([...path, key].join("."));
        if (isNode(child)) visit(child, [...path, key]);
      }
    };
    visit(this.#root, []);
    return found;
  }

  #at(path: readonly PropertyKey[]): SchemaNode | null {
    let node: SchemaNode = this.#root;
    for (const step of path) {
      const properties: Readonly<Record<string, unknown>> = node.properties ?? {};
      const next = typeof step === "number"
        ? node.items
        : Object.hasOwn(properties, step)
        ? properties[String(step)]
        : undefined;
      if (!isNode(next)) return null;
      // A nullable key: what it is when it is there.
      const present = next.anyOf?.find((option) => isNode(option) && option.type !== "null");
      node = next[ALLOWED] === undefined && isNode(present) ? present : next;
    }
    return node;
  }
}

function allowed(node: SchemaNode): string | null {
  const said = node[ALLOWED];
  if (typeof said === "string") return said;
  if (node.enum !== undefined) return node.enum.join(", ");
  switch (node.type) {
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number from ${node.minimum} to ${node.maximum}`;
    case "array":
      return "a list";
    case "object":
      return `a mapping with keys among ${Object.keys(node.properties ?? {}).join(", ")}`;
    default:
      return null;
  }
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

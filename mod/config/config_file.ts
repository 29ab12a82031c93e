import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLError,
} from "yaml";
import { redactText } from "../log/secrets.ts";
import type { ConfigProblem } from "./config_problem.ts";

/** A file that is YAML. */
export interface ConfigFile {
  readonly name: string;
  /** Mappings, lists and scalars, as YAML 1.2 has them; null when the file is empty. */
  readonly value: unknown;
  /**
   * `NAME:LINE:COLUMN` of the key or the entry at a path, the name alone for the file as a whole;
   * null when the file has no such thing.
   */
  readonly locate: (path: readonly PropertyKey[]) => string | null;
}

export type ParsedFile =
  | { readonly ok: true; readonly file: ConfigFile }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** No configuration comes near it; what is larger is not a configuration. */
const MAX_FILE_LENGTH = 1024 * 1024;
/** Our deepest key is seven levels down. */
const MAX_DEPTH = 32;
/** A broken file has one mistake and its echoes; the first ones tell. */
const MAX_SYNTAX_PROBLEMS = 20;

/** Reads YAML 1.2 (JSON is a part of it), with every syntax error at its line and column. */
export function parseConfigFile(name: string, text: string): ParsedFile {
  if (text.length > MAX_FILE_LENGTH) {
    return broken(name, `is longer than ${MAX_FILE_LENGTH} characters`);
  }
  try {
    return parseYaml(name, text);
  } catch (error) {
    // Thousands of nested brackets, or aliases that multiply.
    return broken(name, `is not usable: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseYaml(name: string, text: string): ParsedFile {
  const lines = new LineCounter();
  // Pretty errors quote the line, and with it perhaps a secret.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // Duplicate keys are an error: one of the two would silently not count.
    uniqueKeys: true,
  });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  // A warning is a tag that nobody knows: its value would not be what was meant.
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    // One mistake may echo at the same place as often as brackets are open.
    const byText = new Map(faults.map((fault) => [`${fault.pos[0]} ${fault.message}`, fault]));
    const problems = [...byText.values()].slice(0, MAX_SYNTAX_PROBLEMS).map(
      (fault): ConfigProblem => ({
        path: "",
        where: at(fault.pos[0]),
        value: null,
        message: faultMessage(fault, text),
        allowed: null,
      }),
    );
    return { ok: false, problems };
  }
  const locate = (path: readonly PropertyKey[]): string | null => {
    if (path.length === 0) return name;
    const offset = offsetOf(document, path);
    return offset === null ? null : at(offset);
  };
  const value: unknown = document.toJS();
  if (isTooDeep(value, MAX_DEPTH)) return broken(name, "is nested too deeply, or within itself");
  return { ok: true, file: { name, value, locate } };
}

/** Also true of an alias that stands in what it names: it has no end. */
function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isTooDeep(part, levels - 1));
}

function broken(name: string, message: string): ParsedFile {
  return { ok: false, problems: [{ path: "", where: name, value: null, message, allowed: null }] };
}

function faultMessage(fault: YAMLError, text: string): string {
  switch (fault.code) {
    case "DUPLICATE_KEY":
      return `the key ${keyAt(text, fault.pos[0])} stands here a second time`;
    case "MULTIPLE_DOCS":
      return "a second document begins here; a configuration is one";
    default:
      return redactText(fault.message);
  }
}

function keyAt(text: string, offset: number): string {
  return /^["']?([\w.-]{1,64})/.exec(text.slice(offset, offset + 70))?.[1] ?? "at this place";
}

/** The offset of a mapping's key, or of a list's entry. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number | null {
  let node: unknown = document.contents;
  let offset: number | null = null;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined || !isScalar(pair.key)) return null;
      offset = pair.key.range?.[0] ?? null;
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      const item: unknown = node.items[step];
      if (item === undefined) return null;
      offset = isScalar(item) || isMap(item) || isSeq(item) || isAlias(item)
        ? item.range?.[0] ?? null
        : null;
      node = item;
    } else {
      return null;
    }
  }
  return offset;
}

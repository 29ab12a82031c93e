import { decodeUtf8 } from "../columns/utf8_text.ts";
import { unescaped } from "./exposition.ts";
import { NAME_LABEL } from "./label_names.ts";

/** Longest text of a series; a longer one is none. */
const MAX_SERIES_BYTES = 65_536;
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
/** A label with its value, and what follows: a name may be quoted since Prometheus 3. */
const LABEL =
  /\s*(?:([a-zA-Z_][a-zA-Z0-9_]*)|"((?:[^"\\]|\\.)*)")\s*(?:(=)\s*"((?:[^"\\]|\\.)*)")?\s*(,|$)/sy;

/**
 * The labels that a sample's text stands for, the metric's name among them as `__name__`:
 * `name{a="b"}`, `{"a name", a="b"}`. Null when it is no series.
 */
export function readSeriesText(
  body: Uint8Array,
  start: number,
  end: number,
): Map<string, string> | null {
  if (end - start > MAX_SERIES_BYTES) return null;
  const text = decodeUtf8(body, start, end);
  const labels = new Map<string, string>();
  const name = NAME.exec(text)?.[0] ?? "";
  if (name !== "") labels.set(NAME_LABEL, name);
  const rest = text.slice(name.length).trim();
  if (rest === "") return name === "" ? null : labels;
  if (!rest.startsWith("{") || !rest.endsWith("}")) return null;
  return readLabels(rest.slice(1, -1), labels) && labels.has(NAME_LABEL) ? labels : null;
}

/** Reads what stands between braces; false when those are no labels. */
export function readLabels(text: string, into: Map<string, string>): boolean {
  if (text.trim() === "") return true;
  // A comma may follow the last.
  for (let at = 0; at < text.length && text.slice(at).trim() !== "";) {
    LABEL.lastIndex = at;
    const match = LABEL.exec(text);
    if (match === null) return false;
    const [whole, plain, quoted, equals, value] = match;
    const name = plain ?? unescaped(quoted ?? "");
    // Without a value it is the metric's name, which must be quoted to stand here.
    const [label, given] = equals === undefined
      ? [NAME_LABEL, name]
      : [name, unescaped(value ?? "")];
    if (equals === undefined && plain !== undefined || into.has(label)) return false;
    into.set(label, given);
    at += whole.length;
  }
  return true;
}

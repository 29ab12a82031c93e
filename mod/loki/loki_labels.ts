import type { TextAttributes } from "../intake/log_writer.ts";

const PAIR = /\s*([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The labels of `{job="app", dc="eu"}`, values quoted as Go does; null for another text. */
export function parseLokiLabels(text: string): TextAttributes | null {
  const inner = text.trim();
  if (!inner.startsWith("{") || !inner.endsWith("}")) return null;
  const labels: (readonly [string, string])[] = [];
  PAIR.lastIndex = 1;
  for (;;) {
    const at = PAIR.lastIndex;
    if (/^\s*\}$/.test(inner.slice(at, at + 64)) && at + 64 >= inner.length) return labels;
    const match = PAIR.exec(inner);
    if (match === null) return null;
    labels.push([match[1] ?? "", unquote(match[2] ?? "")]);
  }
}

function unquote(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs,
    (_, byte: string | undefined, unit: string | undefined, char: string | undefined) => {
      const hex = byte ?? unit;
      return hex === undefined
        ? ESCAPES[char ?? ""] ?? char ?? ""
        : String.fromCharCode(parseInt(hex, 16));
    },
  );
}

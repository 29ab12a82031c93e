/**
 * A path with wildcards, such as `/var/log/app-?/*.log`: `*` and `?` within one part of the path,
 * `[a-z]` and `[!a-z]` for one character, `{a,b}` for either, `**` as a whole part for any number of
 * folders. Names that begin with a dot are matched only by a part that does too.
 */
export interface PathPattern {
  /** The folder below which everything is that can match. */
  readonly folder: string;
  /** What must be left of the path, part by part; null stands for `**`. */
  readonly parts: readonly (RegExp | null)[];
  matches(path: string): boolean;
}

/** Alternatives that `{a,b}` may multiply to. */
const MAX_ALTERNATIVES = 64;

/** Null when the text is no absolute path, or its wildcards are broken. */
export function parsePathPattern(text: string): readonly PathPattern[] | null {
  const alternatives = expandBraces(text);
  if (alternatives === null) return null;
  const patterns = alternatives.map(patternOf);
  return patterns.every((pattern) => pattern !== null) ? patterns : null;
}

function patternOf(text: string): PathPattern | null {
  if (!text.startsWith("/") || text.endsWith("/")) return null;
  const names = text.slice(1).split("/");
  if (names.some((name) => name === "" || name === "." || name === "..")) return null;
  const literal = names.findIndex((name) => /[*?[\]]/.test(name));
  const fixed = literal === -1 ? names.length - 1 : Math.min(literal, names.length - 1);
  const parts: (RegExp | null)[] = [];
  for (const name of names.slice(fixed)) {
    if (name === "**") parts.push(null);
    else {
      const part = partOf(name);
      if (part === null) return null;
      parts.push(part);
    }
  }
  const folder = `/${names.slice(0, fixed).join("/")}`;
  const prefix = folder === "/" ? "/" : `${folder}/`;
  return {
    folder,
    parts,
    matches: (path) => path.startsWith(prefix) && fit(path.slice(prefix.length).split("/"), parts),
  };
}

function fit(names: readonly string[], parts: readonly (RegExp | null)[]): boolean {
  // Where in the parts one can be after the names so far: no going back, so no explosion.
  let places = new Set([0]);
  const skipStars = (at: number, into: Set<number>): void => {
    into.add(at);
    if (at < parts.length && parts[at] === null) skipStars(at + 1, into);
  };
  const first = new Set<number>();
  for (const at of places) skipStars(at, first);
  places = first;
  for (const name of names) {
    const next = new Set<number>();
    for (const at of places) {
      const part = parts[at];
      if (part === null && !name.startsWith(".")) skipStars(at, next);
      else if (part instanceof RegExp && part.test(name)) skipStars(at + 1, next);
    }
    places = next;
  }
  return places.has(parts.length);
}

function partOf(name: string): RegExp | null {
  let source = name.startsWith(".") ? "" : "(?!\\.)";
  for (let at = 0; at < name.length; at++) {
    const char = name.charAt(at);
    if (char === "*") source += source.endsWith("[^]*?") ? "" : "[^]*?";
    else if (char === "?") source += "[^]";
    else if (char === "[") {
      const end = name.indexOf("]", at + 2);
      if (end === -1) return null;
      const inner = name.slice(at + 1, end).replace(/[\\\]^[]/g, "\\$&");
      source += inner.startsWith("!") ? `[^${inner.slice(1)}]` : `[${inner}]`;
      at = end;
    } else source += char.replace(/[\\^$.|+(){}\]/]/g, "\\$&");
  }
  // Many wildcards in one name could take long on a long one; names have 255 bytes at most.
  if ((source.match(/\[\^\]\*\?/g) ?? []).length > 4) return null;
  try {
    return new RegExp(`^${source}$`, "u");
  } catch {
    return null;
  }
}

/** Null when a brace is not closed, or there are too many alternatives. */
function expandBraces(text: string): string[] | null {
  const open = text.indexOf("{");
  if (open === -1) return text.includes("}") ? null : [text];
  const close = text.indexOf("}", open);
  if (close === -1 || text.slice(open + 1, close).includes("{")) return null;
  const rest = expandBraces(text.slice(close + 1));
  if (rest === null) return null;
  const all = text.slice(open + 1, close).split(",").flatMap((one) =>
    rest.map((tail) => text.slice(0, open) + one + tail)
  );
  return all.length > MAX_ALTERNATIVES ? null : all;
}

import { type CriEnvelope, readCri } from "./cri_line.ts";
import type { LinePattern } from "./line_pattern.ts";
import type { BlockLine } from "./line_split.ts";

/** Which lines belong together, such as those of a stack trace. */
export interface MultilineOptions {
  /** Of a line that starts a record; a line that does not match goes on with the one before. */
  readonly start: LinePattern | null;
  /** Of a line that goes on with the one before; where `start` is null. */
  readonly continuation: LinePattern | null;
  /** Of one record; what is more starts another. */
  readonly maxLines: number;
  readonly maxBytes: number;
}

/** Lines that make up one record. */
export interface LineGroup {
  readonly text: string;
  /** Of lines of a container runtime: what their envelope says. */
  readonly envelope: CriEnvelope["line"] | null;
  /** Where it starts in the block, and where what follows it does. */
  readonly start: number;
  readonly end: number;
}

export interface Grouped {
  readonly groups: readonly LineGroup[];
  /** Where the first group that may go on starts; the end of the lines when all are complete. */
  readonly end: number;
  /** Groups closed at `maxLines` or `maxBytes`. */
  readonly cut: number;
}

interface OpenGroup {
  texts: string[];
  envelope: CriEnvelope["line"] | null;
  start: number;
  end: number;
  length: number;
  /** The last line was a piece that the runtime split off. */
  partial: boolean;
}

/**
 * Puts lines together to records. A group is complete when the next one of its stream starts, so
 * the last ones may not be: they are left out, with all that comes after them, unless `flush`.
 * Whoever reads comes back to where they start, so that nothing needs to be remembered.
 */
export function groupLines(
  lines: readonly BlockLine[],
  options: { readonly multiline: MultilineOptions | null; readonly cri: boolean },
  flush: boolean,
): Grouped {
  const { multiline, cri } = options;
  const end = lines.at(-1)?.end ?? 0;
  if (multiline === null && !cri) {
    return { groups: lines.map((line) => ({ ...line, envelope: null })), end, cut: 0 };
  }
  const groups: LineGroup[] = [];
  const open = new Map<string, OpenGroup>();
  let cut = 0;
  const close = (group: OpenGroup): void => {
    const { texts, envelope, start, end } = group;
    groups.push({ text: texts.join(""), envelope, start, end });
  };
  for (const line of lines) {
    const wrapped = cri ? readCri(line.text) : null;
    const stream = wrapped?.stream ?? "";
    const text = wrapped === null ? line.text : wrapped.line.body;
    const before = open.get(stream);
    if (before !== undefined) {
      const joins = before.partial || multiline !== null && goesOn(text, multiline);
      const fits = multiline === null
        ? before.length + text.length <= MAX_JOINED_LENGTH
        : before.texts.length < multiline.maxLines &&
          before.length + text.length <= multiline.maxBytes;
      if (joins && fits) {
        before.texts.push(before.partial ? text : `\n${text}`);
        before.length += text.length + 1;
        before.end = line.end;
        before.partial = wrapped !== null && !wrapped.complete;
        if (multiline === null && !before.partial) {
          close(before);
          open.delete(stream);
        }
        continue;
      }
      if (joins) cut++;
      close(before);
      open.delete(stream);
    }
    const partial = wrapped !== null && !wrapped.complete;
    const group: OpenGroup = {
      texts: [text],
      envelope: wrapped?.line ?? null,
      start: line.start,
      end: line.end,
      length: text.length,
      partial,
    };
    // Without a multiline rule a whole line is complete by itself.
    if (multiline === null && !partial) close(group);
    else open.set(stream, group);
  }
  if (flush) {
    for (const group of open.values()) close(group);
    open.clear();
  }
  const openStart = Math.min(end, ...[...open.values()].map(({ start }) => start));
  // In the order in which they started, as streams take turns.
  groups.sort((a, b) => a.start - b.start);
  return { groups: groups.filter(({ start }) => start < openStart), end: openStart, cut };
}

/** Of pieces that a container runtime split, when no rule for lines says otherwise; UTF-16 units. */
const MAX_JOINED_LENGTH = 262_144;

function goesOn(text: string, { start, continuation }: MultilineOptions): boolean {
  if (start !== null) return !start.starts(text);
  return continuation !== null && continuation.starts(text);
}

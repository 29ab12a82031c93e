// East Asian Wide and Fullwidth (UAX #11) by blocks, for what telemetry has in it: CJK, kana, Hangul, fullwidth
// forms. Unassigned code points inside of a block count as wide, as terminals have it.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]*$/u;
const ASCII = /^[\x20-\x7e]*$/;

/** Terminal columns that a text takes: 2 for wide characters and emoji, 0 for marks that join. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment);
  return width;
}

/** The text in at most `columns` terminal columns; a cut is shown by `…`. */
export function cutToWidth(text: string, columns: number): string {
  // A character has one column at least, but for marks: most texts are decided here.
  if (text.length <= columns && displayWidth(text) <= columns) return text;
  let width = 0;
  let end = 0;
  let fits = true;
  for (const { segment, index } of graphemes(text)) {
    width += graphemeWidth(segment);
    if (width <= columns - 1) end = index + segment.length;
    if (width > columns) {
      fits = false;
      break;
    }
  }
  return fits ? text : `${text.slice(0, end)}…`;
}

function graphemes(text: string): Intl.Segments {
  return new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text);
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) || EMOJI.test(grapheme) ? 2 : 1;
}

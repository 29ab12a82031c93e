// @ts-check
/** Which rows of a long list are worth having in the document. */

/** Rows kept above and below what is seen, so that fast scrolling shows no blanks. */
const OVERSCAN = 8;

/**
 * @param {{ scrollTop: number, viewportHeight: number, rowHeight: number, rowCount: number }} view pixels
 * @returns {{ first: number, end: number }} rows from `first` up to, not including, `end`
 */
export function visibleWindow({ scrollTop, viewportHeight, rowHeight, rowCount }) {
  const first = Math.floor(scrollTop / rowHeight) - OVERSCAN;
  const end = Math.ceil((scrollTop + viewportHeight) / rowHeight) + OVERSCAN;
  const bounded = Math.max(0, Math.min(first, rowCount));
  return { first: bounded, end: Math.max(bounded, Math.min(end, rowCount)) };
}

/**
 * Where to scroll so that a row is wholly seen, moving as little as possible.
 * @param {{ scrollTop: number, viewportHeight: number, rowHeight: number, row: number }} view pixels; the viewport
 *   without what covers it
 * @returns {number}
 */
export function scrollToShow({ scrollTop, viewportHeight, rowHeight, row }) {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  const bottom = top + rowHeight;
  return bottom > scrollTop + viewportHeight ? bottom - viewportHeight : scrollTop;
}

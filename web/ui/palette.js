// @ts-check
/**
 * Colours of series, as names of custom properties that theme.css sets for dark and light. They follow Okabe and Ito's
 * palette, whose neighbours differ in lightness as well as in hue.
 */

/** How many there are; more series than that repeat them dashed. */
const COLOURS = 8;

/**
 * @param {number} index
 * @returns {{ colour: string, dashed: boolean }}
 */
export function seriesStyle(index) {
  return { colour: `--series-${index % COLOURS + 1}`, dashed: index >= COLOURS };
}

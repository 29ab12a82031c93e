// @ts-check
/** The time a page shows: the last so many seconds, moving, or a part of the past that stands still. */

/**
 * @typedef {{ kind: "live", seconds: number }} LiveRange
 * @typedef {{ kind: "fixed", fromMs: number, toMs: number }} FixedRange
 * @typedef {LiveRange | FixedRange} TimeRange
 */

/** What the selector offers: label and seconds. */
export const RANGES = /** @type {const} */ ([
  { label: "5m", seconds: 300 },
  { label: "15m", seconds: 900 },
  { label: "1h", seconds: 3600 },
  { label: "6h", seconds: 21600 },
  { label: "24h", seconds: 86400 },
  { label: "7d", seconds: 7 * 86400 },
  { label: "30d", seconds: 30 * 86400 },
]);

/** @type {LiveRange} */
export const DEFAULT_RANGE = { kind: "live", seconds: 900 };

/** A chart is some 600 pixels wide; more points than this cost time and show nothing more. */
const MAX_POINTS = 450;
/** Widths of a point, in seconds; all divide a day, so that points lie on whole minutes and hours. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
/** Less than this holds too few samples to draw. */
const MIN_SPAN_MS = 10_000;

/**
 * Seconds that one point of a chart stands for.
 * @param {number} spanSeconds
 * @returns {number}
 */
export function stepSeconds(spanSeconds) {
  const step = STEPS.find((candidate) => spanSeconds / candidate <= MAX_POINTS);
  return step ?? 86400 * Math.ceil(spanSeconds / MAX_POINTS / 86400);
}

/**
 * @param {TimeRange} range
 * @param {number} nowMs
 * @returns {{ fromMs: number, toMs: number }}
 */
export function windowOf(range, nowMs) {
  if (range.kind === "fixed") return { fromMs: range.fromMs, toMs: range.toMs };
  return { fromMs: nowMs - range.seconds * 1000, toMs: nowMs };
}

/**
 * @param {TimeRange} range
 * @returns {number} seconds
 */
export function spanOf(range) {
  return range.kind === "live" ? range.seconds : (range.toMs - range.fromMs) / 1000;
}

/**
 * The range as part of the address: `15m`, or two times in milliseconds.
 * @param {TimeRange} range
 * @returns {string}
 */
export function writeRange(range) {
  if (range.kind === "fixed") return `${range.fromMs}-${range.toMs}`;
  return RANGES.find(({ seconds }) => seconds === range.seconds)?.label ?? `${range.seconds}s`;
}

/**
 * @param {string | null} text as {@link writeRange} wrote it, or whatever stands in the address
 * @returns {TimeRange} the default where the text says nothing usable
 */
export function readRange(text) {
  const known = RANGES.find(({ label }) => label === text);
  if (known !== undefined) return { kind: "live", seconds: known.seconds };
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(text ?? "");
  const fromMs = Number(match?.[1]);
  const toMs = Number(match?.[2]);
  return toMs - fromMs >= MIN_SPAN_MS ? { kind: "fixed", fromMs, toMs } : DEFAULT_RANGE;
}

/**
 * The range that a selection in a chart asks for: whole seconds, never too short to draw.
 * @param {number} fromMs
 * @param {number} toMs
 * @returns {FixedRange}
 */
export function zoomRange(fromMs, toMs) {
  const middle = (fromMs + toMs) / 2;
  const half = Math.max((toMs - fromMs) / 2, MIN_SPAN_MS / 2);
  return {
    kind: "fixed",
    fromMs: Math.floor((middle - half) / 1000) * 1000,
    toMs: Math.ceil((middle + half) / 1000) * 1000,
  };
}

// @ts-check
/**
 * Values as people read them. Every function takes what may be missing and shows it as {@link MISSING}.
 * Numbers use a point and no grouping, so that what is shown can be pasted into SQL.
 */

/** Shown for what is not known. */
export const MISSING = "–";

const KIBI = 1024;
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const SI_UNITS = ["", "k", "M", "G", "T", "P"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/**
 * @typedef {number | null | undefined} Reading
 * @typedef {object} UnitFormat How one unit is written, and where its axis may put ticks.
 * @property {(value: Reading) => string} value
 * @property {(value: number, increment: number) => string} tick `increment` is the distance of two ticks
 * @property {readonly number[]} increments the distances that ticks may have, ascending
 */

/**
 * Three significant digits: 0.123, 1.20, 12.3, 123, 1234. A whole number stays one.
 * @param {number} value
 * @returns {string}
 */
export function formatSignificant(value) {
  // Rounded first: 9.999 has the digits of 10.
  const magnitude = Math.abs(Number(value.toPrecision(3)));
  if (magnitude >= 100 || Number.isInteger(value)) return value.toFixed(0);
  if (magnitude < 0.001) return value.toExponential(1);
  const decimals = magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  return value.toFixed(decimals);
}

/**
 * @param {string} text
 * @returns {string}
 */
function trimZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/**
 * Ticks are round, so zeros at their end say nothing: `1.50 MiB` is `1.5 MiB`.
 * @param {string} text a number, and maybe its unit
 * @returns {string}
 */
function withoutZeros(text) {
  return text.replace(/(\.\d*?)0+(?=\s|$)/, "$1").replace(/\.(?=\s|$)/, "");
}

/**
 * @param {Reading} value
 * @returns {value is number}
 */
function isKnown(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * Divides by `base` until under it. Rounding never shows a whole next unit ("1024 KiB").
 * @param {number} value
 * @param {number} base
 * @param {readonly string[]} units
 * @returns {{ scaled: number, unit: string }}
 */
function scale(value, base, units) {
  let scaled = value;
  let index = 0;
  while (Math.abs(scaled) >= base - 0.5 && index < units.length - 1) {
    scaled /= base;
    index += 1;
  }
  return { scaled, unit: units[index] ?? "" };
}

/**
 * Bytes in IEC units: `1.5 KiB`. Under one KiB whole bytes.
 * @param {Reading} bytes
 * @returns {string}
 */
export function formatBytes(bytes) {
  if (!isKnown(bytes)) return MISSING;
  const { scaled, unit } = scale(bytes, KIBI, BYTE_UNITS);
  return `${unit === "B" ? scaled.toFixed(0) : formatSignificant(scaled)} ${unit}`;
}

/**
 * @param {Reading} bytesPerSecond
 * @returns {string}
 */
export function formatByteRate(bytesPerSecond) {
  return isKnown(bytesPerSecond) ? `${formatBytes(bytesPerSecond)}/s` : MISSING;
}

/**
 * A ratio (1 = 100 %) with one decimal under 100 %.
 * @param {Reading} ratio
 * @returns {string}
 */
export function formatPercent(ratio) {
  if (!isKnown(ratio)) return MISSING;
  const percent = ratio * 100;
  return `${Math.abs(percent) >= 99.95 ? percent.toFixed(0) : percent.toFixed(1)} %`;
}

/**
 * A plain number, with SI letters from 10,000 on: `12.3 k`.
 * @param {Reading} value
 * @returns {string}
 */
export function formatNumber(value) {
  if (!isKnown(value)) return MISSING;
  if (Math.abs(value) < 10_000) return formatSignificant(value);
  const { scaled, unit } = scale(value, 1000, SI_UNITS);
  return unit === "" ? formatSignificant(scaled) : `${formatSignificant(scaled)} ${unit}`;
}

/**
 * A whole number in groups of three, divided by thin spaces.
 * @param {Reading} value
 * @returns {string}
 */
export function formatCount(value) {
  if (!isKnown(value)) return MISSING;
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/**
 * The two largest units of a duration: `3 d 4 h`, `12 m 5 s`, `4.2 s`, `87 ms`.
 * @param {Reading} seconds
 * @returns {string}
 */
export function formatDuration(seconds) {
  if (!isKnown(seconds)) return MISSING;
  if (seconds < 0.9995) return `${formatSignificant(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${trimZeros(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole >= DAY) return pair(whole, DAY, "d", HOUR, "h");
  if (whole >= HOUR) return pair(whole, HOUR, "h", MINUTE, "m");
  return pair(whole, MINUTE, "m", 1, "s");
}

/**
 * @param {number} seconds
 * @param {number} large
 * @param {string} largeUnit
 * @param {number} small
 * @param {string} smallUnit
 * @returns {string}
 */
function pair(seconds, large, largeUnit, small, smallUnit) {
  const rest = Math.floor((seconds % large) / small);
  const first = `${Math.floor(seconds / large)} ${largeUnit}`;
  return rest === 0 ? first : `${first} ${rest} ${smallUnit}`;
}

/**
 * Local date and time with seconds: `2026-03-01 14:05:09`.
 * @param {Reading} unixMs
 * @returns {string}
 */
export function formatDateTime(unixMs) {
  if (!isKnown(unixMs)) return MISSING;
  const date = new Date(unixMs);
  return `${formatDay(date)} ${formatClock(date)}`;
}

/**
 * @param {Date} date
 * @returns {string}
 */
function formatDay(date) {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * @param {Date} date
 * @returns {string}
 */
function formatClock(date) {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/**
 * @param {number} value
 * @returns {string}
 */
function two(value) {
  return String(value).padStart(2, "0");
}

/**
 * Labels of a time axis: seconds only where the ticks are closer than a minute, the date where a day begins.
 * @param {readonly number[]} ticks seconds since the Unix epoch
 * @param {number} increment seconds between two ticks
 * @returns {string[]}
 */
export function formatTimeTicks(ticks, increment) {
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    if (midnight || increment >= DAY) return `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    const clock = formatClock(date);
    return increment < MINUTE ? clock : clock.slice(0, 5);
  });
}

/**
 * The browser's offset from UTC: `UTC`, `UTC+02:00`.
 * @param {number} offsetMinutes as `Date.prototype.getTimezoneOffset` gives it: negative east of Greenwich
 * @returns {string}
 */
export function formatZone(offsetMinutes) {
  if (offsetMinutes === 0) return "UTC";
  const minutes = Math.abs(offsetMinutes);
  const sign = offsetMinutes < 0 ? "+" : "-";
  return `UTC${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/**
 * @param {number} from exponent
 * @param {number} to exponent
 * @param {readonly number[]} digits
 * @returns {number[]}
 */
function decimalIncrements(from, to, digits) {
  const increments = [];
  for (let exponent = from; exponent <= to; exponent++) {
    for (const digit of digits) increments.push(Number(`${digit}e${exponent}`));
  }
  return increments;
}

/** @returns {number[]} */
function binaryIncrements() {
  const increments = [];
  for (let exponent = 0; exponent < 62; exponent++) increments.push(2 ** exponent);
  return increments;
}

/** @type {UnitFormat} */
export const PERCENT = {
  value: formatPercent,
  tick: (value, increment) => `${(value * 100).toFixed(increment < 0.01 ? 1 : 0)}%`,
  increments: decimalIncrements(-4, 2, [1, 2.5, 5]),
};

/** @type {UnitFormat} */
export const BYTES = {
  value: formatBytes,
  tick: (value) => withoutZeros(formatBytes(Math.abs(value))),
  increments: binaryIncrements(),
};

/** Sent is drawn below zero, so the sign is left out. @type {UnitFormat} */
export const BYTE_RATE = {
  value: (value) => formatByteRate(isKnown(value) ? Math.abs(value) : value),
  tick: (value) => withoutZeros(formatByteRate(Math.abs(value))),
  increments: binaryIncrements(),
};

/** @type {UnitFormat} */
export const NUMBER = {
  value: formatNumber,
  tick: (value) => withoutZeros(formatNumber(value)),
  increments: decimalIncrements(-9, 15, [1, 2, 5]),
};

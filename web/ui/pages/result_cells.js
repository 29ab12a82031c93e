// @ts-check
/** Cells of a result as text, and the order of its rows. */

/** @import { SqlColumn, SqlValue } from "../api_client.js" */

/** Characters of a cell in the table; the record shows all. */
const MAX_CELL = 300;
/** Rows that decide how wide a column is. */
const MEASURED_ROWS = 200;
const MIN_WIDTH = 6;
const MAX_WIDTH = 52;

/** Digits of a fraction in the table; the record shows all. */
const FRACTION_DIGITS = 9;

/**
 * One line, cut where it is very long; fractions with nine digits.
 * @param {SqlValue | undefined} value
 * @param {string} type
 * @returns {string}
 */
export function cellText(value, type) {
  if (typeof value === "number" && !Number.isInteger(value)) {
    return String(Number(value.toPrecision(FRACTION_DIGITS)));
  }
  const text = fullText(value, type).replaceAll(/\s*\n\s*/g, " ↵ ");
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
}

/**
 * @param {SqlValue | undefined} value
 * @param {string} type
 * @returns {string}
 */
export function fullText(value, type) {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "object") return JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");
  if (type.startsWith("TIMESTAMP")) return timestampText(String(value));
  return String(value);
}

/**
 * `2026-03-01T14:05:09.123000Z` without what says nothing: `2026-03-01 14:05:09.123`.
 * @param {string} iso
 * @returns {string}
 */
function timestampText(iso) {
  return iso.replace("T", " ").replace(/Z$/, "").replace(
    /\.?0+$/,
    (zeros, at) => iso.slice(0, at).includes(".") || zeros.startsWith(".") ? "" : zeros,
  );
}

/**
 * Width of each column in characters.
 * @param {readonly SqlColumn[]} columns
 * @param {readonly SqlValue[][]} rows
 * @returns {number[]}
 */
export function columnWidths(columns, rows) {
  const measured = rows.slice(0, MEASURED_ROWS);
  return columns.map(({ name, type }, index) => {
    const longest = measured.reduce(
      (length, row) => Math.max(length, cellText(row[index], type).length),
      name.length + 2,
    );
    return Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, longest));
  });
}

/**
 * Sorted by one column: numbers by value, also those that come as text for being large; nulls last.
 * @param {readonly SqlValue[][]} rows
 * @param {number} column
 * @param {"ascending" | "descending"} direction
 * @param {boolean} numeric
 * @returns {SqlValue[][]}
 */
export function sortRows(rows, column, direction, numeric) {
  const sign = direction === "ascending" ? 1 : -1;
  return [...rows].sort((x, y) => {
    const [a, b] = [x[column] ?? null, y[column] ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (numeric) return sign * compareNumbers(a, b);
    const [textA, textB] = [sortText(a), sortText(b)];
    return textA === textB ? 0 : sign * (textA < textB ? -1 : 1);
  });
}

/**
 * @param {SqlValue} a
 * @param {SqlValue} b
 * @returns {number}
 */
function compareNumbers(a, b) {
  if (typeof a === "string" && typeof b === "string" && /^-?\d+$/.test(a) && /^-?\d+$/.test(b)) {
    const difference = BigInt(a) - BigInt(b);
    return difference === 0n ? 0 : difference < 0n ? -1 : 1;
  }
  return Number(a) - Number(b);
}

/**
 * @param {SqlValue} value
 * @returns {string}
 */
function sortText(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

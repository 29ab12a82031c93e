// @ts-check
/** How a result can be drawn: over time, as bars, or not at all. */

import { BYTE_RATE, BYTES, NUMBER, PERCENT } from "../format.js";
import { seriesStyle } from "../palette.js";

/** @import { SqlColumn, SqlValue } from "../api_client.js" */
/** @import { ChartData } from "../chart.js" */
/** @import { UnitFormat } from "../format.js" */

/** More lines than this cannot be told apart; those with the largest values are kept. */
export const MAX_LINES = 16;
export const MAX_BARS = 40;

/**
 * @typedef {{ kind: "time", data: ChartData, format: UnitFormat, leftOut: number }} TimeDrawing
 * @typedef {{ label: string, value: number }} Bar
 * @typedef {{ kind: "bars", title: string, bars: Bar[], format: UnitFormat, leftOut: number }} BarDrawing
 * @typedef {{ kind: "none", reason: string }} NoDrawing
 * @typedef {TimeDrawing | BarDrawing | NoDrawing} Drawing
 */

const TIME_TYPE = /^(?:TIMESTAMP|DATE)/;
const NUMBER_TYPE =
  /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|U?INTEGER|FLOAT|REAL|DOUBLE|DECIMAL)/;
const TEXT_TYPE = /^(?:VARCHAR|ENUM|BOOLEAN|UUID)/;

/**
 * @param {SqlColumn} column
 * @returns {boolean}
 */
export function isNumberColumn({ type }) {
  return NUMBER_TYPE.test(type);
}

/**
 * Finds the time column, the numbers, and the texts that tell series apart.
 * @param {readonly SqlColumn[]} columns
 * @param {readonly SqlValue[][]} rows
 * @returns {Drawing}
 */
export function drawingOf(columns, rows) {
  const time = columns.findIndex(({ type }) => TIME_TYPE.test(type));
  const numbers = indexesOf(columns, NUMBER_TYPE);
  const texts = indexesOf(columns, TEXT_TYPE);
  if (rows.length === 0) return { kind: "none", reason: "There are no rows to draw." };
  if (numbers.length === 0) {
    return { kind: "none", reason: "A chart needs a column of numbers." };
  }
  const times = time === -1 ? new Set() : new Set(rows.map((row) => row[time]));
  if (times.size > 1) return timeDrawing(columns, rows, time, numbers, texts);
  if (texts.length > 0) return barDrawing(columns, rows, numbers, texts);
  return {
    kind: "none",
    reason: "A chart needs a time column with several times, or a text column for bars.",
  };
}

/**
 * @param {readonly SqlColumn[]} columns
 * @param {readonly SqlValue[][]} rows
 * @param {number} time
 * @param {readonly number[]} numbers
 * @param {readonly number[]} texts
 * @returns {TimeDrawing}
 */
function timeDrawing(columns, rows, time, numbers, texts) {
  const moments = [...new Set(rows.map((row) => Date.parse(String(row[time]))))]
    .filter((ms) => !Number.isNaN(ms)).sort((a, b) => a - b);
  const position = new Map(moments.map((ms, index) => [ms, index]));
  /** @type {Map<string, { values: (number | null)[], peak: number }>} */
  const lines = new Map();
  for (const row of rows) {
    const index = position.get(Date.parse(String(row[time])));
    if (index === undefined) continue;
    for (const column of numbers) {
      const value = toNumber(row[column]);
      if (value === null) continue;
      const name = lineName(columns, row, column, numbers, texts);
      const line = lines.get(name) ??
        { values: new Array(moments.length).fill(null), peak: 0 };
      line.values[index] = value;
      line.peak = Math.max(line.peak, Math.abs(value));
      lines.set(name, line);
    }
  }
  const kept = [...lines].sort(([, a], [, b]) => b.peak - a.peak).slice(0, MAX_LINES)
    .sort(([a], [b]) => a.localeCompare(b));
  return {
    kind: "time",
    format: formatFor(numbers.map((index) => columns[index]?.name ?? "")),
    leftOut: lines.size - kept.length,
    data: {
      times: moments.map((ms) => ms / 1000),
      series: kept.map(([name], index) => ({ name, ...seriesStyle(index) })),
      values: kept.map(([, { values }]) => spanShortGaps(values)),
      window: { fromMs: moments[0] ?? 0, toMs: moments.at(-1) ?? 1 },
    },
  };
}

/**
 * A series that lacks single times of the others is still one line. Longer gaps stay gaps.
 * @param {readonly (number | null)[]} values
 * @returns {(number | null)[]}
 */
function spanShortGaps(values) {
  return values.map((value, index) => {
    if (value !== null) return value;
    const before = values[index - 1] ?? null;
    const after = values[index + 1] ?? null;
    return before === null || after === null ? null : (before + after) / 2;
  });
}

/**
 * @param {readonly SqlColumn[]} columns
 * @param {readonly SqlValue[]} row
 * @param {number} column
 * @param {readonly number[]} numbers
 * @param {readonly number[]} texts
 * @returns {string}
 */
function lineName(columns, row, column, numbers, texts) {
  const group = labelOf(row, texts);
  const name = columns[column]?.name ?? "";
  if (group === "") return name;
  return numbers.length === 1 ? group : `${group} ${name}`;
}

/**
 * @param {readonly SqlColumn[]} columns
 * @param {readonly SqlValue[][]} rows
 * @param {readonly number[]} numbers
 * @param {readonly number[]} texts
 * @returns {BarDrawing}
 */
function barDrawing(columns, rows, numbers, texts) {
  const column = numbers[0] ?? 0;
  const name = columns[column]?.name ?? "";
  const bars = rows.flatMap((row) => {
    const value = toNumber(row[column]);
    return value === null ? [] : [{ label: labelOf(row, texts), value }];
  });
  return {
    kind: "bars",
    title: name,
    format: formatFor([name]),
    bars: bars.slice(0, MAX_BARS),
    leftOut: Math.max(0, bars.length - MAX_BARS),
  };
}

/**
 * @param {readonly SqlValue[]} row
 * @param {readonly number[]} texts
 * @returns {string}
 */
function labelOf(row, texts) {
  return texts.map((index) => String(row[index] ?? "NULL")).join(" · ");
}

/**
 * @param {readonly SqlColumn[]} columns
 * @param {RegExp} type
 * @returns {number[]}
 */
function indexesOf(columns, type) {
  return columns.flatMap((column, index) => type.test(column.type) ? [index] : []);
}

/**
 * @param {SqlValue | undefined} value large integers come as text
 * @returns {number | null}
 */
function toNumber(value) {
  if (value === null || value === undefined || value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/**
 * The unit that the names of the columns tell.
 * @param {readonly string[]} names
 * @returns {UnitFormat}
 */
function formatFor(names) {
  if (names.every((name) => /bytes_per_second$/i.test(name))) return BYTE_RATE;
  if (names.every((name) => /bytes$/i.test(name))) return BYTES;
  if (names.every((name) => /(?:^|_)(?:ratio|utilization)$/i.test(name))) return PERCENT;
  return NUMBER;
}

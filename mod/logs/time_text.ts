import { type TimeZone, UTC } from "./time_zone.ts";

/** A time that was read from a text. */
export interface TimeReading {
  /** Microseconds since the Unix epoch. */
  readonly tsUs: number;
  /** Nanoseconds past `tsUs`, 0–999. */
  readonly nsRemainder: number;
  /** Where in the text it ends. */
  readonly end: number;
}

const DAY_MS = 86_400_000;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const ZERO = 48;
/** A time without a year is of this year, unless that were further ahead than this. */
const MAX_AHEAD_MS = 2 * DAY_MS;

// Every layout but ISO 8601 and digits alone: rare enough for regular expressions.
const MONTH = "([A-Z][a-z]{2})";
const CLOCK = String.raw`(\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?`;
const ZONE = String.raw`(?: ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?`;
/** `Nov 25 19:14:53`, `Nov  5 2026 19:14:53.123`: syslog (RFC 3164). */
const MONTH_FIRST = new RegExp(`${MONTH} {1,2}(\\d{1,2})(?: (\\d{4}))? ${CLOCK}${ZONE}`, "y");
/** `Wed Nov 25 19:14:53.123456 2026`: ctime, Apache's error log. */
const CTIME = new RegExp(`[A-Z][a-z]{2} ${MONTH} {1,2}(\\d{1,2}) ${CLOCK} (\\d{4})`, "y");
/** `25/Nov/2026:19:14:53 +0000` (Common Log Format), `25 Nov 2026 19:14:53.123`, `25-Nov-2026 …`, with weekday (RFC 5322). */
const DAY_FIRST = new RegExp(
  `(?:[A-Z][a-z]{2}, )?(\\d{1,2})[/ -]${MONTH}[/ -](\\d{4})[: ]${CLOCK}${ZONE}`,
  "y",
);

/**
 * The time that stands at `start`, in one of the layouts that logs use: ISO 8601 and what looks
 * like it (`2026-11-25 19:14:53,123 +0100`, `2026/11/25 19:14:53`), syslog's, ctime's, that of web
 * servers, of mail, and seconds to nanoseconds since the Unix epoch. Null when none stands there.
 *
 * @param zone the clock of times that do not name theirs
 * @param nowMs what tells the year of times without one
 */
export function readTime(
  text: string,
  start: number,
  zone: TimeZone,
  nowMs: number,
): TimeReading | null {
  const first = text.charCodeAt(start) - ZERO;
  if (first >= 0 && first <= 9) {
    return readIso(text, start, zone) ?? readEpoch(text, start) ?? readDayFirst(text, start, zone);
  }
  const second = text.charCodeAt(start + 1);
  // A month or a weekday: upper case, then lower case.
  if (!(second >= 97 && second <= 122)) return null;
  return readMonthFirst(text, start, zone, nowMs) ?? readCtime(text, start, zone) ??
    readDayFirst(text, start, zone);
}

/** A text that is a time and nothing else; null when it is not. */
export function timeOfText(text: string, zone: TimeZone, nowMs: number): TimeReading | null {
  const reading = readTime(text, 0, zone, nowMs);
  return reading !== null && reading.end === text.length ? reading : null;
}

/**
 * The time of a number since the Unix epoch, whose size says its unit: seconds (with a fraction),
 * milliseconds, microseconds or nanoseconds, from 2001 to 2286. Null for numbers of other sizes.
 */
export function timeOfNumber(value: number): TimeReading | null {
  if (!(value >= 1e9)) return null;
  const end = 0;
  if (value < 1e10) return { tsUs: Math.round(value * 1e6), nsRemainder: 0, end };
  if (value < 1e12) return null;
  if (value < 1e13) return { tsUs: Math.round(value * 1e3), nsRemainder: 0, end };
  if (value < 1e15) return null;
  if (value < 1e16) return { tsUs: Math.floor(value), nsRemainder: 0, end };
  if (value < 1e18 || value >= 1e19) return null;
  return { tsUs: Math.floor(value / 1e3), nsRemainder: 0, end };
}

/** `2026-11-25T19:14:53.123456789+01:00`; also `/`, a space, a comma, no seconds' fraction, no zone. */
function readIso(text: string, start: number, zone: TimeZone): TimeReading | null {
  const separator = text.charCodeAt(start + 4);
  if (separator !== 45 && separator !== 47) return null;
  if (text.charCodeAt(start + 7) !== separator) return null;
  const between = text.charCodeAt(start + 10);
  if (between !== 84 && between !== 32 && between !== 116) return null;
  if (text.charCodeAt(start + 13) !== 58 || text.charCodeAt(start + 16) !== 58) return null;
  const wallMs = wallClock(
    twoDigits(text, start) * 100 + twoDigits(text, start + 2),
    twoDigits(text, start + 5),
    twoDigits(text, start + 8),
    twoDigits(text, start + 11),
    twoDigits(text, start + 14),
    twoDigits(text, start + 17),
  );
  if (wallMs === null) return null;
  let at = start + 19;
  let nanos = 0;
  const mark = text.charCodeAt(at);
  if ((mark === 46 || mark === 44) && isDigit(text, at + 1)) {
    const from = ++at;
    let scale = 100_000_000;
    while (isDigit(text, at) && at - from < 12) {
      nanos += (text.charCodeAt(at++) - ZERO) * scale;
      scale = scale >= 10 ? scale / 10 : 0;
    }
  }
  return withZone(text, at, wallMs, nanos, zone);
}

/** Reads the zone that may follow a time. */
function withZone(
  text: string,
  end: number,
  wallMs: number,
  nanos: number,
  zone: TimeZone,
): TimeReading {
  const spaced = text.charCodeAt(end) === 32;
  const at = spaced ? end + 1 : end;
  const sign = text.charCodeAt(at);
  if (!spaced && (sign === 90 || sign === 122)) return reading(wallMs, nanos, at + 1);
  if ((sign === 43 || sign === 45) && isDigit(text, at + 1)) {
    const hours = twoDigits(text, at + 1);
    const colon = text.charCodeAt(at + 3) === 58 ? 1 : 0;
    const minutes = twoDigits(text, at + 3 + colon);
    // PostgreSQL and others write whole hours alone: "+01".
    const alone = Number.isNaN(minutes);
    if (hours <= 14 && (alone || minutes < 60) && !(alone && (colon === 1 || spaced))) {
      const offsetMs = (hours * 60 + (alone ? 0 : minutes)) * 60_000;
      return reading(
        sign === 43 ? wallMs - offsetMs : wallMs + offsetMs,
        nanos,
        at + (alone ? 3 : 5 + colon),
      );
    }
  }
  if (sign === 85 || sign === 71) {
    const name = text.slice(at, at + 3);
    if ((name === "UTC" || name === "GMT") && !isWord(text.charCodeAt(at + 3))) {
      return reading(wallMs, nanos, at + 3);
    }
  }
  return reading(zone.toUtcMs(wallMs), nanos, end);
}

/** Digits since the Unix epoch: 10 with a fraction, or 10, 13, 16 or 19 of them. */
function readEpoch(text: string, start: number): TimeReading | null {
  let at = start;
  while (at - start < 20 && isDigit(text, at)) at++;
  const digits = at - start;
  // "1" to "9" first: a number that is no time is rarely so long.
  if (digits < 10 || text.charCodeAt(start) === ZERO || isWord(text.charCodeAt(at))) return null;
  if (digits === 10) {
    const seconds = Number(text.slice(start, at));
    if (text.charCodeAt(at) !== 46 || !isDigit(text, at + 1)) {
      return reading(seconds * 1_000, 0, at);
    }
    const from = at + 1;
    at = from;
    while (at - from < 9 && isDigit(text, at)) at++;
    return reading(seconds * 1_000, Number(text.slice(from, at).padEnd(9, "0")), at);
  }
  if (digits === 13) return reading(Number(text.slice(start, at)), 0, at);
  if (digits === 16) return { tsUs: Number(text.slice(start, at)), nsRemainder: 0, end: at };
  if (digits !== 19) return null;
  return {
    tsUs: Number(text.slice(start, at - 3)),
    nsRemainder: Number(text.slice(at - 3, at)),
    end: at,
  };
}

function readMonthFirst(
  text: string,
  start: number,
  zone: TimeZone,
  nowMs: number,
): TimeReading | null {
  MONTH_FIRST.lastIndex = start;
  const match = MONTH_FIRST.exec(text);
  if (match === null) return null;
  const [all, month, day, year, hour, minute, second, fraction, named] = match;
  const at = (of: number) => toUtc(of, month, day, hour, minute, second, named, zone);
  const thisYear = new Date(nowMs).getUTCFullYear();
  let utcMs = at(year === undefined ? thisYear : Number(year));
  if (year === undefined) {
    // December's lines are read in January, and those of a clock ahead of ours on New Year's Eve.
    const before = at(thisYear - 1);
    const after = at(thisYear + 1);
    if (utcMs === null || utcMs > nowMs + MAX_AHEAD_MS) utcMs = before;
    else if (after !== null && after <= nowMs + MAX_AHEAD_MS) utcMs = after;
  }
  return utcMs === null ? null : reading(utcMs, nanosOf(fraction), start + all.length);
}

function readCtime(text: string, start: number, zone: TimeZone): TimeReading | null {
  CTIME.lastIndex = start;
  const match = CTIME.exec(text);
  if (match === null) return null;
  const [all, month, day, hour, minute, second, fraction, year] = match;
  const utcMs = toUtc(Number(year), month, day, hour, minute, second, undefined, zone);
  return utcMs === null ? null : reading(utcMs, nanosOf(fraction), start + all.length);
}

function readDayFirst(text: string, start: number, zone: TimeZone): TimeReading | null {
  DAY_FIRST.lastIndex = start;
  const match = DAY_FIRST.exec(text);
  if (match === null) return null;
  const [all, day, month, year, hour, minute, second, fraction, named] = match;
  const utcMs = toUtc(Number(year), month, day, hour, minute, second, named, zone);
  return utcMs === null ? null : reading(utcMs, nanosOf(fraction), start + all.length);
}

function toUtc(
  year: number,
  month: string | undefined,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  named: string | undefined,
  zone: TimeZone,
): number | null {
  const number = MONTHS.indexOf((month ?? "").toLowerCase()) + 1;
  const wallMs = wallClock(
    year,
    number,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  if (wallMs === null) return null;
  if (named === undefined) return zone.toUtcMs(wallMs);
  return Math.floor(withZone(named, 0, wallMs, 0, UTC).tsUs / 1_000);
}

const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Milliseconds since 1970 on the clock that shows this; null for what no clock shows. */
function wallClock(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | null {
  // Written so that NaN fails. A leap second is the next second's.
  if (!(year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return null;
  if (!(day <= DAYS_IN[month - 1]! && hour < 24 && minute < 60 && second <= 60)) return null;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2 && day === 29 && !leap) return null;
  const past = year - 1;
  const days = year * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) -
    719_527 + DAYS_BEFORE[month - 1]! + day - 1 + (leap && month > 2 ? 1 : 0);
  return days * DAY_MS + (hour * 3_600 + minute * 60 + second) * 1_000;
}

function reading(ms: number, nanos: number, end: number): TimeReading {
  return { tsUs: ms * 1_000 + Math.floor(nanos / 1_000), nsRemainder: nanos % 1_000, end };
}

function nanosOf(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.padEnd(9, "0"));
}

/** NaN when two digits do not stand there. */
function twoDigits(text: string, at: number): number {
  return isDigit(text, at) && isDigit(text, at + 1)
    ? (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO
    : NaN;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at) - ZERO;
  return code >= 0 && code <= 9;
}

/** A letter, a digit or `_`; false past the end of a text. */
function isWord(code: number): boolean {
  return code >= 48 && code <= 57 || code >= 65 && code <= 90 || code >= 97 && code <= 122 ||
    code === 95;
}

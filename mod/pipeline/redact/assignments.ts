import { REDACTED } from "../../log/secrets.ts";
import { isHarmless, isHeaderName, isSecretName } from "./secret_names.ts";

/** The end of a secret's name, before which more of it may stand. */
const SECRET_WORD =
  /passw(?:or)?d|passphrase|passwd|pwd|secret|token|credential|authorization|cookie|(?:api|access|account|private|signing|encryption|client|master|license|shared|service|deploy|webhook)[-_. ]?key|\bpass\b|_pass\b|identified by/gi;
/** What may stand between a name and its value; text that came as a string in JSON has `\"`. */
const REST_OF_NAME = /[\w.-]{0,48}/y;
const SEPARATOR = /(?:\\{0,3}["'`])?[ \t]{0,8}(?:=>|:=|==|[=:])[ \t]{0,8}/y;
const SPACES = /[ \t]{1,8}/y;
const QUOTE = /\\{0,3}["'`]/y;
/** A value without quotes. A `&` ends it only where the next field of a form begins. */
const BARE = /(?:[^\s,;&|"'`<>()[\]{}\\]|&(?![\w.-]{1,64}=)){1,4096}/y;
/** The value of a header goes to the end of its line, or of the quotes that the header stands in. */
const HEADER = /[^\r\n\\]{1,8192}/y;
const QUOTED_HEADER = /[^\r\n"'`\\]{1,8192}/y;
/** Schemes with one word behind them (RFC 6750, RFC 7617); other credentials take the line. */
const SCHEME = /(?:bearer|basic|token|apikey)[ \t]{1,8}/iy;
const ELEMENT = /[^<]{1,4096}/y;
const LIST = /[^\]\r\n]{0,4096}/y;
/** Of a line that is nothing but `NAME=value`, as in a dump of the environment, or `name: value`. */
const REST_OF_LINE = /[^\s]{1,8192}(?=$|[\r\n])/y;
const LINE_HEAD = /(?:^|[\r\n])[ \t]{0,24}(?:export |set |- )?$/;
const LINE_HEAD_BYTES = 32;
/** The value is said elsewhere: `${DB_PASSWORD}`, `{{ token }}`, `$(cat file)`. */
const REFERENCE = /\$[{(]|\{\{|%[({]/y;

const NAME_BYTE = /[\w.-]/;
const MAX_PREFIX = 64;
/** A quoted value that does not end is taken this far. */
const MAX_QUOTED = 16_384;

/**
 * Replaces the values in `name=value`, `"name": "value"`, `--name value`, `<name>value</name>`,
 * headers and the like, wherever the name is one of a secret.
 */
export function redactAssignments(text: string): string {
  let out = "";
  let copied = 0;
  SECRET_WORD.lastIndex = 0;
  for (let match = SECRET_WORD.exec(text); match !== null; match = SECRET_WORD.exec(text)) {
    const nameStart = startOfName(text, match.index);
    const nameEnd = endOf(REST_OF_NAME, text, match.index + match[0].length);
    SECRET_WORD.lastIndex = nameEnd;
    const name = text.slice(nameStart, nameEnd);
    const value = valueAfter(text, nameStart, nameEnd, name);
    if (value === null) continue;
    SECRET_WORD.lastIndex = Math.max(nameEnd, value.end);
    if (isHarmless(name, text.slice(value.start, value.end))) continue;
    out += text.slice(copied, value.start) + REDACTED;
    copied = value.end;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function valueAfter(text: string, nameStart: number, nameEnd: number, name: string): Range | null {
  if (/^identified by/i.test(name)) return quoted(text, endOf(SPACES, text, nameEnd));
  if (!isSecretName(name)) return null;
  const before = text[nameStart - 1];
  if (before === "<" && text[nameEnd] === ">") return ranged(ELEMENT, text, nameEnd + 1);
  // A part of a path of names, such as an ARN.
  if (before === ":" && text[nameEnd] === ":") return null;
  const separated = endOf(SEPARATOR, text, nameEnd);
  if (separated > nameEnd) {
    return assigned(text, separated, unquotedValue(text, nameStart, separated, name));
  }
  const spaced = endOf(SPACES, text, nameEnd);
  if (spaced === nameEnd) return null;
  // `--password hunter2`, but not `--password --verbose`.
  if (name.startsWith("-")) return text[spaced] === "-" ? null : assigned(text, spaced, BARE);
  // SQL has `PASSWORD 'hunter2'`; a parser's `unexpected token '<'` is none.
  return /passw|secret/i.test(name) ? quoted(text, spaced) : null;
}

/** `unquoted` is what a value without quotes is made of. */
function assigned(text: string, at: number, unquoted: RegExp): Range | null {
  if (text.startsWith(REDACTED, at) || endOf(REFERENCE, text, at) > at) return null;
  const inQuotes = quoted(text, at);
  if (inQuotes !== null) return inQuotes;
  if (text[at] === "[") return listed(text, at + 1);
  const scheme = endOf(SCHEME, text, at);
  const bare = ranged(scheme > at ? BARE : unquoted, text, scheme) ?? ranged(BARE, text, scheme);
  return bare === null ? null : { start: at, end: bare.end };
}

/** All that stands in a list; the one element's quotes stay, so that JSON stays JSON. */
function listed(text: string, at: number): Range | null {
  const element = quoted(text, at);
  if (element === null) return ranged(LIST, text, at);
  const closed = element.end + element.start - at;
  return text[closed] === "]" ? element : ranged(LIST, text, at);
}

/** What a value without quotes is made of, by what it is the value of. */
function unquotedValue(text: string, nameStart: number, valueStart: number, name: string): RegExp {
  const before = text[nameStart - 1];
  if (isHeaderName(name)) {
    return before === '"' || before === "'" || before === "`" ? QUOTED_HEADER : HEADER;
  }
  if (!LINE_HEAD.test(text.slice(Math.max(0, nameStart - LINE_HEAD_BYTES), nameStart))) return BARE;
  const lineEnd = endOf(REST_OF_LINE, text, valueStart);
  // `password=x&user=y` is a form, of which only one field is secret.
  return /[&;,][\w.-]{1,64}=/.test(text.slice(valueStart, lineEnd)) ? BARE : REST_OF_LINE;
}

/** What stands in the quotes that open at `at`; to the end of the text when they do not close. */
function quoted(text: string, at: number): Range | null {
  const start = endOf(QUOTE, text, at);
  if (start === at) return null;
  const mark = text.slice(at, start);
  const limit = Math.min(text.length, start + MAX_QUOTED);
  for (let end = start; end < limit; end++) {
    if (!text.startsWith(mark, end)) continue;
    // A mark that is escaped once more than the one that opened is part of the value.
    if (text[end - 1] !== "\\" || end === start) return { start, end };
  }
  return { start, end: limit };
}

function startOfName(text: string, at: number): number {
  const limit = Math.max(0, at - MAX_PREFIX);
  let start = at;
  while (start > limit && NAME_BYTE.test(text[start - 1]!)) start--;
  return start;
}

function ranged(what: RegExp, text: string, start: number): Range | null {
  const end = endOf(what, text, start);
  return end === start ? null : { start, end };
}

/** Where a match at exactly `at` ends; `at` when there is none. */
function endOf(what: RegExp, text: string, at: number): number {
  what.lastIndex = at;
  return what.test(text) ? what.lastIndex : at;
}

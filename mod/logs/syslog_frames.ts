import { decodeUtf8 } from "../columns/utf8_text.ts";
import { HorizonError } from "../errors.ts";

const NEWLINE = 10;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;
const LESS_THAN = 60;
/** Digits of a frame's length; more is no length. */
const MAX_LENGTH_DIGITS = 6;

interface Frame {
  readonly start: number;
  readonly end: number;
  /** Where the next frame starts. */
  readonly next: number;
}

/**
 * How many of the bytes are whole messages of syslog over TCP: with their length in front, or
 * ended by a newline (RFC 6587, 3.4.1 and 3.4.2). Each message may be framed its own way.
 *
 * @throws HorizonError `too_large` for a length above `maxBytes`: what follows cannot be told apart
 */
export function wholeSyslogFrames(bytes: Uint8Array, maxBytes: number): number {
  let at = 0;
  for (;;) {
    const frame = frameAt(bytes, at, maxBytes);
    if (frame === null) return at;
    at = frame.next;
  }
}

/** The messages of whole frames; the last may lack its end. Empty ones are passed over. */
export function syslogFrames(bytes: Uint8Array, maxBytes: number): string[] {
  const messages: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { start, end, next } = frameAt(bytes, at, maxBytes) ??
      { start: at, end: bytes.length, next: bytes.length };
    pushMessage(messages, bytes, start, end);
    at = next;
  }
  return messages;
}

/**
 * The messages of datagrams that stand one after the other. A line that does not begin with a
 * priority goes on with the message before it in its datagram, never with another sender's.
 *
 * @param ends where each datagram ends, rising
 */
export function syslogDatagrams(bytes: Uint8Array, ends: readonly number[]): string[] {
  const messages: string[] = [];
  let start = 0;
  for (const end of ends) {
    pushDatagram(messages, bytes, start, end);
    start = end;
  }
  return messages;
}

function pushDatagram(
  messages: string[],
  bytes: Uint8Array,
  start: number,
  datagramEnd: number,
): void {
  const before = messages.length;
  for (let at = start; at < datagramEnd;) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 || newline > datagramEnd ? datagramEnd : newline;
    const last = messages.length - 1;
    if (bytes[at] === LESS_THAN || last < before) pushMessage(messages, bytes, at, end);
    else if (end > at) messages[last] += `\n${decodeUtf8(bytes, at, end)}`;
    at = end + 1;
  }
}

/** Null when the frame is not whole. */
function frameAt(bytes: Uint8Array, start: number, maxBytes: number): Frame | null {
  let at = start;
  while (at - start <= MAX_LENGTH_DIGITS && isDigit(bytes[at])) at++;
  const digits = at - start;
  if (digits > 0 && at === bytes.length && digits <= MAX_LENGTH_DIGITS) return null;
  const counted = digits > 0 && digits <= MAX_LENGTH_DIGITS && bytes[at] === SPACE &&
    (at + 1 === bytes.length || bytes[at + 1] === LESS_THAN);
  if (counted) {
    const length = Number(decodeUtf8(bytes, start, at));
    if (length > maxBytes) {
      throw new HorizonError("too_large", "a syslog message is too large", {
        bytes: length,
        max_bytes: maxBytes,
      });
    }
    const end = at + 1 + length;
    return end > bytes.length ? null : { start: at + 1, end, next: end };
  }
  const newline = bytes.indexOf(NEWLINE, start);
  return newline === -1 ? null : { start, end: newline, next: newline + 1 };
}

function pushMessage(messages: string[], bytes: Uint8Array, start: number, end: number): void {
  let last = end;
  // Some end a message with CR LF, or with a NUL, in either framing.
  while (
    last > start && (bytes[last - 1] === 0 || bytes[last - 1] === 13 || bytes[last - 1] === 10)
  ) {
    last--;
  }
  if (last > start) messages.push(decodeUtf8(bytes, start, last));
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

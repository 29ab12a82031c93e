import type { OtlpSignal } from "../../mod/otlp/otlp_signal.ts";

/**
 * Makes an encoded OTLP request new again without encoding it again: ids and times are fields
 * of a fixed width, so their bytes are overwritten where they lie.
 */

/** Field numbers (opentelemetry-proto v1.7) that lead from the request to its rows. */
const ROWS: Readonly<Record<OtlpSignal, readonly number[]>> = {
  traces: [1, 2, 2],
  metrics: [1, 2, 2, 7, 1],
  logs: [1, 2, 2],
};
/** Identifiers of a row, of 8 or 16 bytes. */
const IDS: Readonly<Record<OtlpSignal, readonly number[]>> = {
  traces: [1, 2, 4],
  metrics: [],
  logs: [9, 10],
};
/** Times of a row, fixed64 nanoseconds, in their order. */
const TIMES: Readonly<Record<OtlpSignal, readonly number[]>> = {
  traces: [7, 8],
  metrics: [3],
  logs: [1],
};
/** Between the times of two rows, and between the first and the second time of one. */
const ROW_STEP_NS = 1_001;
const DURATION_NS = 3_000_000;

/** Where the fields lie that change from one request to the next. */
export interface PatchPoints {
  readonly ids: Uint32Array;
  /** As many for each row as `TIMES` says. */
  readonly times: Uint32Array;
  readonly timesPerRow: number;
}

/**
 * Finds ids and times of every row. `offset` is added: where in a buffer the body will lie.
 * @throws {Error} when there is no row, or a field of none has its width
 */
export function patchPoints(signal: OtlpSignal, body: Uint8Array, offset: number): PatchPoints {
  const ids: number[] = [];
  const times: number[] = [];
  let rows = 0;
  for (const row of messagesAt(body, { at: 0, end: body.length }, ROWS[signal])) {
    rows++;
    for (const field of fieldsOf(body, row)) {
      if (IDS[signal].includes(field.number)) ids.push(field.at + offset);
      if (TIMES[signal].includes(field.number)) times.push(field.at + offset);
    }
  }
  if (rows === 0 || times.length !== rows * TIMES[signal].length) {
    throw new Error(`${rows} rows with ${times.length} times in a body of ${signal}`);
  }
  const timesPerRow = TIMES[signal].length;
  return { ids: Uint32Array.from(ids), times: Uint32Array.from(times), timesPerRow };
}

/** Writes other ids (`sequence` tells requests apart) and times from `nowMs` on. */
export function patch(bytes: DataView, points: PatchPoints, sequence: number, nowMs: number): void {
  for (const at of points.ids) bytes.setUint32(at, sequence);
  const nowNs = BigInt(nowMs) * 1_000_000n;
  const low = Number(nowNs & 0xffff_ffffn);
  const high = Number(nowNs >> 32n);
  points.times.forEach((at, i) => {
    const row = Math.floor(i / points.timesPerRow);
    const ns = low + row * ROW_STEP_NS + (i % points.timesPerRow) * DURATION_NS;
    bytes.setUint32(at, ns >>> 0, true);
    bytes.setUint32(at + 4, high + Math.floor(ns / 2 ** 32), true);
  });
}

interface Span {
  readonly at: number;
  readonly end: number;
}

function* messagesAt(bytes: Uint8Array, within: Span, path: readonly number[]): Generator<Span> {
  const [number, ...rest] = path;
  if (number === undefined) {
    yield within;
    return;
  }
  for (const field of fieldsOf(bytes, within)) {
    if (field.number === number) yield* messagesAt(bytes, field, rest);
  }
}

/** The fields of a message; `at` is where a value's bytes begin, past the length if it has one. */
function* fieldsOf(bytes: Uint8Array, within: Span): Generator<Span & { number: number }> {
  let at = within.at;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1;; shift *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < within.end) {
    const tag = varint();
    const start = at;
    switch (tag & 7) {
      case 0:
        varint();
        yield { number: tag >>> 3, at: start, end: at };
        break;
      case 1:
        at += 8;
        yield { number: tag >>> 3, at: start, end: at };
        break;
      case 2: {
        const length = varint();
        const value = at;
        at += length;
        yield { number: tag >>> 3, at: value, end: at };
        break;
      }
      case 5:
        at += 4;
        yield { number: tag >>> 3, at: start, end: at };
        break;
      default:
        throw new Error(`wire type ${tag & 7} at ${start}`);
    }
  }
}

import { MalformedError } from "./malformed.ts";
import type { OtlpSignal } from "./otlp_signal.ts";
import { isMessage, type MessageName, MESSAGES, REQUESTS } from "./schema.ts";
import { WireReader } from "./wire.ts";

/** Parts of a path named; nested values may go deeper. */
const MAX_PARTS = 24;

/**
 * Names the field of a protobuf body that holds byte `offset`, such as
 * `resourceSpans[0].scopeSpans[2].spans[7].name`. Walked anew, so that decoders need not know
 * where they are. Goes as deep as the body is well-formed; empty when it is not at all.
 */
export function fieldPath(signal: OtlpSignal, body: Uint8Array, offset: number): string {
  const reader = new WireReader(body);
  const parts: string[] = [];
  let message: MessageName | null = REQUESTS[signal];
  let end = body.length;
  while (message !== null && parts.length < MAX_PARTS) {
    const found = findField(reader, message, end, offset);
    if (found === null) break;
    parts.push(found.part);
    message = found.message;
    end = found.end;
  }
  return parts.join(".");
}

interface FoundField {
  readonly part: string;
  /** The field's message, and where it ends; `reader.pos` is where it begins. */
  readonly message: MessageName | null;
  readonly end: number;
}

function findField(
  reader: WireReader,
  message: MessageName,
  end: number,
  offset: number,
): FoundField | null {
  const seen = new Map<number, number>();
  try {
    while (reader.pos < end) {
      const tag = reader.tag(end);
      const number = tag >>> 3;
      const index = seen.get(number) ?? 0;
      seen.set(number, index + 1);
      const start = reader.pos;
      const field = MESSAGES[message].find((one) => one.number === number);
      const fieldEnd = skipLength(reader, tag, end);
      if (offset > fieldEnd || (offset === fieldEnd && fieldEnd < end)) {
        reader.pos = fieldEnd;
        continue;
      }
      if (field === undefined) return null;
      const nested = isMessage(field.type) && fieldEnd > start ? field.type : null;
      return {
        part: field.repeated ? `${field.name}[${index}]` : field.name,
        message: nested,
        end: fieldEnd,
      };
    }
  } catch (error) {
    // The walk has come to what is broken: what is known so far is the answer.
    if (!(error instanceof MalformedError)) throw error;
    return null;
  }
  return null;
}

// Where the field ends; `reader.pos` is left where its contents begin.
function skipLength(reader: WireReader, tag: number, end: number): number {
  if ((tag & 7) === 2) return reader.rangeEnd(end);
  const start = reader.pos;
  reader.skip(tag, 0, end);
  const fieldEnd = reader.pos;
  reader.pos = start;
  return fieldEnd;
}

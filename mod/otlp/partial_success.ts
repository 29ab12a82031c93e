import { decodeUtf8 } from "../columns/utf8_text.ts";
import { MalformedError } from "./malformed.ts";
import { bytesTag, TWO_TO_32, varintTag, WireReader } from "./wire.ts";

/** What a receiver that answered with success did not take, or has to say. */
export interface PartialSuccess {
  /** Spans, data points or log records. */
  readonly rejected: number;
  /** As it was sent, for people to read; may be empty. */
  readonly message: string;
}

/**
 * The `partial_success` of an `ExportXServiceResponse` in protobuf (opentelemetry-proto, collector),
 * whose fields have the same numbers for all signals; null where all was taken without a word, or
 * where the answer is not one.
 */
export function decodePartialSuccess(response: Uint8Array): PartialSuccess | null {
  try {
    const reader = new WireReader(response);
    let rejected = 0;
    let message = "";
    while (reader.pos < response.length) {
      const tag = reader.tag(response.length);
      if (tag !== bytesTag(1)) {
        reader.skip(tag, 1 << 1, response.length);
        continue;
      }
      const end = reader.rangeEnd(response.length);
      while (reader.pos < end) {
        const field = reader.tag(end);
        if (field === varintTag(1)) {
          reader.varint(end);
          // An int64; a negative count is none.
          rejected = reader.high < TWO_TO_32 / 2 ? reader.high * TWO_TO_32 + reader.low : 0;
        } else if (field === bytesTag(2)) {
          const textEnd = reader.rangeEnd(end);
          message = decodeUtf8(response, reader.pos, textEnd);
          reader.pos = textEnd;
        } else reader.skip(field, 1 << 1 | 1 << 2, end);
      }
    }
    return rejected === 0 && message === "" ? null : { rejected, message };
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

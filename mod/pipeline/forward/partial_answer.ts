import { decodePartialSuccess, type PartialSuccess } from "../../otlp/partial_success.ts";

/** An answer is a number and a sentence; what is longer is not read. */
const MAX_ANSWER_BYTES = 65_536;
/** Characters of a sentence that are kept. */
const MAX_MESSAGE_LENGTH = 500;

/**
 * What a receiver says in an answer of success; null where it says nothing, or nothing that can be
 * read. An answer that breaks off takes nothing back: the status said that the request was taken.
 */
export async function partialAnswer(response: Response): Promise<PartialSuccess | null> {
  const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  try {
    if (type !== "application/x-protobuf" || response.body === null) {
      await response.body?.cancel();
      return null;
    }
    const bytes = await readBounded(response.body);
    const partial = bytes === null ? null : decodePartialSuccess(bytes);
    return partial === null ? null : { ...partial, message: shortened(partial.message) };
  } catch {
    return null;
  }
}

/** Null when there is more than an answer may have. */
async function readBounded(body: ReadableStream<Uint8Array>): Promise<Uint8Array | null> {
  const out = new Uint8Array(MAX_ANSWER_BYTES);
  let length = 0;
  // Leaving the loop early gives the rest up.
  for await (const part of body) {
    if (length + part.length > MAX_ANSWER_BYTES) return null;
    out.set(part, length);
    length += part.length;
  }
  return out.subarray(0, length);
}

function shortened(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH
    ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1).toWellFormed()}…`
    : message;
}

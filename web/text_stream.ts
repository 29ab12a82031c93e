import { encodeUtf8 } from "../mod/columns/utf8_text.ts";

/** Text is sent in pieces of about this many UTF-16 units. */
const PIECE_LENGTH = 64 * 1024;

/**
 * A response body out of many small texts. It makes the next piece only when the client has
 * taken the one before, and stops when the client goes away.
 */
export function textStream(parts: Iterable<string>): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      let piece = "";
      while (piece.length < PIECE_LENGTH) {
        const next = iterator.next();
        if (next.done === true) {
          if (piece !== "") controller.enqueue(encodeUtf8(piece));
          controller.close();
          return;
        }
        piece += next.value;
      }
      controller.enqueue(encodeUtf8(piece));
    },
    cancel() {
      iterator.return?.();
    },
  });
}

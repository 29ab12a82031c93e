import { splitLines } from "../../mod/logs/line_split.ts";

/** Batches that are being stored at a time; then the stream is not read on. */
const MAX_IN_FLIGHT = 8;

export interface StreamLinesOptions {
  readonly maxLineBytes: number;
  /** Stores lines; resolves when they are kept, or given up. In the order of the stream. */
  readonly store: (lines: readonly string[], bytes: number) => Promise<void>;
  /** Called for each batch, in order, once it and all before it are stored. */
  readonly stored?: (lines: readonly string[]) => void;
}

/**
 * Reads the lines of a stream to its end and stores them as they come. While too much is being
 * stored the stream is not read, so that its writer waits.
 */
export async function storeStreamLines(
  stream: ReadableStream<Uint8Array>,
  options: StreamLinesOptions,
): Promise<void> {
  const inFlight: Promise<void>[] = [];
  let rest = new Uint8Array();
  let before: Promise<void> = Promise.resolve();
  const take = (bytes: Uint8Array, whole: boolean): Uint8Array<ArrayBuffer> => {
    const { lines } = splitLines(bytes, options.maxLineBytes, whole);
    const end = lines.at(-1)?.end ?? 0;
    const texts = lines.map(({ text }) => text).filter((text) => text !== "");
    if (texts.length > 0) {
      const stored = options.store(texts, end);
      before = Promise.all([before, stored]).then(() => options.stored?.(texts));
      inFlight.push(before);
    }
    return bytes.slice(end);
  };
  for await (const chunk of stream) {
    rest = take(joined(rest, chunk), false);
    while (inFlight.length >= MAX_IN_FLIGHT) await inFlight.shift();
  }
  take(rest, true);
  await before;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

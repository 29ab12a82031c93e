import type { Clock } from "../../mod/clock.ts";
import type { CapturedLine } from "../../mod/exec/captured_line.ts";
import { LineSplitter } from "../../mod/exec/line_splitter.ts";

/** A longer line is reported in pieces. */
const MAX_LINE_BYTES = 64 * 1024;

export interface CaptureOptions {
  readonly stream: CapturedLine["stream"];
  readonly pid: number;
  readonly clock: Clock;
  /** Where the bytes go on to, unchanged. */
  readonly out: { write(bytes: Uint8Array): Promise<number> };
  readonly onLine: (line: CapturedLine) => void;
}

/**
 * Passes a child's output on byte by byte and tells its lines. Resolves at its end, or once nobody reads what is passed on: the
 * child's own end of the pipe is closed then, so that it hears of that as if it had been called itself.
 */
export async function capture(
  from: ReadableStream<Uint8Array<ArrayBuffer>>,
  { stream, pid, clock, out, onLine }: CaptureOptions,
): Promise<void> {
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  const tell = (texts: Iterable<string>) => {
    const tsMs = clock.nowMs();
    for (const text of texts) onLine({ stream, text, tsMs, pid });
  };
  for await (const bytes of from) {
    tell(splitter.push(bytes));
    if (!await writeAll(out, bytes)) break;
  }
  tell(splitter.end());
}

/** False when nobody reads any more. */
async function writeAll(out: CaptureOptions["out"], bytes: Uint8Array): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length;) at += await out.write(bytes.subarray(at));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

import { RecordBatchStreamWriter, tableFromIPC } from "apache-arrow";

/** End of an Arrow IPC stream: continuation marker and a length of zero. */
const END_OF_STREAM = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/**
 * Joins the parts of a stream and ends it. The engine leaves the end off the results that it
 * streams, and takes a stream in only once it has seen the end.
 */
export function endedStream(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = [...parts, END_OF_STREAM];
  const stream = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    stream.set(part, at);
    at += part.length;
  }
  return stream;
}

/** The same rows in Arrow's stream format; takes its file format as well. */
export function streamOf(ipc: Uint8Array): Uint8Array<ArrayBuffer> {
  return RecordBatchStreamWriter.writeAll(tableFromIPC(ipc)).toUint8Array(true).slice();
}

/** Whether a stream has its end; one without is not taken in. */
export function endsStream(ipc: Uint8Array): boolean {
  const at = ipc.length - END_OF_STREAM.length;
  return at >= 0 && END_OF_STREAM.every((byte, i) => ipc[at + i] === byte);
}

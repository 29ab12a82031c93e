import { WireWriter } from "../../mod/otlp/wire_writer.ts";

export interface PushedEntry {
  /** Nanoseconds since the Unix epoch. */
  readonly ns: bigint;
  readonly line: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A `PushRequest` of one stream; `labels` as Loki writes them. */
export function lokiPush(
  labels: string,
  entries: readonly PushedEntry[],
): Uint8Array<ArrayBuffer> {
  const stream = new WireWriter();
  stream.stringField(1, labels);
  for (const { ns, line, metadata = {} } of entries) {
    const time = new WireWriter();
    time.varint(1 << 3);
    time.varint64(ns / 1_000_000_000n);
    time.varint(2 << 3);
    time.varint64(ns % 1_000_000_000n);
    const entry = new WireWriter();
    entry.bytesField(1, time.finish());
    entry.stringField(2, line);
    for (const [name, value] of Object.entries(metadata)) {
      const pair = new WireWriter();
      pair.stringField(1, name);
      pair.stringField(2, value);
      entry.bytesField(3, pair.finish());
    }
    stream.bytesField(2, entry.finish());
  }
  const push = new WireWriter();
  push.bytesField(1, stream.finish());
  return push.finish();
}

import type { Clock } from "../clock.ts";
import { decodeUtf8 } from "../columns/utf8_text.ts";
import type { LogRecord, LogWriter } from "../intake/log_writer.ts";
import { KnownFields } from "../logs/known_fields.ts";
import { LineReader } from "../logs/log_format.ts";
import { bareLine, type LogLine } from "../logs/log_line.ts";
import { UTC } from "../logs/time_zone.ts";
import type { ReceiveOutcome } from "../otlp/otlp_signal.ts";
import { lokiStreamsOfJson } from "./loki_json.ts";
import { lokiStreamsOfProto } from "./loki_proto.ts";
import type { LokiStream } from "./loki_stream.ts";

/** The two encodings of a push. */
export type LokiEncoding = "json" | "protobuf";

/**
 * Takes in what Loki's clients push. Labels and structured metadata become attributes, but for
 * those that say the severity, the service, the host, the process or the trace; lines are read as
 * `auto` reads them. The time is the one that was pushed.
 */
export class LokiReceiver {
  readonly #writer: Pick<LogWriter, "write">;
  readonly #clock: Clock;
  readonly #reader = new LineReader({ format: "auto", pattern: null, zone: UTC });
  // A label may be named as others name the time or the message; it is neither here.
  readonly #fields = new KnownFields(UTC, ["time", "body"]);

  constructor(writer: Pick<LogWriter, "write">, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
  }

  /**
   * Resolves when all lines are kept.
   * @throws HorizonError `invalid_argument`: none is kept, not to be tried again; `overloaded`,
   * `unavailable`: to be tried again
   */
  async receive(body: Uint8Array, encoding: LokiEncoding): Promise<ReceiveOutcome> {
    const streams = encoding === "json"
      ? lokiStreamsOfJson(decodeUtf8(body))
      : lokiStreamsOfProto(body);
    let newestUs: number | null = null;
    for (const { entries } of streams) {
      for (const { tsUs } of entries) newestUs = Math.max(newestUs ?? tsUs, tsUs);
    }
    const { accepted } = await this.#writer.write({
      records: this.#records(streams),
      bytes: body.length,
    });
    return { accepted, rejected: 0, reasons: {}, errorMessage: null, newestUs };
  }

  *#records(streams: readonly LokiStream[]): Iterable<LogRecord> {
    const context = { nowMs: this.#clock.nowMs() };
    for (const { labels, entries } of streams) {
      for (const { tsUs, nsRemainder, line, metadata } of entries) {
        const envelope = bareLine(line);
        for (const [name, value] of labels) this.#fields.add(name, value);
        for (const [name, value] of metadata) this.#fields.add(name, value);
        this.#fields.finish(envelope, context.nowMs);
        const read: LogLine = this.#reader.readWithin(envelope, context);
        yield { ...read, tsUs, nsRemainder, resource: [], source: "loki" };
      }
    }
  }
}

import type { Clock } from "../../mod/clock.ts";
import type { LogRecord, LogWriter } from "../../mod/intake/log_writer.ts";
import { LineReader } from "../../mod/logs/log_format.ts";
import { syslogDatagrams, syslogFrames } from "../../mod/logs/syslog_frames.ts";
import { timeZoneOf, UTC } from "../../mod/logs/time_zone.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import { type LineOrigin, recordOf } from "../logs/line_records.ts";
import type { LineConsumer } from "./line_consumer.ts";

/** Longest message with its length in front, bytes. */
export const MAX_SYSLOG_BYTES = 65_000;

const ORIGIN: LineOrigin = { source: "syslog", service: "", pid: null, resource: [] };

export interface SyslogLinesOptions {
  readonly writer: Pick<LogWriter, "write">;
  readonly book: SourceBook;
  readonly transport: "tcp" | "udp";
  /** Zone of times that do not name theirs. */
  readonly timeZone: string;
  readonly clock: Clock;
}

/** For syslog messages, however they are framed. */
export function syslogLines(options: SyslogLinesOptions): LineConsumer {
  const { writer, book, transport, timeZone, clock } = options;
  const reader = new LineReader({
    format: "syslog",
    pattern: null,
    zone: timeZoneOf(timeZone) ?? UTC,
  });
  return {
    take: async (bytes, datagramEnds = [bytes.length]) => {
      const messages = transport === "udp"
        ? syslogDatagrams(bytes, datagramEnds)
        : syslogFrames(bytes, MAX_SYSLOG_BYTES);
      let newestUs: number | null = null;
      const records = function* (): Iterable<LogRecord> {
        const context = { nowMs: clock.nowMs() };
        for (const message of messages) {
          const record = recordOf(reader.read(message, context), ORIGIN);
          newestUs = record.tsUs ?? newestUs;
          yield record;
        }
      };
      const { accepted } = await writer.write({ records: records(), bytes: bytes.length });
      book.accepted("logs", accepted);
      if (newestUs !== null) book.newest(newestUs);
    },
  };
}

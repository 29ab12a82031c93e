import type { Clock } from "../../mod/clock.ts";
import { formatListenAddress } from "../../mod/config/listen_address.ts";
import {
  type OpenReceiver,
  openReceivers,
  type ReceiversConfig,
} from "../../mod/config/receivers_section.ts";
import type { LogWriter } from "../../mod/intake/log_writer.ts";
import type { SampleWriter } from "../../mod/intake/sample_writer.ts";
import { takeGraphiteLines } from "../../mod/line_protocols/graphite.ts";
import { InfluxLines } from "../../mod/line_protocols/influx.ts";
import type { TakeLines } from "../../mod/line_protocols/write_lines.ts";
import { wholeSyslogFrames } from "../../mod/logs/syslog_frames.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { SourceRegistry } from "../../mod/sources/source_registry.ts";
import type { Timers } from "../scheduler.ts";
import type { LineConsumer, RunningReceiver } from "./line_consumer.ts";
import { sampleLines } from "./sample_lines.ts";
import { StatsdLines } from "./statsd_lines.ts";
import { MAX_SYSLOG_BYTES, syslogLines } from "./syslog_lines.ts";
import { listenTcpLines } from "./tcp_lines.ts";
import { listenUdpLines } from "./udp_lines.ts";

export interface ReceiversOptions {
  readonly config: ReceiversConfig;
  readonly writer: Pick<SampleWriter, "write" | "generation">;
  readonly logWriter: Pick<LogWriter, "write">;
  readonly sources: Pick<SourceRegistry, "open">;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** The listeners for Graphite, StatsD, InfluxDB and syslog clients that are open. */
export interface RunningReceivers {
  /** By what they are, such as `statsd_udp`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Takes nothing more; what was taken is handed to the store. Each step under the deadline. */
  shutdown(deadlineMs: number): Promise<void>;
}

/** Values that all StatsD sets together remember between two flushes. */
const MAX_SET_VALUES = 100_000;

/**
 * Opens the listeners that the configuration names.
 * @throws HorizonError when an address cannot be had; none is open then
 */
export async function startReceivers(options: ReceiversOptions): Promise<RunningReceivers> {
  const { config, sources, clock, timers } = options;
  const open = openReceivers(config);
  const statsd = open.some(({ path }) => path[0] === "statsd") ? startStatsd(options) : null;
  const running: [string, RunningReceiver][] = [];
  const shutdown = async (deadlineMs: number) => {
    await Promise.all(running.map(([, receiver]) => receiver.shutdown(deadlineMs)));
    await statsd?.close();
  };
  try {
    for (const { path: [protocol, transport], at } of open) {
      const signal = protocol === "syslog" ? "logs" : "metrics";
      const book = sources.open(protocol, `${transport} ${formatListenAddress(at)}`, [signal]);
      const listener = {
        ...at,
        purpose: `${protocol}_${transport}`,
        setting: `receivers.${protocol}.${transport}`,
        consumer: statsd !== null && protocol === "statsd"
          ? statsd.consumer(book)
          : consumerOf(options, protocol, transport, book),
        ...protocol === "syslog" ? { wholeLines: wholeSyslog } : {},
        signal,
        book,
        maxConnections: config.max_connections,
        clock,
        timers,
      } as const;
      running.push([
        listener.purpose,
        transport === "tcp" ? listenTcpLines(listener) : await listenUdpLines(listener),
      ]);
    }
  } catch (error) {
    await shutdown(0);
    throw error;
  }
  return {
    addresses: Object.fromEntries(running.map(([name, { address }]) => [name, address])),
    shutdown,
  };
}

function consumerOf(
  { config, writer, logWriter, clock }: ReceiversOptions,
  protocol: OpenReceiver["path"][0],
  transport: OpenReceiver["path"][1],
  book: SourceBook,
): LineConsumer {
  if (protocol === "syslog") {
    const timeZone = config.syslog.time_zone;
    return syslogLines({ writer: logWriter, book, transport, timeZone, clock });
  }
  return sampleLines(writer, book, protocol === "graphite" ? takeGraphiteLines : takeInfluxLines);
}

const wholeSyslog = (bytes: Uint8Array) => wholeSyslogFrames(bytes, MAX_SYSLOG_BYTES);

function startStatsd({ config, writer, sources, clock, timers }: ReceiversOptions): StatsdLines {
  const { flush_interval_ms, idle_after_ms, max_series } = config.statsd;
  return new StatsdLines({
    writer,
    book: sources.open("statsd", "flush", ["metrics"]),
    limits: { maxSeries: max_series, maxSetValues: MAX_SET_VALUES, idleAfterMs: idle_after_ms },
    flushIntervalMs: flush_interval_ms,
    clock,
    timers,
  });
}

const takeInfluxLines: TakeLines = (text, rows, series, tally) =>
  new InfluxLines(series).take(text, "ns", rows, tally);

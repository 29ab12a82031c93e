import type { Clock } from "../../mod/clock.ts";
import { formatListenAddress } from "../../mod/config/listen_address.ts";
import { openReceivers, type ReceiversConfig } from "../../mod/config/receivers_section.ts";
import type { SampleWriter } from "../../mod/intake/sample_writer.ts";
import { takeGraphiteLines } from "../../mod/line_protocols/graphite.ts";
import { InfluxLines } from "../../mod/line_protocols/influx.ts";
import type { TakeLines } from "../../mod/line_protocols/write_lines.ts";
import type { SourceRegistry } from "../../mod/sources/source_registry.ts";
import type { Timers } from "../scheduler.ts";
import type { RunningReceiver } from "./line_consumer.ts";
import { sampleLines } from "./sample_lines.ts";
import { StatsdLines } from "./statsd_lines.ts";
import { listenTcpLines } from "./tcp_lines.ts";
import { listenUdpLines } from "./udp_lines.ts";

export interface ReceiversOptions {
  readonly config: ReceiversConfig;
  readonly writer: Pick<SampleWriter, "write" | "generation">;
  readonly sources: Pick<SourceRegistry, "open">;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** The listeners for Graphite, StatsD and InfluxDB clients that are open. */
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
      const book = sources.open(protocol, `${transport} ${formatListenAddress(at)}`, ["metrics"]);
      const listener = {
        ...at,
        purpose: `${protocol}_${transport}`,
        setting: `receivers.${protocol}.${transport}`,
        consumer: protocol === "statsd" && statsd !== null ? statsd.consumer(book) : sampleLines(
          options.writer,
          book,
          protocol === "graphite" ? takeGraphiteLines : takeInfluxLines,
        ),
        book,
        maxConnections: config.max_connections,
        clock,
        timers,
      };
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

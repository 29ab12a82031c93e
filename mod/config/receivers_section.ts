import { z } from "zod";
import type { ListenAddress } from "./listen_address.ts";
import { count, duration, optionalListenAddress, timeZone } from "./scalars.ts";

/** `receivers`: listeners of protocols that are older than OTLP. Null closes a listener. */
export interface ReceiversConfig {
  readonly graphite: {
    readonly tcp: ListenAddress | null;
    readonly udp: ListenAddress | null;
  };
  readonly statsd: {
    readonly udp: ListenAddress | null;
    readonly tcp: ListenAddress | null;
    readonly flush_interval_ms: number;
    readonly idle_after_ms: number;
    readonly max_series: number;
  };
  readonly influx: { readonly udp: ListenAddress | null };
  readonly syslog: {
    readonly udp: ListenAddress | null;
    readonly tcp: ListenAddress | null;
    /** Of times that do not name their zone. */
    readonly time_zone: string;
  };
  /** Connections of each TCP listener. */
  readonly max_connections: number;
}

/** As they are written in the file. */
export const RECEIVERS_DEFAULTS = {
  graphite: { tcp: "off", udp: "off" },
  statsd: {
    udp: "off",
    tcp: "off",
    flush_interval: "10s",
    idle_after: "10m",
    max_series: 10_000,
  },
  influx: { udp: "off" },
  syslog: { udp: "off", tcp: "off", time_zone: "local" },
  max_connections: 256,
};

const Graphite = z.strictObject({
  tcp: optionalListenAddress().prefault(RECEIVERS_DEFAULTS.graphite.tcp)
    .describe("Graphite plaintext over TCP, usually 127.0.0.1:2003."),
  udp: optionalListenAddress().prefault(RECEIVERS_DEFAULTS.graphite.udp)
    .describe("Graphite plaintext over UDP."),
});

const Statsd = z.strictObject({
  udp: optionalListenAddress().prefault(RECEIVERS_DEFAULTS.statsd.udp)
    .describe("StatsD over UDP, usually 127.0.0.1:8125."),
  tcp: optionalListenAddress().prefault(RECEIVERS_DEFAULTS.statsd.tcp)
    .describe("StatsD over TCP."),
  flush_interval: duration("100ms", "10m").prefault(RECEIVERS_DEFAULTS.statsd.flush_interval)
    .describe("Time between two samples of each metric."),
  idle_after: duration("1s", "7d").prefault(RECEIVERS_DEFAULTS.statsd.idle_after)
    .describe("A metric that nobody sends is forgotten after this time."),
  max_series: count(1, 1_000_000).prefault(RECEIVERS_DEFAULTS.statsd.max_series)
    .describe("Metrics known at a time, each a name with its tags; new ones past it are refused."),
}).transform(({ flush_interval, idle_after, ...rest }) => ({
  ...rest,
  flush_interval_ms: flush_interval,
  idle_after_ms: idle_after,
}));

const Influx = z.strictObject({
  udp: optionalListenAddress().prefault(RECEIVERS_DEFAULTS.influx.udp)
    .describe("InfluxDB line protocol over UDP; over HTTP it is taken at /influx."),
});

const Syslog = z.strictObject({
  udp: optionalListenAddress().prefault(RECEIVERS_DEFAULTS.syslog.udp)
    .describe("Syslog over UDP, usually 127.0.0.1:514."),
  tcp: optionalListenAddress().prefault(RECEIVERS_DEFAULTS.syslog.tcp)
    .describe("Syslog over TCP."),
  time_zone: timeZone().prefault(RECEIVERS_DEFAULTS.syslog.time_zone)
    .describe("Zone of times that do not name theirs."),
});

export const ReceiversSection: z.ZodType<ReceiversConfig> = z
  .strictObject({
    graphite: Graphite.prefault({}).describe("Graphite's plaintext protocol."),
    statsd: Statsd.prefault({}).describe("StatsD and DogStatsD."),
    influx: Influx.prefault({}).describe("InfluxDB line protocol."),
    syslog: Syslog.prefault({}).describe("Syslog, RFC 5424 and RFC 3164."),
    max_connections: count(1, 10_000).prefault(RECEIVERS_DEFAULTS.max_connections)
      .describe("Connections of each TCP listener of this section; one more is closed at once."),
  })
  .describe(
    "Listeners for Graphite, StatsD, InfluxDB and syslog clients, which have no authentication.",
  );

/** A listener of the section: its path in it, and its address. */
export interface OpenReceiver {
  readonly path: readonly [
    protocol: "graphite" | "statsd" | "influx" | "syslog",
    transport: "tcp" | "udp",
  ];
  readonly at: ListenAddress;
}

/** The listeners of the section that are open. */
export function openReceivers(
  { graphite, statsd, influx, syslog }: ReceiversConfig,
): OpenReceiver[] {
  const all = [
    { path: ["graphite", "tcp"], at: graphite.tcp },
    { path: ["graphite", "udp"], at: graphite.udp },
    { path: ["statsd", "udp"], at: statsd.udp },
    { path: ["statsd", "tcp"], at: statsd.tcp },
    { path: ["influx", "udp"], at: influx.udp },
    { path: ["syslog", "udp"], at: syslog.udp },
    { path: ["syslog", "tcp"], at: syslog.tcp },
  ] as const;
  return all.flatMap(({ path, at }) => at === null ? [] : [{ path, at }]);
}

import { instruments } from "../instrument.ts";
import type { Metric } from "../metric.ts";
import { count, counts, fields, lines } from "../proc_text.ts";
import type { HostPart } from "./host_part.ts";

/** What an interface moved in one direction. */
export interface NetworkTraffic {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

/** A line of `/proc/net/dev`. */
export interface NetworkInterface {
  readonly name: string;
  readonly receive: NetworkTraffic;
  readonly transmit: NetworkTraffic;
}

const DIRECTION = ["network.interface.name", "network.io.direction"] as const;

export const NETWORK_METRICS = {
  io: {
    name: "system.network.io",
    kind: "counter",
    unit: "By",
    attributes: DIRECTION,
    description: "Bytes received (`receive`) and sent (`transmit`).",
  },
  packets: {
    name: "system.network.packet.count",
    kind: "counter",
    unit: "{packet}",
    attributes: DIRECTION,
    description: "Packets received and sent.",
  },
  errors: {
    name: "system.network.errors",
    kind: "counter",
    unit: "{error}",
    attributes: DIRECTION,
    description: "Errors.",
  },
  dropped: {
    name: "system.network.packet.dropped",
    kind: "counter",
    unit: "{packet}",
    attributes: DIRECTION,
    description: "Packets dropped although there was no error.",
  },
  connections: {
    name: "system.network.connection.count",
    kind: "updown",
    unit: "{connection}",
    attributes: ["network.transport", "network.connection.state"],
    description:
      "TCP connections that are `established` (or `close_wait`, which the kernel counts with them) and in `time_wait`.",
  },
  sockets: {
    name: "system.linux.sockets",
    kind: "updown",
    unit: "{socket}",
    attributes: ["network.transport"],
    description: "Sockets in use, `tcp` and `udp`.",
  },
  tcpRetransmits: {
    name: "system.linux.tcp.segments.retransmitted",
    kind: "counter",
    unit: "{segment}",
    attributes: [],
    description: "TCP segments sent again.",
  },
  tcpResets: {
    name: "system.linux.tcp.resets.sent",
    kind: "counter",
    unit: "{segment}",
    attributes: [],
    description: "TCP connections that this host refused or broke off.",
  },
  listenOverflows: {
    name: "system.linux.tcp.listen.overflows",
    kind: "counter",
    unit: "{connection}",
    attributes: [],
    description: "Connections refused because the queue of a listening socket was full.",
  },
  udpBufferErrors: {
    name: "system.linux.udp.receive_buffer.errors",
    kind: "counter",
    unit: "{packet}",
    attributes: [],
    description: "UDP packets dropped because the receiver did not keep up.",
  },
} as const satisfies Record<string, Metric>;

/** The columns of `/proc/net/dev` that are read, of either direction. */
const TRAFFIC = ["bytes", "packets", "errors", "dropped"] as const;
/** Interfaces reported; what is past it is noted. */
const MAX_INTERFACES = 256;

/**
 * Interfaces and TCP. `exclude` leaves out interfaces by name: those that container engines make
 * for each container have random names, and would make new series without end.
 */
export function networkPart(exclude: RegExp): HostPart {
  return {
    name: "network",
    metrics: NETWORK_METRICS,
    create({ sink, proc }, notes) {
      const into = instruments(sink, NETWORK_METRICS);
      return ({ tsUs }) => {
        const interfaces = parseNetworkInterfaces(proc.text("net/dev") ?? "")
          .filter(({ name }) => !exclude.test(name));
        notes.clear();
        if (interfaces.length > MAX_INTERFACES) {
          notes.add(`only ${MAX_INTERFACES} of ${interfaces.length} interfaces are reported`);
        }
        for (const one of interfaces.slice(0, MAX_INTERFACES)) {
          for (const direction of ["receive", "transmit"] as const) {
            const { bytes, packets, errors, dropped } = one[direction];
            into.io.record(tsUs, bytes, one.name, direction);
            into.packets.record(tsUs, packets, one.name, direction);
            into.errors.record(tsUs, errors, one.name, direction);
            into.dropped.record(tsUs, dropped, one.name, direction);
          }
        }
        // Sums that the kernel keeps: listing connections costs it a walk over all of them.
        const sockets = parseSocketStat(proc.text("net/sockstat") ?? "");
        const snmp = parseProtocolCounters(proc.text("net/snmp") ?? "");
        const netstat = parseProtocolCounters(proc.text("net/netstat") ?? "");
        into.connections.record(tsUs, snmp.get("Tcp.CurrEstab"), "tcp", "established");
        into.connections.record(tsUs, sockets.get("TCP.tw"), "tcp", "time_wait");
        into.sockets.record(tsUs, sockets.get("TCP.inuse"), "tcp");
        into.sockets.record(tsUs, sockets.get("UDP.inuse"), "udp");
        into.tcpRetransmits.record(tsUs, snmp.get("Tcp.RetransSegs"));
        into.tcpResets.record(tsUs, snmp.get("Tcp.OutRsts"));
        into.listenOverflows.record(tsUs, netstat.get("TcpExt.ListenOverflows"));
        into.udpBufferErrors.record(tsUs, snmp.get("Udp.RcvbufErrors"));
      };
    },
  };
}

/** Parses `/proc/net/dev`, proc_net(5). Lines that make no sense are left out. */
export function parseNetworkInterfaces(text: string): NetworkInterface[] {
  return lines(text).flatMap((line) => {
    // Old kernels write no space after the colon; names may hold colons themselves.
    const colon = line.lastIndexOf(":");
    if (colon === -1) return [];
    const numbers = fields(line.slice(colon + 1));
    const receive = counts(numbers.slice(0, 4), TRAFFIC);
    const transmit = counts(numbers.slice(8, 12), TRAFFIC);
    const name = line.slice(0, colon).trim();
    return name === "" || receive === null || transmit === null
      ? []
      : [{ name, receive, transmit }];
  });
}

/** Parses `/proc/net/sockstat` (`TCP: inuse 5 orphan 0`) into counts such as `TCP.inuse`. */
export function parseSocketStat(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines(text)) {
    const [protocol = "", ...pairs] = fields(line);
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const value = count(pairs[i + 1]);
      if (value !== null) counts.set(`${protocol.replace(/:$/, "")}.${pairs[i]}`, value);
    }
  }
  return counts;
}

/**
 * Parses `/proc/net/snmp` and `/proc/net/netstat`, where a line of names is followed by a line of
 * values, into counts such as `Tcp.CurrEstab`.
 */
export function parseProtocolCounters(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  let [header, ...names]: string[] = [];
  for (const line of lines(text)) {
    const [protocol, ...values] = fields(line);
    if (protocol === undefined || protocol !== header) {
      [header, ...names] = [protocol ?? "", ...values];
      continue;
    }
    names.forEach((name, i) => {
      const value = count(values[i]);
      if (value !== null) counts.set(`${protocol.replace(/:$/, "")}.${name}`, value);
    });
    header = "";
  }
  return counts;
}

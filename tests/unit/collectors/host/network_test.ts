import assert from "node:assert/strict";
import {
  parseNetworkInterfaces,
  parseProtocolCounters,
  parseSocketStat,
} from "../../../../collectors/host/network.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parseNetworkInterfaces: both directions of each interface", () => {
  const [, eth0] = parseNetworkInterfaces(textOf("kernel-6", "proc/net/dev"));
  assert.deepEqual(eth0, {
    name: "eth0",
    receive: { bytes: 280902135, packets: 9691, errors: 1, dropped: 2 },
    transmit: { bytes: 393729, packets: 4954, errors: 4, dropped: 5 },
  });
});

Deno.test("parseNetworkInterfaces: old kernels write no blank after the colon", () => {
  const [eth0] = parseNetworkInterfaces(textOf("kernel-3.10", "proc/net/dev"));
  assert.equal(eth0?.name, "eth0");
  assert.equal(eth0?.receive.bytes, 12345678);
  assert.equal(eth0?.transmit.bytes, 87654321);
});

Deno.test("parseNetworkInterfaces: a name may hold a colon", () => {
  const [alias] = parseNetworkInterfaces("eth0:1: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n");
  assert.equal(alias?.name, "eth0:1");
});

Deno.test("parseNetworkInterfaces: damaged lines are left out, huge counts stay", () => {
  const found = parseNetworkInterfaces(textOf("damaged", "proc/net/dev"));
  assert.deepEqual(found.map(({ name }) => name), ["eth1"]);
  assert.equal(found[0]?.transmit.bytes, 2 ** 63);
});

Deno.test("parseSocketStat: counts by protocol", () => {
  const counts = parseSocketStat(textOf("kernel-6", "proc/net/sockstat"));
  assert.equal(counts.get("TCP.inuse"), 12);
  assert.equal(counts.get("TCP.tw"), 5);
  assert.equal(counts.get("UDP.inuse"), 3);
  assert.deepEqual(
    [...parseSocketStat(textOf("damaged", "proc/net/sockstat"))],
    [["TCP.tw", 4]],
  );
});

Deno.test("parseProtocolCounters: values by the names above them", () => {
  const snmp = parseProtocolCounters(textOf("kernel-6", "proc/net/snmp"));
  assert.equal(snmp.get("Tcp.CurrEstab"), 9);
  assert.equal(snmp.get("Tcp.RetransSegs"), 28);
  assert.equal(snmp.get("Tcp.MaxConn"), undefined, "a negative value is none");
  assert.equal(snmp.get("Udp.RcvbufErrors"), 4);
  const netstat = parseProtocolCounters(textOf("kernel-6", "proc/net/netstat"));
  assert.equal(netstat.get("TcpExt.ListenOverflows"), 6);
});

Deno.test("parseProtocolCounters: too few values, or names without values", () => {
  assert.deepEqual(
    [...parseProtocolCounters(textOf("damaged", "proc/net/snmp"))],
    [["Tcp.A", 1]],
  );
});

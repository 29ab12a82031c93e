import assert from "node:assert/strict";
import fc from "fast-check";
import { parseListeningSockets } from "../../../../collectors/scrape/listening_sockets.ts";

const HEADER =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const row = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

Deno.test("parseListeningSockets: what listens on loopback or on all addresses", () => {
  const text = HEADER +
    row("0100007F:1F90", "0A", 1) +
    row("00000000:0050", "0A", 2) +
    // Connected, listening on another interface, listening on 127.0.0.53.
    row("0100007F:1F91", "01", 3) +
    row("0500A8C0:0050", "0A", 4) +
    row("3500007F:0035", "0A", 5) +
    row(`${"0".repeat(24)}01000000:2386`, "0A", 6) +
    row(`${"0".repeat(32)}:2387`, "0A", 7) +
    row("0000000000000000FFFF00000100007F:2388", "0A", 8);
  assert.deepEqual(parseListeningSockets(text), [
    { host: "127.0.0.1", port: 8080, inode: "1" },
    { host: "127.0.0.1", port: 80, inode: "2" },
    { host: "[::1]", port: 9094, inode: "6" },
    { host: "127.0.0.1", port: 9095, inode: "7" },
    { host: "127.0.0.1", port: 9096, inode: "8" },
  ]);
});

Deno.test("parseListeningSockets: garbage is nothing", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.ok(Array.isArray(parseListeningSockets(text)));
  }));
});

import assert from "node:assert/strict";
import { udpDrops } from "../../../../collectors/receivers/udp_drops.ts";

const TABLE =
  `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  402: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4242 2 0000000000000000 17
  403: 0100007F:0FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4243 2 0000000000000000 0
  404: 0100007F:1FBD 00000000:0000 07 cut
`;

Deno.test("udpDrops: of the sockets on a port, whatever else stands there", () => {
  assert.equal(udpDrops(TABLE, 8125), 17);
  assert.equal(udpDrops(TABLE, 4029), 0);
  assert.equal(udpDrops(TABLE, 9999), null);
  assert.equal(udpDrops("", 8125), null);
  assert.equal(udpDrops("\0\n\n: : :", 8125), null);
});

import assert from "node:assert/strict";
import { checkHost, hostName } from "../../../../web/security/host_check.ts";
import { HorizonError } from "../../../../mod/errors.ts";

function allows(host: string, local: string, allowed: string[] = []): boolean {
  try {
    checkHost(host, { hostname: local, port: 9630 }, allowed);
    return true;
  } catch (error) {
    assert.ok(error instanceof HorizonError && error.code === "permission_denied");
    return false;
  }
}

Deno.test("checkHost: a loopback listener has loopback names only", () => {
  const good = ["localhost", "LOCALHOST:9630", "horizon.localhost", "127.0.0.1:1", "127.9.9.9"];
  const alsoGood = ["[::1]:9630", "localhost."];
  for (const host of [...good, ...alsoGood]) assert.ok(allows(host, "127.0.0.1"), host);
  const bad = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.5"];
  const malformed = ["", "a b", "localhost:99999999", "user@localhost", "localhost/x", "[::1"];
  for (const host of [...bad, ...malformed]) assert.ok(!allows(host, "127.0.0.1"), host);
});

Deno.test("checkHost: the bound address and the configured names are ours", () => {
  assert.ok(allows("192.168.1.5:9630", "192.168.1.5"));
  assert.ok(allows("[FE80::1]:9630", "fe80::1"));
  assert.ok(!allows("192.168.1.6", "192.168.1.5"));
  assert.ok(allows("Horizon.Example:443", "127.0.0.1", ["horizon.example"]));
  assert.ok(allows("horizon.example", "127.0.0.1", ["Horizon.example:8443"]));
});

Deno.test("checkHost: a listener on every interface takes addresses, which cannot be rebound", () => {
  for (const local of ["0.0.0.0", "::"]) {
    assert.ok(allows("192.168.1.5:9630", local));
    assert.ok(allows("[2001:db8::1]", local));
    assert.ok(!allows("evil.example", local));
  }
});

Deno.test("hostName: leaves out port, brackets and a final dot", () => {
  assert.equal(hostName("A.b.:80"), "a.b");
  assert.equal(hostName("[::1]:80"), "::1");
  assert.equal(hostName("a:b"), null);
});

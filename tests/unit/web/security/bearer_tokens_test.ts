import assert from "node:assert/strict";
import { BearerTokens, presentedToken } from "../../../../web/security/bearer_tokens.ts";
import { sha256 } from "../fake_web.ts";

Deno.test("BearerTokens.find: finds a token by its hash, in either case", async () => {
  const hash = await sha256("s3cret-é");
  const tokens = new BearerTokens([
    { name: "a", role: "viewer", sha256: "0".repeat(64) },
    { name: "b", role: "admin", sha256: hash.toUpperCase() },
  ]);
  assert.equal(tokens.find("s3cret-é")?.name, "b");
  for (const wrong of ["", "s3cret", "s3cret-é ", "S3CRET-é", hash, "x".repeat(10_000)]) {
    assert.equal(tokens.find(wrong), null, wrong.slice(0, 20));
  }
});

Deno.test("BearerTokens: refuses a hash that is not one", () => {
  assert.throws(() => new BearerTokens([{ name: "a", role: "viewer", sha256: "abc" }]));
});

Deno.test("presentedToken: reads the Authorization header", () => {
  const table: [string, string | null][] = [
    ["Bearer abc", "abc"],
    ["bearer   abc ", "abc"],
    ["Basic abc", ""],
    ["Bearer", ""],
    ["Bearer a b", ""],
  ];
  for (const [header, token] of table) {
    assert.equal(presentedToken(new Headers({ authorization: header })), token, header);
  }
  assert.equal(presentedToken(new Headers()), null);
});

Deno.test("presentedToken: reads the subprotocol of a WebSocket handshake only", () => {
  const protocol = { "sec-websocket-protocol": "horizon, bearer.abc" };
  assert.equal(presentedToken(new Headers({ ...protocol, upgrade: "WebSocket" })), "abc");
  assert.equal(presentedToken(new Headers(protocol)), null);
});

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { HorizonError } from "../../../../mod/errors.ts";
import { gunzip } from "../../../../web/body/gunzip.ts";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof HorizonError, String(error));
    return error.code;
  }
  return "none";
}

Deno.test("gunzip: takes one member and several", () => {
  const members = Buffer.concat([gzipSync("ab"), gzipSync("cd")]);
  assert.equal(new TextDecoder().decode(gunzip(members, 100)), "abcd");
});

Deno.test("gunzip: exactly the limit is taken, one byte more is not", () => {
  const body = gzipSync(Buffer.alloc(100_000));
  assert.equal(gunzip(body, 100_000).length, 100_000);
  assert.equal(codeOf(() => gunzip(body, 99_999)), "too_large");
});

Deno.test("gunzip: cuts a bomb off early instead of inflating it", () => {
  const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
  const before = Deno.memoryUsage().rss;
  assert.equal(codeOf(() => gunzip(bomb, 1024 * 1024)), "too_large");
  assert.ok(Deno.memoryUsage().rss - before < 64 * 1024 * 1024);
});

Deno.test("gunzip: what is broken is the client's fault", () => {
  const good = gzipSync("hello world, hello world");
  const flipped = Uint8Array.from(good);
  flipped[flipped.length - 6]! ^= 0xff;
  const bad = [
    new Uint8Array([1, 2, 3]),
    good.subarray(0, good.length - 3),
    good.subarray(0, 5),
    Buffer.concat([good, Buffer.from("rubbish")]),
    flipped,
  ];
  for (const body of bad) assert.equal(codeOf(() => gunzip(body, 1_000)), "invalid_argument");
});

import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import type { BodyLimits } from "../../../../web/body/body_limits.ts";
import { BodyReader } from "../../../../web/body/body_reader.ts";
import { SlowBodyError } from "../../../../web/errors/slow_body_error.ts";
import { snappyBlock } from "../../../support/snappy_block.ts";
import { gzipped } from "../fake_web.ts";

const LIMITS: BodyLimits = { maxBytes: 100, maxDecompressedBytes: 1_000, timeoutMs: 5_000 };
const BUDGET = { maxBodies: 2, maxBufferedBytes: 150 };

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const failed = await work.then(() => null, (error: unknown) => error);
  assert.ok(failed instanceof HorizonError, String(failed));
  return failed.code;
}

const text = (body: Uint8Array): string => new TextDecoder().decode(body);

/** A body that never ends; tells when it was cancelled. */
function endless(): {
  readonly body: ReadableStream<Uint8Array>;
  readonly cancelled: Promise<void>;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Uint8Array.of(1)),
    cancel: () => resolve(),
  });
  return { body, cancelled: promise };
}

Deno.test("BodyReader: reads plain, chunked, compressed and missing bodies", async () => {
  const reader = new BodyReader(BUDGET);
  const chunks = ReadableStream.from([Uint8Array.of(97), Uint8Array.of(98, 99)]);
  assert.equal(await reader.withBody(post("abc"), LIMITS, text), "abc");
  assert.equal(await reader.withBody(post(chunks), LIMITS, text), "abc");
  assert.equal(await reader.withBody(post(null), LIMITS, text), "");
  for (const encoding of ["gzip", "x-gzip", "GZIP"]) {
    const zipped = post(gzipped("abc"), { "content-encoding": encoding });
    assert.equal(await reader.withBody(zipped, LIMITS, text), "abc");
  }
  const identity = post("abc", { "content-encoding": "identity" });
  assert.equal(await reader.withBody(identity, LIMITS, text), "abc");
  assert.deepEqual(reader.stats, {
    open: 0,
    bufferedBytes: 0,
    refused: { too_large: 0, too_slow: 0, no_room: 0 },
  });
});

Deno.test("BodyReader: refuses encodings it does not know", async () => {
  const reader = new BodyReader(BUDGET);
  for (const encoding of ["br", "zstd", "deflate", "gzip, gzip"]) {
    const request = post("abc", { "content-encoding": encoding });
    assert.equal(await codeOf(reader.withBody(request, LIMITS, text)), "unsupported_media_type");
  }
});

Deno.test("BodyReader: reads snappy where the route wants it, declared or not", async () => {
  const reader = new BodyReader(BUDGET);
  const body = (length: number) => snappyBlock(new TextEncoder().encode("a".repeat(length)));
  const read = (request: Request) => reader.withBody(request, LIMITS, text, "snappy");
  assert.equal(await read(post(body(3))), "aaa");
  assert.equal(await read(post(body(3), { "content-encoding": "snappy" })), "aaa");
  assert.equal(await read(post(null)), "");
  assert.equal(await codeOf(read(post(body(1_001)))), "too_large");
  assert.equal(await codeOf(read(post("not snappy"))), "invalid_argument");
  const other = post(gzipped("abc"), { "content-encoding": "gzip" });
  assert.equal(await codeOf(read(other)), "unsupported_media_type");
  assert.equal(reader.stats.refused.too_large, 1);
});

Deno.test("BodyReader: bounds what is declared, what comes, and what it inflates to", async () => {
  const reader = new BodyReader(BUDGET);
  const declared = post("x", { "content-length": "101" });
  assert.equal(await codeOf(reader.withBody(declared, LIMITS, text)), "too_large");
  const source = ReadableStream.from(Array.from({ length: 101 }, () => Uint8Array.of(1)));
  assert.equal(await codeOf(reader.withBody(post(source), LIMITS, text)), "too_large");
  const bomb = post(gzipped("a".repeat(1_001)), { "content-encoding": "gzip" });
  assert.equal(await codeOf(reader.withBody(bomb, LIMITS, text)), "too_large");
  assert.equal(reader.stats.refused.too_large, 3);
  assert.equal(reader.stats.open, 0);
});

Deno.test("BodyReader: a body that does not end in time is given up and cancelled", async () => {
  const reader = new BodyReader(BUDGET);
  const { body, cancelled } = endless();
  const failed = reader.withBody(post(body), { ...LIMITS, timeoutMs: 5 }, text);
  await assert.rejects(failed, SlowBodyError);
  await cancelled;
  assert.deepEqual(reader.stats.refused, { too_large: 0, too_slow: 1, no_room: 0 });
  assert.equal(reader.stats.bufferedBytes, 0);
});

Deno.test("BodyReader: a body that breaks off is no internal error", async () => {
  const reader = new BodyReader(BUDGET);
  const broken = new ReadableStream({ pull: (c) => c.error(new TypeError("connection reset")) });
  assert.equal(await codeOf(reader.withBody(post(broken), LIMITS, text)), "cancelled");
});

Deno.test("BodyReader: bounds how many bodies and bytes are in memory until they are used", async () => {
  const reader = new BodyReader(BUDGET);
  const gate = Promise.withResolvers<void>();
  const hold = (body: Uint8Array): Promise<string> => gate.promise.then(() => text(body));
  const first = reader.withBody(post("a".repeat(80)), LIMITS, hold);
  // 80 and 80 are more than the 150 bytes there is room for.
  assert.equal(await codeOf(reader.withBody(post("b".repeat(80)), LIMITS, hold)), "overloaded");
  const second = reader.withBody(post("b"), LIMITS, hold);
  assert.equal(await codeOf(reader.withBody(post("c"), LIMITS, hold)), "overloaded");
  assert.equal(reader.stats.open, 2);
  assert.equal(reader.stats.refused.no_room, 2);
  gate.resolve();
  assert.equal((await first).length, 80);
  assert.equal(await second, "b");
  assert.deepEqual([reader.stats.open, reader.stats.bufferedBytes], [0, 0]);
});

Deno.test("BodyReader: counts inflated bytes as well", async () => {
  const reader = new BodyReader(BUDGET);
  const zipped = post(gzipped("a".repeat(500)), { "content-encoding": "gzip" });
  assert.equal(await codeOf(reader.withBody(zipped, LIMITS, text)), "overloaded");
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteCache } from "../../../../mod/otlp/byte_cache.ts";

const LIMITS = { maxEntries: 1_000, maxBytes: 100_000 };

function viewOf(text: string): DataView {
  return new DataView(new TextEncoder().encode(text).buffer);
}

function put(cache: ByteCache, text: string, seed: number, value: number): void {
  const view = viewOf(text);
  cache.add(view, 0, view.byteLength, seed, value);
}

function get(cache: ByteCache, text: string, seed = 0): number {
  const view = viewOf(text);
  return cache.find(view, 0, view.byteLength, seed);
}

Deno.test("ByteCache: answers what was added, or that it does not know, never something else", () => {
  const keys = fc.tuple(fc.string({ maxLength: 12 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(fc.property(fc.array(keys), fc.array(keys), (added, asked) => {
    const cache = new ByteCache(LIMITS, 7);
    const model = new Map<string, number>();
    for (const [text, seed] of added) {
      if (model.has(`${seed}|${text}`)) continue;
      model.set(`${seed}|${text}`, model.size);
      put(cache, text, seed, model.size - 1);
    }
    for (const [text, seed] of [...added, ...asked]) {
      assert.equal(get(cache, text, seed), model.get(`${seed}|${text}`) ?? -1);
    }
  }));
});

Deno.test("ByteCache: finds a key at any place of a larger buffer", () => {
  const cache = new ByteCache(LIMITS, 1);
  put(cache, "abcdefg", 0, 5);
  assert.equal(cache.find(viewOf("..abcdefg.."), 2, 9, 0), 5);
  assert.equal(cache.find(viewOf("..abcdefg.."), 2, 8, 0), -1);
});

Deno.test("ByteCache: keeps unsigned values and seeds of 32 bits", () => {
  const cache = new ByteCache(LIMITS, 1);
  put(cache, "k", 0xffffffff, 0xfffffffe);
  assert.equal(get(cache, "k", 0xffffffff), 0xfffffffe);
});

Deno.test("ByteCache: grows to its limit and forgets everything past it", () => {
  const cache = new ByteCache({ maxEntries: 3_000, maxBytes: 1_000_000 }, 3);
  for (let i = 0; i < 3_000; i++) put(cache, `key ${i}`, 0, i);
  // A few keys may have given way to others that fell on the same slots.
  const known = Array.from({ length: 3_000 }, (_, i) => get(cache, `key ${i}`)).filter((v, i) =>
    v === i
  );
  assert.ok(known.length > 2_900, `${known.length} known`);
  for (let i = 0; i < 200; i++) put(cache, `more ${i}`, 0, i);
  assert.ok(cache.size <= 3_000);
  assert.equal(get(cache, "more 199"), 199);
});

Deno.test("ByteCache: is bounded in bytes too, and does not take a key larger than that", () => {
  const cache = new ByteCache({ maxEntries: 1_000, maxBytes: 100 }, 3);
  put(cache, "x".repeat(101), 0, 1);
  assert.equal(cache.size, 0);
  for (let i = 0; i < 5; i++) put(cache, `${i}`.repeat(40), 0, i);
  assert.equal(cache.size, 1);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { slimWasm, WasmFormatError } from "../../../storage/slim_wasm.ts";

const text = (s: string): number[] => [...new TextEncoder().encode(s)];
const name = (s: string): number[] => [s.length, ...text(s)];
const section = (id: number, body: number[]): number[] => [id, body.length, ...body];

/** `(module (import "env" "used" (func)) (func) (export …))`, a custom section behind it. */
function module(exports: string[]): Uint8Array {
  const entries = exports.flatMap((e) => [...name(e), 0, 0]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(2, [1, ...name("env"), ...name("imported"), 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [exports.length, ...entries]),
    ...section(10, [1, 2, 0, 0x0b]),
    ...section(0, [...name("note"), 1, 2, 3]),
  ]);
}

function exportsOf(bytes: Uint8Array<ArrayBuffer>): string[] {
  return WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map((e) => e.name);
}

Deno.test("slimWasm: keeps what the glue names, duckdb_web functions and imported names", () => {
  const slim = slimWasm(
    module(["used", "unused", "duckdb_web_open", "imported", "use", "$x"]),
    `a.used(); b["$x"]`,
  );
  assert.deepEqual(exportsOf(slim.bytes), ["used", "duckdb_web_open", "imported", "$x"]);
  assert.deepEqual([slim.exportsBefore, slim.exportsKept], [6, 4]);
});

Deno.test("slimWasm: a module that has nothing to lose stays as it is", () => {
  const before = module(["used"]);
  assert.deepEqual(slimWasm(before, "used").bytes, before);
});

Deno.test("slimWasm: the lengths of long sections are right", () => {
  const many = Array.from({ length: 100 }, (_, i) => `keep${i}`);
  const short = slimWasm(module([]), "").bytes;
  assert.deepEqual(exportsOf(short), []);
  // More than 127 bytes and entries take two bytes for each length.
  const body = [
    ...[0xac, 0x02],
    ...Array.from({ length: 300 }, (_, i) => i).flatMap((i) => [
      ...name(`${i % 3 === 0 ? "drop" : "keep"}${i}`),
      0,
      0,
    ]),
  ];
  const bytes = [...module(many).subarray(0, 14), ...section(3, [1, 0])];
  bytes.push(7, (body.length & 0x7f) | 0x80, body.length >> 7, ...body);
  bytes.push(...section(10, [1, 2, 0, 0x0b]));
  const glue = Array.from({ length: 300 }, (_, i) => `keep${i}`).join(" ");
  const kept = exportsOf(slimWasm(Uint8Array.from(bytes), glue).bytes);
  assert.equal(kept.length, 200);
  assert.ok(kept.every((e) => e.startsWith("keep")));
});

Deno.test("slimWasm: what is no module, or has no exports, is refused", () => {
  assert.throws(() => slimWasm(Uint8Array.from(text("not wasm")), ""), WasmFormatError);
  const noExports = module([]).subarray(0, 8);
  assert.throws(() => slimWasm(noExports, ""), /no export section/);
});

Deno.test("slimWasm: a damaged module is refused or read, never read past its end", () => {
  const good = module(["used", "unused", "duckdb_web_open"]);
  const damage = fc.record({
    cut: fc.nat(good.length),
    at: fc.nat(good.length - 1),
    value: fc.nat(255),
  });
  fc.assert(fc.property(damage, ({ cut, at, value }) => {
    const bad = good.slice(0, cut);
    if (at < bad.length) bad[at] = value;
    try {
      slimWasm(bad, "used");
    } catch (error) {
      assert.ok(error instanceof WasmFormatError || error instanceof TypeError, String(error));
    }
  }));
});

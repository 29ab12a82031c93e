import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import { MalformedError } from "../../../../mod/otlp/malformed.ts";
import { signedOf, unsignedOf, WireReader } from "../../../../mod/otlp/wire.ts";
import { WireWriter } from "../../../../mod/otlp/wire_writer.ts";

const U64 = fc.bigInt(0n, 2n ** 64n - 1n);

function whole(low: number, high: number): bigint {
  return BigInt(high) << 32n | BigInt(low);
}

Deno.test("WireReader.varint: every 64-bit value that WireWriter writes", () => {
  fc.assert(fc.property(U64, (value) => {
    const writer = new WireWriter();
    writer.varint64(value);
    const reader = new WireReader(writer.finish());
    reader.varint(reader.bytes.length);
    assert.equal(whole(reader.low, reader.high), value);
    assert.equal(reader.pos, reader.bytes.length);
  }));
});

Deno.test("WireReader.fixed64: every 64-bit value that WireWriter writes", () => {
  fc.assert(fc.property(U64, (value) => {
    const writer = new WireWriter();
    writer.fixed64Big(value);
    const reader = new WireReader(writer.finish());
    reader.fixed64(8);
    assert.equal(whole(reader.low, reader.high), value);
  }));
});

Deno.test("WireWriter.fixed64: safe integers of either sign", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => {
    const writer = new WireWriter();
    writer.fixed64(value);
    const reader = new WireReader(writer.finish());
    reader.fixed64(8);
    assert.equal(signedOf(reader.low, reader.high), value);
  }));
});

Deno.test("WireReader.sint32: what protobufjs encodes", () => {
  fc.assert(fc.property(fc.integer(), (value) => {
    const reader = new WireReader(protobuf.Writer.create().sint32(value).finish());
    assert.equal(reader.sint32(reader.bytes.length), value);
  }));
});

Deno.test("WireWriter: nested messages are read by protobufjs", () => {
  const writer = new WireWriter();
  const outer = writer.begin(1);
  writer.stringField(2, "x".repeat(300));
  writer.end(outer);
  const reader = protobuf.Reader.create(writer.finish());
  assert.equal(reader.uint32(), 10);
  const end = reader.uint32() + reader.pos;
  assert.equal(reader.uint32(), 18);
  assert.equal(reader.string(), "x".repeat(300));
  assert.equal(reader.pos, end);
});

Deno.test("unsignedOf, signedOf: halves as doubles", () => {
  assert.equal(unsignedOf(1, 2), 2 ** 33 + 1);
  assert.equal(signedOf(0xffffffff, 0xffffffff), -1);
  assert.equal(signedOf(0, 0x80000000), -(2 ** 63));
});

const MALFORMED: Readonly<Record<string, readonly [bytes: number[], problem: RegExp]>> = {
  "a varint that never ends": [[8, 0x80, 0x80], /truncated varint/],
  "a varint of eleven bytes": [[8, ...Array<number>(10).fill(0xff), 1], /longer than 64 bits/],
  "a varint with bits past the 64th": [[8, ...Array<number>(9).fill(0xff), 2], /longer than 64/],
  "a length past the end": [[18, 5, 1, 2], /length past the end/],
  "a length of 2^63": [[18, ...Array<number>(9).fill(0x80), 1], /length past the end/],
  "half a fixed64": [[25, 1, 2, 3], /truncated fixed64/],
  "half a fixed32": [[37, 1, 2, 3], /truncated fixed32/],
  "the start of a group": [[11], /wire type 3/],
  "the end of a group": [[12], /wire type 4/],
  "wire type 6": [[14], /wire type 6/],
  "field number 0": [[0, 0], /field number 0/],
  "a field number of 30 bits": [[0xff, 0xff, 0xff, 0xff, 0x7f], /field number/],
};

for (const [name, [bytes, problem]] of Object.entries(MALFORMED)) {
  Deno.test(`WireReader: refuses ${name}`, () => {
    const reader = new WireReader(Uint8Array.from(bytes));
    const end = bytes.length;
    assert.throws(
      () => reader.skip(reader.tag(end), 0, end),
      (error) => error instanceof MalformedError && problem.test(error.problem),
    );
  });
}

Deno.test("WireReader.skip: a known field with a foreign wire type is refused", () => {
  const reader = new WireReader(Uint8Array.from([8, 1]));
  assert.throws(() => reader.skip(reader.tag(2), 1 << 1, 2), /wire type 0 for field 1/);
});

Deno.test("WireReader.tag: an overlong tag is read", () => {
  const reader = new WireReader(Uint8Array.from([0x8a, 0x80, 0x00]));
  assert.equal(reader.tag(3), 10);
  assert.equal(reader.pos, 3);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { HorizonError } from "../../../../mod/errors.ts";
import {
  syslogDatagrams,
  syslogFrames,
  wholeSyslogFrames,
} from "../../../../mod/logs/syslog_frames.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const MAX = 1_000;

Deno.test("syslogFrames: messages with their length in front, and ended by newlines, mixed", () => {
  const text = "7 <13>a\nb<14>c\r\n6 <15>d\n<16>e\n\n";
  assert.deepEqual(syslogFrames(bytes(text), MAX), ["<13>a\nb", "<14>c", "<15>d", "<16>e"]);
  assert.equal(wholeSyslogFrames(bytes(text), MAX), text.length);
});

Deno.test("wholeSyslogFrames: leaves what is not whole", () => {
  const cases = [["7 <13>a", 0], ["7", 0], ["7 ", 0], ["<13>a", 0], ["<13>a\n7 <1", 6], [
    "",
    0,
  ]] as const;
  for (const [text, whole] of cases) assert.equal(wholeSyslogFrames(bytes(text), MAX), whole, text);
  // A line that begins with digits is no length unless a priority follows.
  assert.equal(wholeSyslogFrames(bytes("2026 was\n"), MAX), 9);
  assert.throws(
    () => wholeSyslogFrames(bytes("1001 <13>"), MAX),
    (error) => error instanceof HorizonError && error.code === "too_large",
  );
});

Deno.test("syslogDatagrams: lines without a priority belong to the message before", () => {
  const lines = bytes("<13>a\n  at b\n<14>c\n\n");
  assert.deepEqual(syslogDatagrams(lines, [lines.length]), ["<13>a\n  at b", "<14>c"]);
  assert.deepEqual(syslogDatagrams(bytes("no priority\n"), [12]), ["no priority"]);
});

Deno.test("syslogDatagrams: a datagram is a message of its own, with a priority or without", () => {
  const datagrams = ["<13>a\n", "no priority\n  at b\n", "\n", "<14>c\n<15>d\n", "last"];
  let at = 0;
  const ends = datagrams.map((one) => at += one.length);
  assert.deepEqual(
    syslogDatagrams(bytes(datagrams.join("")), ends),
    ["<13>a", "no priority\n  at b", "<14>c", "<15>d", "last"],
  );
});

Deno.test("syslogFrames: takes any bytes, and framed messages arrive as they are, however they are cut", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
    try {
      syslogFrames(input, MAX);
      assert.ok(wholeSyslogFrames(input, MAX) <= input.length);
    } catch (error) {
      assert.ok(error instanceof HorizonError);
    }
    syslogDatagrams(input, [input.length >> 1, input.length]);
  }));
  const message = fc.string({ unit: "grapheme-ascii", maxLength: 20 }).map((text) =>
    `<13>${text.trim()}`
  );
  fc.assert(fc.property(fc.array(message), fc.nat(), (messages, at) => {
    const stream = bytes(
      messages.map((one, i) => i % 2 === 0 ? `${one.length} ${one}` : `${one}\n`).join(""),
    );
    const cut = stream.length === 0 ? 0 : at % stream.length;
    const whole = wholeSyslogFrames(stream.subarray(0, cut), MAX);
    assert.deepEqual([
      ...syslogFrames(stream.subarray(0, whole), MAX),
      ...syslogFrames(stream.subarray(whole), MAX),
    ], messages);
  }));
});

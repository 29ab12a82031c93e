import assert from "node:assert/strict";
import { multiplied, unitFactor } from "../../../../mod/otlp/time_unit.ts";
import { keyValues } from "./reference_encoder.ts";
import { NOW_MS, NOW_NS, NOW_US, ReceiverFixture } from "./receiver_fixture.ts";

const halves = (value: bigint): [number, number] => [
  Number(value & 0xffffffffn),
  Number(value >> 32n),
];

Deno.test("unitFactor: seconds, milliseconds and microseconds from 2001 to tomorrow", () => {
  const nowS = BigInt(NOW_MS / 1_000);
  const cases: readonly (readonly [value: bigint, factor: number])[] = [
    [nowS, 1e9],
    [nowS * 1_000n + 5n, 1e6],
    [nowS * 1_000_000n, 1e3],
    [NOW_NS, 1],
    [1_000_000_000n, 1e9],
    [999_999_999n, 1],
    [nowS + 90_000n, 1],
    [0n, 1],
    [2n ** 64n - 1n, 1],
  ];
  for (const [value, factor] of cases) {
    assert.equal(unitFactor(...halves(value), NOW_US), factor, String(value));
  }
});

Deno.test("multiplied: exact in all 64 bits", () => {
  assert.deepEqual(multiplied(...halves(1_772_366_400_123n), 1e6), halves(NOW_NS + 123_000_000n));
});

function spansFrom(startTimeUnixNano: bigint, endTimeUnixNano: bigint) {
  return {
    resourceSpans: [{
      resource: { attributes: keyValues({ "service.name": "shop" }) },
      scopeSpans: [{
        spans: [{
          traceId: new Uint8Array(16).fill(1),
          spanId: new Uint8Array(8).fill(1),
          name: "n",
          startTimeUnixNano: String(startTimeUnixNano),
          endTimeUnixNano: String(endTimeUnixNano),
        }],
      }],
    }],
  };
}

Deno.test("OtlpReceiver: times in a wrong unit are taken for what they are, and counted", async () => {
  const fixture = new ReceiverFixture();
  await fixture.send("traces", spansFrom(BigInt(NOW_MS), BigInt(NOW_MS + 25)));
  await fixture.send("logs", {
    resourceLogs: [{
      scopeLogs: [{
        logRecords: [
          { timeUnixNano: String(NOW_MS / 1_000), body: { stringValue: "seconds" } },
          { timeUnixNano: String(NOW_NS), body: { stringValue: "right" } },
        ],
      }],
    }],
  });
  const [span] = fixture.rows("spans");
  assert.equal(span?.ts, BigInt(NOW_US));
  assert.equal(span?.duration_ns, 25_000_000n);
  assert.deepEqual(fixture.rows("logs").map(({ ts }) => ts), [BigInt(NOW_US), BigInt(NOW_US)]);
  assert.equal(fixture.receiver.altered["guessed_units"], 2);
});

Deno.test("OtlpReceiver: without guessing they are rejected", async () => {
  const fixture = new ReceiverFixture({ limits: { guessUnits: false } });
  const outcome = await fixture.send("traces", spansFrom(BigInt(NOW_MS), BigInt(NOW_MS + 25)));
  assert.equal(outcome.rejected, 1);
});

import assert from "node:assert/strict";
import { Instrument } from "../../../collectors/instrument.ts";
import { RecordingSink } from "./recording_sink.ts";

const METRIC = {
  name: "m",
  kind: "gauge",
  unit: "1",
  attributes: ["a", "b"],
  description: "",
} as const;

Deno.test("Instrument.record: labels in the order of the attributes, empty ones left out", () => {
  const sink = new RecordingSink();
  const instrument = new Instrument(sink, METRIC);
  instrument.record(1, 5, "x", "y");
  instrument.record(1, 6, "x", "");
  instrument.record(1, 7);
  sink.commit(1);
  assert.deepEqual(sink.lastOf("m"), { "m{a=x,b=y}": 5, "m{a=x}": 6, "m{}": 7 });
});

Deno.test("Instrument.record: what was not there is skipped, zero is not", () => {
  const sink = new RecordingSink();
  const instrument = new Instrument(sink, METRIC);
  instrument.record(1, null, "null");
  instrument.record(1, undefined, "undefined");
  instrument.record(1, 0, "zero");
  sink.commit(1);
  assert.deepEqual(sink.lastOf("m"), { "m{a=zero}": 0 });
});

Deno.test("Instrument.record: asks again for a series that was refused", () => {
  const sink = new RecordingSink(1);
  const instrument = new Instrument(sink, METRIC);
  instrument.record(1, 1, "a");
  instrument.record(1, 2, "b");
  sink.commit(1);
  assert.deepEqual(sink.lastOf("m"), { "m{a=a}": 1 });
  sink.series.forget([sink.resolve("m", "gauge", "1", [["a", "a"]])]);
  instrument.record(2, 3, "b");
  sink.commit(2);
  assert.deepEqual(sink.lastOf("m"), { "m{a=b}": 3 });
});

Deno.test("Instrument.record: thousands of values that come and go keep their handles", () => {
  const sink = new RecordingSink();
  const instrument = new Instrument(sink, METRIC);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5000; i++) instrument.record(1, i, `veth${i}`);
  }
  assert.equal(sink.series.size, 5000);
});

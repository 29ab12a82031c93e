import assert from "node:assert/strict";
import { parseLoadAverages } from "../../../../collectors/host/load.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parseLoadAverages: averages and threads", () => {
  assert.deepEqual(parseLoadAverages(textOf("kernel-6", "proc/loadavg")), {
    oneMinute: 0.52,
    fiveMinutes: 1.25,
    fifteenMinutes: 12.09,
    threads: 412,
  });
});

Deno.test("parseLoadAverages: null when it makes no sense", () => {
  assert.equal(parseLoadAverages(textOf("damaged", "proc/loadavg")), null);
  assert.equal(parseLoadAverages(""), null);
  assert.equal(parseLoadAverages("1.0 2.0"), null);
  assert.equal(parseLoadAverages("1.0 2.0 3.0")?.threads, null);
});

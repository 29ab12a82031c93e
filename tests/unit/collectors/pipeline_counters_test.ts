import assert from "node:assert/strict";
import { PipelineCounters } from "../../../collectors/pipeline_counters.ts";
import { CounterTable } from "../../../mod/pipeline/counter_table.ts";
import { Ledger, RowBooks } from "../../../mod/pipeline/ledger.ts";
import { RecordingSink } from "./recording_sink.ts";

Deno.test("PipelineCounters: writes what was counted so far, with its service", () => {
  const table = new CounterTable();
  const sink = new RecordingSink();
  const collector = new PipelineCounters(table, sink);
  const raise = (by: number): void => {
    const counter = table.counter("app.errors", "{record}", "shop", [["severity", "ERROR"]]);
    assert.ok(counter !== null);
    const ledger = new Ledger();
    ledger.raise(counter, by);
    ledger.enter(new RowBooks(), new RowBooks());
  };
  const tick = { tsMs: 1, tsUs: 1_000, signal: new AbortController().signal };
  raise(2);
  collector.collect(tick);
  raise(3);
  collector.collect({ ...tick, tsUs: 2_000 });
  collector.close();
  const key = "app.errors{service.name=shop,severity=ERROR}";
  assert.deepEqual(sink.commits, [
    { tsUs: 1_000, samples: new Map([[key, 2]]) },
    { tsUs: 2_000, samples: new Map([[key, 5]]) },
  ]);
});

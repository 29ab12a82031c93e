import assert from "node:assert/strict";
import type { IngestSink } from "../../../../../web/ui/api_client.js";
import { sinkRow } from "../../../../../web/ui/pages/ingest_sinks.js";

function sink(more: Partial<IngestSink> = {}): IngestSink {
  return {
    name: "central",
    sent_rows: 12_345,
    dropped_rows: { queue_full: 0, refused: 0 },
    retries: 3,
    last_partial_answer: null,
    queued_bytes: 0,
    max_queue_bytes: 64 * 1024 * 1024,
    problem: null,
    ...more,
  };
}

Deno.test("sinkRow: a receiver that takes all is in no trouble, whatever was sent again", () => {
  const row = sinkRow(sink());
  assert.equal(row.troubled, false);
  assert.equal(row.dropped, "0");
  assert.equal(row.problem, "");
  assert.equal(row.retries, "3");
});

Deno.test("sinkRow: what was dropped is told by reason, without the reasons that did not occur", () => {
  const row = sinkRow(sink({ dropped_rows: { queue_full: 7, refused: 0, expired: 2 } }));
  assert.equal(row.dropped, "7 queue full, 2 expired");
  assert.equal(row.troubled, true);
});

Deno.test("sinkRow: the problem that goes on comes before the last words of a partial answer", () => {
  const partial = sink({ last_partial_answer: "attributes were cut" });
  assert.equal(sinkRow(partial).problem, "attributes were cut");
  assert.equal(sinkRow(partial).troubled, false);
  const down = sinkRow({ ...partial, problem: "connection refused" });
  assert.equal(down.problem, "connection refused");
  assert.equal(down.troubled, true);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import type { ColumnBatch } from "../../../../mod/columns/column.ts";
import { rowsMarked, selectRows } from "../../../../mod/columns/select_rows.ts";
import { Registries } from "../../../../mod/intern/registries.ts";
import { HistogramBatchBuilder } from "../../../../mod/signals/histograms.ts";
import { LogBatchBuilder } from "../../../../mod/signals/logs.ts";
import { SpanBatchBuilder } from "../../../../mod/signals/spans.ts";
import { pushLog, pushSpan } from "../../../support/store_fixture.ts";
import { rowsOf } from "../otlp/column_values.ts";

const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });

/** Batches with lists, maps, structs, missing values and texts of all lengths. */
function batchesOf(rows: number): ColumnBatch[] {
  const spans = new SpanBatchBuilder();
  const logs = new LogBatchBuilder();
  const histograms = new HistogramBatchBuilder();
  for (let i = 0; i < rows; i++) {
    const attributes = Object.fromEntries(
      Array.from({ length: i % 4 }, (_, n) => [`key ${n}`, `value ${i} ${n} ü`]),
    );
    pushLog(logs, registries, { tsUs: 1_000 + i, body: "x".repeat(i % 7), attributes });
    pushSpan(spans, registries, {
      traceId: i.toString(16).padStart(32, "0"),
      spanId: i.toString(16).padStart(16, "0"),
      ...i % 3 === 0 ? {} : { parentSpanId: "b".repeat(16) },
      name: `name ${i % 5}`,
      tsUs: 1_000 + i,
      attributes,
      events: Array.from({ length: i % 3 }, (_, n) => ({ name: `event ${n}`, attributes })),
    });
    histograms.push({
      seriesId: i,
      tsUs: 1_000 + i,
      count: i,
      sum: i % 2 === 0 ? null : i,
      min: null,
      max: i,
      boundsId: 1,
      counts: Array.from({ length: i % 5 }, (_, n) => n),
    });
  }
  return [spans.finish(), logs.finish(), histograms.finish()];
}

Deno.test("selectRows: is what picking rows one by one is", () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (wanted) => {
    const marks = Uint8Array.from(wanted, Number);
    const rows = rowsMarked(marks, 1);
    for (const batch of batchesOf(wanted.length)) {
      const all = rowsOf(batch);
      const selected = selectRows(batch, rows);
      assert.equal(selected.rows, rows.length);
      assert.deepEqual(rowsOf(selected), all.filter((_, i) => wanted[i]));
      if (rows.length === 0) continue;
      assert.equal(selected.minTsUs, 1_000 + rows[0]!);
      assert.equal(selected.maxTsUs, 1_000 + rows.at(-1)!);
    }
  }));
});

Deno.test("selectRows: all rows are the same batch", () => {
  const [batch] = batchesOf(3);
  assert.ok(batch !== undefined);
  assert.equal(selectRows(batch, Uint32Array.of(0, 1, 2)), batch);
});

Deno.test("rowsMarked: rows of either mark", () => {
  assert.deepEqual([...rowsMarked(Uint8Array.of(1, 0, 1), 1)], [0, 2]);
  assert.deepEqual([...rowsMarked(Uint8Array.of(1, 0, 1), 0)], [1]);
});

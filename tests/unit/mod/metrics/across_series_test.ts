import assert from "node:assert/strict";
import { acrossSeries } from "../../../../mod/metrics/across_series.ts";

Deno.test("acrossSeries: each operator, leaving out series without a value", () => {
  const values = [4, NaN, 1, 3, 2];
  const by: string[] = [];
  assert.equal(acrossSeries({ op: "sum", by }, values), 10);
  assert.equal(acrossSeries({ op: "avg", by }, values), 2.5);
  assert.equal(acrossSeries({ op: "min", by }, values), 1);
  assert.equal(acrossSeries({ op: "max", by }, values), 4);
  assert.equal(acrossSeries({ op: "count", by }, values), 4);
  assert.equal(acrossSeries({ op: "quantile", q: 0.5, by }, values), 2.5);
  assert.equal(acrossSeries({ op: "quantile", q: 1, by }, values), 4);
  assert.ok(Number.isNaN(acrossSeries({ op: "count", by }, [NaN])));
  assert.ok(Number.isNaN(acrossSeries({ op: "sum", by }, [])));
});

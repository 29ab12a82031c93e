import assert from "node:assert/strict";
import fc from "fast-check";
import { prometheusIncrease, type Sample } from "../unit/mod/metrics/prometheus_reference.ts";
import { CoreFixture } from "../support/core_fixture.ts";

const START_MS = Date.UTC(2026, 4, 4, 10);

Deno.test("increase, rate, delta in SQL: resets count from zero, by series", async () => {
  const fixture = await CoreFixture.open(START_MS);
  const lists = fc.sample(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 30 }), {
    numRuns: 40,
    seed: 20261125,
  });
  const all = lists.map((values, i) => {
    const id = fixture.registries.series.resolve("m", "counter", "", [["i", String(i)]], "");
    return values.map((value, n): Sample => {
      const tsUs = (START_MS + n * 1_000) * 1_000;
      fixture.samples.push(id, tsUs, value);
      return [tsUs, value];
    });
  });
  fixture.append();
  const rows = fixture.rows(
    `SELECT increase(value, ts), rate(value, ts), delta(value, ts) FROM metrics
     GROUP BY series_id, labels ORDER BY labels['i']::INTEGER`,
  );
  assert.equal(rows.length, all.length);
  for (const [i, samples] of all.entries()) {
    const [first, last] = [samples[0]!, samples.at(-1)!];
    // Over a window that ends where the samples do, PromQL extrapolates nothing.
    const increase = samples.length < 2 ? 0 : prometheusIncrease(samples, first[0], last[0], true);
    const seconds = samples.length - 1;
    assert.deepEqual(
      rows[i]?.map((value) => value === null ? null : Math.round(Number(value) * 1e6)),
      [
        Math.round(increase * 1e6),
        seconds === 0 ? null : Math.round(increase / seconds * 1e6),
        Math.round((last[1] - first[1]) * 1e6),
      ],
    );
  }
  assert.deepEqual(fixture.rows("SELECT increase(value, ts) FROM metrics WHERE FALSE"), [[0]]);
  fixture.core.close();
});

Deno.test("the documented examples of rollups run", async () => {
  const fixture = await CoreFixture.open(START_MS);
  const text = await Deno.readTextFile(new URL("../../docs/schema.md", import.meta.url));
  const examples = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql!)
    .filter((sql) => /rollups|increase\(/.test(sql));
  assert.ok(examples.length >= 2);
  for (const sql of examples) fixture.rows(sql);
  fixture.core.close();
});

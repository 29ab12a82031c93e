import assert from "node:assert/strict";
import fc from "fast-check";
import { Utf8Builder } from "../../../../../mod/columns/builders.ts";
import type { ColumnBatch, Utf8Column } from "../../../../../mod/columns/column.ts";
import { defaultConfig } from "../../../../../mod/config/schema.ts";
import { Registries } from "../../../../../mod/intern/registries.ts";
import {
  cleanValueOf,
  configuredRedactor,
} from "../../../../../mod/pipeline/redact/configured_redactor.ts";
import { Ledger } from "../../../../../mod/pipeline/ledger.ts";
import { replaceTexts } from "../../../../../mod/pipeline/redact/redact_columns.ts";
import { redactStage } from "../../../../../mod/pipeline/redact/redact_stage.ts";
import type { Redactor } from "../../../../../mod/pipeline/redact/redactor.ts";
import { LogBatchBuilder } from "../../../../../mod/signals/logs.ts";
import { SpanBatchBuilder } from "../../../../../mod/signals/spans.ts";
import { pushLog, pushSpan } from "../../../../support/store_fixture.ts";
import { rowsOf } from "../../otlp/column_values.ts";
import { secretTexts } from "./corpus.ts";

function redactor(): Redactor {
  const made = configuredRedactor(defaultConfig().pipeline.redact);
  assert.ok(made !== null);
  return made;
}

const LIMITS = { maxSeries: 100, maxSeriesPerMetric: 100 };

function redacted(batch: ColumnBatch, registries: Registries, spanNames = true): ColumnBatch {
  return redactStage(redactor(), registries.attributeKeys, spanNames).apply(batch, new Ledger());
}

function textsOf(column: Utf8Column): (string | null)[] {
  const rows = column.offsets.length - 1;
  return rowsOf({ rows, columns: [["text", column]] })
    .map((row) => row.text === null ? null : String(row.text));
}

Deno.test("replaceTexts: other texts in some rows, the rest as it was", () => {
  const rows = fc.array(
    fc.tuple(
      fc.option(fc.string({ unit: "grapheme", maxLength: 8 })),
      fc.option(fc.string({ unit: "grapheme", maxLength: 8 })),
    ),
    { maxLength: 20 },
  );
  fc.assert(fc.property(rows, (pairs) => {
    const builder = new Utf8Builder();
    const changes = new Map<number, Uint8Array>();
    pairs.forEach(([text, change], row) => {
      if (text === null) builder.pushNull();
      else builder.push(text);
      if (text !== null && change !== null) changes.set(row, new TextEncoder().encode(change));
    });
    const expected = pairs.map(([text, change]) => text === null ? null : change ?? text);
    assert.deepEqual(textsOf(replaceTexts(builder.finish(), changes)), expected);
  }));
});

Deno.test("redactStage: bodies and attributes of logs, by what is in them and by their name", () => {
  const registries = new Registries(LIMITS);
  const logs = new LogBatchBuilder();
  pushLog(logs, registries, { tsUs: 1, body: "fine" });
  pushLog(logs, registries, {
    tsUs: 2,
    body: "with password=hunter2 in it",
    attributes: { "url.full": "https://a:b@c/", password: "hunter3", "http.route": "/token" },
  });
  const rows = rowsOf(redacted(logs.finish(), registries));
  assert.equal(rows[0]?.body, "fine");
  assert.equal(rows[1]?.body, "with password=[redacted] in it");
  assert.deepEqual(rows[1]?.attr_values, ["https://[redacted]@c/", "[redacted]", "/token"]);
});

Deno.test("redactStage: names, events and links of spans; names only where asked for", () => {
  const registries = new Registries(LIMITS);
  const batch = (): ColumnBatch => {
    const spans = new SpanBatchBuilder();
    pushSpan(spans, registries, {
      traceId: "a".repeat(32),
      spanId: "b".repeat(16),
      name: "GET /?token=abc",
      tsUs: 1,
      attributes: { "db.query.text": "ALTER USER x PASSWORD 'hunter2'" },
      events: [{ name: "e", attributes: { secret: "hunter3", note: "token=abc" } }],
    });
    return spans.finish();
  };
  const [row] = rowsOf(redacted(batch(), registries));
  assert.equal(row?.name, "GET /?token=[redacted]");
  assert.deepEqual(row?.attr_values, ["ALTER USER x PASSWORD '[redacted]'"]);
  assert.deepEqual(row?.events, [{
    time_unix_ns: 1000n,
    name: "e",
    attributes: { secret: "[redacted]", note: "token=[redacted]" },
    dropped_attributes: 0,
  }]);
  assert.equal(rowsOf(redacted(batch(), registries, false))[0]?.name, "GET /?token=abc");
});

Deno.test("redactStage: a batch without secrets is the same batch", () => {
  const registries = new Registries(LIMITS);
  const logs = new LogBatchBuilder();
  pushLog(logs, registries, { tsUs: 1, body: "fine", attributes: { "http.route": "/a" } });
  const batch = logs.finish();
  assert.equal(redacted(batch, registries), batch);
});

Deno.test("redactStage: no secret of the corpus is left in any text column", () => {
  const registries = new Registries(LIMITS);
  const spans = new SpanBatchBuilder();
  const logs = new LogBatchBuilder();
  const texts = secretTexts();
  texts.forEach(({ text }, i) => {
    pushLog(logs, registries, { tsUs: i, body: text, attributes: { note: text, n: String(i) } });
    pushSpan(spans, registries, {
      traceId: "a".repeat(32),
      spanId: "b".repeat(16),
      name: text,
      tsUs: i,
      attributes: { note: text },
      events: [{ name: text, attributes: { note: text } }],
    });
  });
  const expected = texts.map(({ redacted }) => redacted);
  const logRows = rowsOf(redacted(logs.finish(), registries));
  assert.deepEqual(logRows.map(({ body }) => body), expected);
  assert.deepEqual(logRows.map((row) => row.attr_values), expected.map((t, i) => [t, String(i)]));
  const spanRows = rowsOf(redacted(spans.finish(), registries));
  assert.deepEqual(spanRows.map(({ name }) => name), expected);
  assert.deepEqual(spanRows.map((row) => row.attr_values), expected.map((text) => [text]));
  assert.deepEqual(
    spanRows.map(({ events }) => events),
    expected.map((text, i) => [{
      time_unix_ns: BigInt(i * 1000),
      name: text,
      attributes: { note: text },
      dropped_attributes: 0,
    }]),
  );
});

Deno.test("Registries: labels and resources are kept without secrets, and then are one", () => {
  const registries = new Registries(LIMITS, cleanValueOf(redactor()));
  const series = (url: string): number =>
    registries.series.resolve("calls", "counter", "1", [["url", url]], "token=abc");
  const id = series("https://a:b@c/");
  assert.equal(series("https://other:b@c/"), id);
  assert.deepEqual(registries.series.get(id)?.labels, [["url", "https://[redacted]@c/"]]);
  assert.equal(registries.series.get(id)?.service, "token=[redacted]");
  const resource = registries.resources.idOf([["password", "x"]]);
  assert.equal(registries.resources.idOf([["password", "y"]]), resource);
  assert.equal(registries.resources.idOf([["password", "[redacted]"]]), resource);
  const [, resources] = registries.takePending();
  assert.ok(resources !== undefined);
  assert.deepEqual(rowsOf(resources).map(({ attributes }) => attributes), [{
    password: "[redacted]",
  }]);
});

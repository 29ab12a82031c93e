import assert from "node:assert/strict";
import fc from "fast-check";
import { HorizonError } from "../../../../mod/errors.ts";
import { Registries } from "../../../../mod/intern/registries.ts";
import {
  type LiveRows,
  MAX_ROWS_A_DELIVERY,
  MAX_SUBSCRIPTIONS,
  RowFeed,
} from "../../../../mod/live/row_feed.ts";
import { matchingRows } from "../../../../mod/live/row_filter.ts";
import { LogBatchBuilder } from "../../../../mod/signals/logs.ts";
import { SpanBatchBuilder } from "../../../../mod/signals/spans.ts";
import { pushLog, pushSpan } from "../../../support/store_fixture.ts";

const TS_US = 1_700_000_000_000_000;

function feedOf() {
  const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });
  const errors: unknown[] = [];
  const feed = new RowFeed({ names: registries, onListenerError: (error) => errors.push(error) });
  const logs = (...bodies: string[]) => {
    const builder = new LogBatchBuilder();
    for (const body of bodies) {
      pushLog(builder, registries, { tsUs: TS_US, body, attributes: { k: body } });
    }
    return builder.finish();
  };
  const spans = (...names: string[]) => {
    const builder = new SpanBatchBuilder();
    names.forEach((name, i) =>
      pushSpan(builder, registries, {
        traceId: `${i}`.repeat(32),
        spanId: "2".repeat(16),
        name,
        tsUs: TS_US,
        attributes: { k: name },
        resource: [["service.name", name]],
      })
    );
    return builder.finish();
  };
  return { registries, errors, feed, logs, spans };
}

Deno.test("RowFeed: hands on what matches, as the views show it", () => {
  const { feed, logs, spans } = feedOf();
  const got: LiveRows[] = [];
  feed.subscribe({ signal: "logs", services: ["shop"], text: "B" }, (rows) => got.push(rows));
  feed.subscribe({ signal: "spans", traceId: "1".repeat(32) }, (rows) => got.push(rows));
  feed.offer([logs("a", "b"), spans("x", "y")]);
  assert.deepEqual(got, [
    {
      signal: "logs",
      leftOut: 0,
      rows: [{
        tsUs: TS_US,
        fields: {
          severity: "INFO",
          severity_number: 9,
          body: "b",
          service: "shop",
          host: "edge-1",
          pid: 42,
          trace_id: null,
          span_id: null,
          source: "test",
          event_name: null,
          attributes: { k: "b" },
          resource: {},
          time_unix_ns: `${TS_US}003`,
        },
      }],
    },
    {
      signal: "spans",
      leftOut: 0,
      rows: [{
        tsUs: TS_US,
        fields: {
          trace_id: "1".repeat(32),
          span_id: "2".repeat(16),
          parent_span_id: null,
          name: "y",
          kind: "server",
          service: "shop",
          status: "ok",
          status_message: null,
          scope_name: "scope",
          attributes: { k: "y" },
          resource: { "service.name": "y" },
          duration_ms: 1.5,
          start_unix_ns: `${TS_US}007`,
          end_unix_ns: `${BigInt(TS_US) * 1000n + 1_500_007n}`,
        },
      }],
    },
  ]);
});

Deno.test("RowFeed: of too many rows the newest are handed on, the others counted", () => {
  const { feed, logs } = feedOf();
  const got: LiveRows[] = [];
  const end = feed.subscribe({ signal: "logs" }, (rows) => got.push(rows));
  const bodies = Array.from({ length: MAX_ROWS_A_DELIVERY + 3 }, (_, i) => `${i}`);
  feed.offer([logs(...bodies)]);
  assert.deepEqual([got[0]?.rows.length, got[0]?.leftOut], [MAX_ROWS_A_DELIVERY, 3]);
  assert.equal(got[0]?.rows[0]?.fields["body"], "3");
  assert.deepEqual([feed.stats.delivered, feed.stats.leftOut], [MAX_ROWS_A_DELIVERY, 3]);
  end();
  feed.offer([logs("more")]);
  assert.equal(got.length, 1);
});

Deno.test("RowFeed: what a listener throws keeps nobody else from their rows", () => {
  const { feed, logs, errors } = feedOf();
  let seen = 0;
  feed.subscribe({ signal: "logs" }, () => {
    throw new Error("mine");
  });
  feed.subscribe({ signal: "logs" }, () => void seen++);
  feed.offer([logs("a")]);
  assert.deepEqual([seen, errors.length], [1, 1]);
});

Deno.test("RowFeed: one subscription too many is refused, with a time to retry", () => {
  const { feed } = feedOf();
  for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) feed.subscribe({ signal: "logs" }, () => {});
  assert.throws(
    () => feed.subscribe({ signal: "logs" }, () => {}),
    (error) =>
      error instanceof HorizonError && error.code === "overloaded" && error.retryAfterMs !== null,
  );
  assert.equal(feed.stats.refusedSubscriptions, 1);
});

Deno.test("matchingRows: every filter of logs and spans", () => {
  const { logs, spans } = feedOf();
  const batch = logs("Über ERROR here", "", "plain");
  assert.deepEqual(matchingRows(batch, { signal: "logs", text: "error" }), [0]);
  assert.deepEqual(matchingRows(batch, { signal: "logs", text: "über" }), []);
  assert.deepEqual(matchingRows(batch, { signal: "logs", minSeverityNumber: 9 }), [0, 1, 2]);
  assert.deepEqual(matchingRows(batch, { signal: "logs", minSeverityNumber: 10 }), []);
  assert.deepEqual(matchingRows(batch, { signal: "logs", names: ["x"] }), []);
  assert.deepEqual(matchingRows(batch, { signal: "logs", services: ["sho", "shopp"] }), []);
  assert.deepEqual(matchingRows(batch, { signal: "spans" }), []);
  const trace = spans("GET /a", "GET /b");
  assert.deepEqual(matchingRows(trace, { signal: "spans", names: ["GET /b", "GET /c"] }), [1]);
  assert.deepEqual(matchingRows(trace, { signal: "spans", status: "ok", text: "/A" }), [0]);
  assert.deepEqual(matchingRows(trace, { signal: "spans", status: "error" }), []);
});

Deno.test("matchingRows: text is found where includes finds it, whatever the bytes", () => {
  const { logs } = feedOf();
  const text = fc.string({ unit: "grapheme", maxLength: 12 });
  fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), text, (bodies, part) => {
    fc.pre(part !== "" && bodies.every((body) => body.isWellFormed()) && part.isWellFormed());
    const lower = (one: string) => one.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const expected = bodies.flatMap((body, i) => lower(body).includes(lower(part)) ? [i] : []);
    assert.deepEqual(matchingRows(logs(...bodies), { signal: "logs", text: part }), expected);
  }));
});

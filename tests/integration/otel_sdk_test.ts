import assert from "node:assert/strict";
import { z } from "zod";
import { withHorizon } from "../support/running_horizon.ts";
import { startScript } from "../support/run_script.ts";
import { PATIENCE_MS, within } from "../support/until.ts";

// The official OpenTelemetry SDK and its own exporters in a process of their own; what it sent is
// asked for in SQL, item by item.

const ROOTS = 60;

/** What the script says that it sent. */
const Sent = z.object({
  pid: z.int(),
  sent: z.array(
    z.object({ trace: z.string(), root: z.string(), pay: z.string(), bank: z.string() }),
  ),
});

for (const encoding of ["protobuf", "json"] as const) {
  Deno.test(`OTLP/HTTP: every item of the official SDK is found by SQL, sent as ${encoding}`, async () => {
    await withHorizon(async ({ otlpHttpUrl, sql }) => {
      const service = `shop-${encoding}`;
      const args = [otlpHttpUrl, encoding, service, String(ROOTS)];
      const script = startScript("otel/send_with_sdk.ts", args);
      const code = await within("the sender's end", PATIENCE_MS, script.end());
      assert.equal(code, 0, script.errors.text);
      assert.equal(script.errors.text, "");
      const { pid, sent } = Sent.parse(JSON.parse(script.out.text));
      assert.equal(sent.length, ROOTS);

      // Spans: each with its ids, its parent, and what the SDK was told about it.
      const spans = await sql(
        `SELECT trace_id, span_id, parent_span_id, name, kind, status, status_message
         FROM spans WHERE service = ? ORDER BY start_unix_ns, name DESC`,
        [service],
      );
      const byId = new Map(spans.map((row) => [`${row[0]} ${row[1]}`, row.slice(2)]));
      assert.equal(spans.length, ROOTS * 3);
      assert.equal(byId.size, ROOTS * 3);
      sent.forEach((ids, i) => {
        const of = (span: string) => byId.get(`${ids.trace} ${span}`);
        assert.deepEqual(of(ids.root), [null, `order ${i}`, "server", "ok", null]);
        assert.deepEqual(of(ids.pay), [ids.root, "pay", "client", "unset", null]);
        assert.deepEqual(of(ids.bank), [ids.pay, "bank", "internal", "error", `declined ${i}`]);
      });
      const third = sent[3]!;
      assert.deepEqual(
        await sql(
          `SELECT attributes['index'], attributes['ratio'], attributes['fresh'],
             attributes['user.name'], attributes['tags'], resource['service.version'],
             resource['process.pid'], scope_name, scope_version, duration_ms >= 0
           FROM spans WHERE span_id = ?`,
          [third.root],
        ),
        [["3", "3.5", "false", "Zoë", '["a","b"]', "1.2.3", `${pid}`, "checkout", "2.1.0", true]],
      );
      assert.deepEqual(
        await sql(
          `SELECT links[1].trace_id, links[1].span_id, links[1].attributes['why'], len(links)
           FROM spans WHERE span_id = ?`,
          [third.pay],
        ),
        [[third.trace, third.root, "retry", 1]],
      );
      assert.deepEqual(
        await sql(
          `SELECT events[1].name, events[1].attributes['code'], len(events),
             events[1].time_unix_ns BETWEEN start_unix_ns AND end_unix_ns
           FROM spans WHERE span_id = ?`,
          [third.bank],
        ),
        [["declined", "51", 1, true]],
      );

      // Log records: each at the span it was written in.
      assert.deepEqual(
        await sql(
          `SELECT l.body, l.severity, l.severity_number, l.pid, l.attributes['order.index'],
             l.trace_id, s.span_id
           FROM logs l JOIN spans s ON s.trace_id = l.trace_id AND s.span_id = l.span_id
           WHERE l.service = ? ORDER BY l.attributes['order.index']::INTEGER`,
          [service],
        ),
        sent.map(({ trace, bank }, i) => [
          ...[`payment ${i} failed`, "ERROR", 17, pid, `${i}`],
          ...[trace, bank],
        ]),
      );

      // Metrics: the values at the end.
      const sum = (parity: number) =>
        sent.reduce((total, _, i) => total + (i % 2 === parity ? i : 0), 0);
      assert.deepEqual(
        await sql(
          `SELECT name, kind, unit, labels['route'], labels['room'], labels['process.pid'],
             arg_max(value, ts)
           FROM metrics WHERE service = ? GROUP BY ALL ORDER BY name, labels['route']`,
          [service],
        ),
        [
          ["shop.heat", "gauge", "Cel", null, "å 1", `${pid}`, 36.6],
          ["shop.queue", "updown", "", null, null, `${pid}`, ROOTS / 2 * (5 - 2)],
          ["shop.requests", "counter", "{request}", "/r0", null, `${pid}`, sum(0)],
          ["shop.requests", "counter", "{request}", "/r1", null, `${pid}`, sum(1)],
        ],
      );
      const third3 = ROOTS / 3;
      assert.deepEqual(
        await sql(
          `SELECT name, unit, "count", round("sum", 6), "min", "max", bounds, counts
           FROM histograms WHERE service = ?`,
          [service],
        ),
        [[
          ...["shop.latency", "s", ROOTS, third3 * 5.55, 0.05, 5],
          [0.1, 1],
          [third3, third3, third3],
        ]],
      );
    });
  });
}

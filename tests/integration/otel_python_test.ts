import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { pythonSdk } from "../support/python_sdk.ts";
import { withHorizon } from "../support/running_horizon.ts";

// The official Python SDK over both transports; what it sent is asked for in SQL, item by item.

const SCRIPT = fileURLToPath(new URL("../fixtures/otel/send_with_sdk.py", import.meta.url));
const ROOTS = 30;

const Sent = z.object({
  pid: z.int(),
  sent: z.array(z.object({ trace: z.string(), root: z.string(), child: z.string() })),
});

const sdk = await pythonSdk();
const python = "python" in sdk ? sdk.python : "";

for (const transport of ["grpc", "http"] as const) {
  const name = `OTLP/${transport}: every item of the official Python SDK is found by SQL`;
  Deno.test({
    name: "missing" in sdk ? `${name} [skipped: ${sdk.missing}]` : name,
    ignore: "missing" in sdk,
    fn: () =>
      withHorizon(async ({ addresses, otlpHttpUrl, sql, url }) => {
        const endpoint = transport === "grpc" ? `http://${addresses["otlp_grpc"]}` : otlpHttpUrl;
        const service = `basket-${transport}`;
        const { success, stdout, stderr } = await new Deno.Command(python, {
          args: ["-W", "ignore", SCRIPT, endpoint, transport, service, String(ROOTS)],
          stdin: "null",
        }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
        const { pid, sent } = Sent.parse(JSON.parse(new TextDecoder().decode(stdout)));
        assert.equal(sent.length, ROOTS);

        assert.deepEqual(
          await sql(
            `SELECT trace_id, span_id, parent_span_id, name, kind, status, status_message
             FROM spans WHERE service = ? ORDER BY start_unix_ns, kind DESC`,
            [service],
          ),
          sent.flatMap(({ trace, root, child }, i) => [
            [trace, root, null, `checkout ${i}`, "server", "unset", null],
            [trace, child, root, "store", "internal", "error", `no room ${i}`],
          ]),
        );
        const third = sent[3]!;
        assert.deepEqual(
          await sql(
            `SELECT attributes['index'], attributes['user.name'], resource['service.version'],
               resource['process.pid'], resource['telemetry.sdk.language'], scope_name, scope_version
             FROM spans WHERE span_id = ?`,
            [third.root],
          ),
          [["3", "Zoë", "3.1", `${pid}`, "python", "basket", "4.2"]],
        );
        assert.deepEqual(
          await sql(
            `SELECT events[1].name, events[1].attributes['code'], links[1].span_id,
               links[1].attributes['why']
             FROM spans WHERE span_id = ?`,
            [third.child],
          ),
          [["full", "51", third.root, "retry"]],
        );
        assert.deepEqual(
          await sql(
            `SELECT body, severity_number, attributes['basket.index'], trace_id, span_id, pid
             FROM logs WHERE service = ? ORDER BY time_unix_ns`,
            [service],
          ),
          sent.map((
            { trace, child },
            i,
          ) => [`basket ${i} is full`, 17, `${i}`, trace, child, pid]),
        );
        const sum = (parity: number) =>
          sent.reduce((total, _, i) => total + (i % 2 === parity ? i : 0), 0);
        assert.deepEqual(
          await sql(
            `SELECT name, kind, unit, labels['shelf'], arg_max(value, ts)
             FROM metrics WHERE service = ? AND name LIKE 'basket.%'
             GROUP BY ALL ORDER BY name, labels['shelf']`,
            [service],
          ),
          [
            ["basket.added", "counter", "{item}", "s0", sum(0)],
            ["basket.added", "counter", "{item}", "s1", sum(1)],
            ["basket.held", "updown", "", null, ROOTS / 2 * (5 - 2)],
          ],
        );
        const third3 = ROOTS / 3;
        assert.deepEqual(
          await sql(
            `SELECT unit, "count", round("sum", 6), bounds, counts FROM histograms
             WHERE service = ? AND name = 'basket.took'`,
            [service],
          ),
          [["s", ROOTS, third3 * 5.55, [0.1, 1], [third3, third3, third3]]],
        );
        // An exemplar of each bucket leads to the span that it was measured in.
        assert.deepEqual(
          await sql(
            `SELECT count(*) > 0, bool_and(s.name = 'store'), count(*) = count(e.trace_id)
             FROM exemplars e LEFT JOIN spans s USING (trace_id, span_id)
             WHERE e.service = ? AND e.name = 'basket.took'`,
            [service],
          ),
          [[true, true, true]],
        );
        const { sources } = await (await fetch(`${url}/api/ingest`)).json();
        const source = sources.find((one: { kind: string }) => one.kind === `otlp_${transport}`);
        assert.equal(source.signals.traces.accepted, ROOTS * 2);
        assert.equal(source.signals.logs.accepted, ROOTS);
        assert.deepEqual([source.refused, source.errors], [{}, 0]);
      }, { args: ["--otlp-grpc", "127.0.0.1:0"] }),
  });
}

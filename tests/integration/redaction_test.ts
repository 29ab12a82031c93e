import assert from "node:assert/strict";
import { join } from "node:path";
import { withHorizon } from "../support/running_horizon.ts";
import { keyValues } from "../unit/mod/otlp/reference_encoder.ts";
import { secretTexts } from "../unit/mod/pipeline/redact/corpus.ts";

// The corpus of secrets through a running Horizon: in over OTLP, out by SQL, and on its disk.

Deno.test("redaction: no secret sent over OTLP is found by SQL, in /metrics or on the disk", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "horizon-test-" });
  try {
    await withHorizon(async ({ url, otlpHttpUrl, sql, stop }) => {
      const texts = secretTexts();
      const nowNs = BigInt(Date.now()) * 1_000_000n;
      const times = texts.map((_, i) => String(nowNs + BigInt(i)));
      const resource = {
        attributes: keyValues({ "service.name": "shop", "deploy.token": "resource-secret-1" }),
      };
      await send(`${otlpHttpUrl}/v1/logs`, {
        resourceLogs: [{
          resource,
          scopeLogs: [{
            logRecords: texts.map(({ text }, i) => ({
              timeUnixNano: times[i],
              body: { stringValue: text },
              attributes: keyValues({ note: text }),
            })),
          }],
        }],
      });
      await send(`${otlpHttpUrl}/v1/traces`, {
        resourceSpans: [{
          resource,
          scopeSpans: [{
            spans: texts.map(({ text }, i) => ({
              traceId: "a".repeat(32),
              spanId: (i + 1).toString(16).padStart(16, "0"),
              name: text,
              startTimeUnixNano: times[i],
              endTimeUnixNano: times[i],
              attributes: keyValues({ note: text, "http.request.header.cookie": `sid=${text}` }),
              status: { code: 2, message: text },
              events: [{ timeUnixNano: times[i], name: text, attributes: keyValues({ n: text }) }],
              links: [{
                traceId: "b".repeat(32),
                spanId: "c".repeat(16),
                attributes: keyValues({ n: text }),
              }],
            })),
          }],
        }],
      });
      await send(`${otlpHttpUrl}/v1/metrics`, {
        resourceMetrics: [{
          resource,
          scopeMetrics: [{
            metrics: [{
              name: "calls",
              gauge: {
                dataPoints: texts.map(({ text }, i) => ({
                  timeUnixNano: times[i],
                  asDouble: i,
                  attributes: keyValues({ note: text, number: String(i) }),
                })),
              },
            }],
          }],
        }],
      });

      const expected = texts.map(({ redacted }) => redacted);
      assert.deepEqual(
        await sql("SELECT body, attributes['note'] FROM logs ORDER BY time_unix_ns"),
        expected.map((text) => [text, text]),
      );
      assert.deepEqual(
        await sql(
          `SELECT name, attributes['note'], attributes['http.request.header.cookie'],
             status_message, events[1].name, events[1].attributes['n'], links[1].attributes['n']
           FROM spans ORDER BY start_unix_ns`,
        ),
        expected.map((text) => [text, text, "[redacted]", text, text, text, text]),
      );
      assert.deepEqual(
        await sql(
          `SELECT DISTINCT labels['note'], labels['number']::INTEGER AS number FROM metrics
           WHERE name = 'calls' ORDER BY number`,
        ),
        expected.map((text, i) => [text, i]),
      );
      assert.deepEqual(await sql("SELECT DISTINCT resource['deploy.token'] FROM logs"), [[
        "[redacted]",
      ]]);

      const ingest = await (await fetch(`${url}/api/ingest`)).json();
      assert.ok(ingest.pipeline.redacted_texts.assignment > 0);
      assert.ok(ingest.pipeline.redacted_texts.attribute_name >= texts.length);
      const exposed = await (await fetch(`${url}/metrics`)).text();
      assert.match(exposed, /horizon_redacted_texts_total\{rule="known_token"\} [1-9]/);
      const everySecret = ["resource-secret-1", ...texts.flatMap(({ secrets }) => secrets)];
      // Short ones stand in other words as well.
      const telling = everySecret.filter((secret) => secret.length >= 12);
      assert.ok(telling.length > 50);
      for (const secret of telling) assert.ok(!exposed.includes(secret), secret);

      assert.equal(await stop(), 0);
      const held = await allBytes(dataDir);
      assert.ok(held.includes("[redacted]"));
      for (const secret of telling) assert.ok(!held.includes(secret), secret);
    }, { args: ["--data-dir", dataDir] });
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

async function send(url: string, request: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  assert.equal(await response.text(), "{}");
}

/** All files below a folder as one text. */
async function allBytes(folder: string): Promise<string> {
  let all = "";
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    all += isDirectory ? await allBytes(path) : new TextDecoder().decode(await Deno.readFile(path));
  }
  return all;
}

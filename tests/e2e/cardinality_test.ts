import assert from "node:assert/strict";
import { connect } from "node:net";
import { rssMib } from "../bench/process_usage.ts";
import { encodeV1 } from "../support/remote_write_encoder.ts";
import { type RunningHorizon, withHorizon } from "../support/running_horizon.ts";
import { seriesBomb } from "../support/series_bomb.ts";
import { snappyBlock } from "../support/snappy_block.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { encodeRequest, keyValues } from "../unit/mod/otlp/reference_encoder.ts";

/** Distinct series of one metric: a million where `HORIZON_LONG_TESTS` is set. */
const SERIES = Deno.env.get("HORIZON_LONG_TESTS") === undefined ? 200_000 : 1_000_000;
const POINTS = 5_000;
/** The default of `storage.max_series_per_metric`. */
const PER_METRIC = 20_000;
/** Series of each metric that was there before, sent with every request of the bomb. */
const GOOD_SERIES = 20;
/**
 * What a bomb may cost in resident memory, MiB: 20,000 series that are kept (names and labels, definitions in
 * the store, caches: 90 measured) and the garbage of decoding a million that are not, which the runtime gives
 * back late (60 to 95 measured). Were the refused ones kept as well, a million would take fifty times
 * what 20,000 do.
 */
const MAX_GROWTH_MIB = 260;

const config = (target: string) => `
collectors: { processes: { enabled: false } }
receivers:
  statsd: { udp: "off", tcp: "127.0.0.1:0", flush_interval: 200ms, max_series: 100 }
  graphite: { tcp: "127.0.0.1:0" }
scrape: { jobs: [{ name: guilty, targets: ["${target}"], interval: 2s }] }
`;

async function withBombed(config: string, use: (horizon: RunningHorizon) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "horizon-cardinality-" });
  try {
    await Deno.writeTextFile(`${folder}/horizon.yaml`, config);
    await withHorizon(use, { args: ["--config", `${folder}/horizon.yaml`] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Sends a request of metrics and answers its response as text, which holds what was rejected and why. */
async function send(horizon: RunningHorizon, body: Uint8Array<ArrayBuffer>): Promise<string> {
  const response = await fetch(`${horizon.otlpHttpUrl}/v1/metrics`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body,
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

function goodBody(): Uint8Array<ArrayBuffer> {
  const timeUnixNano = String(BigInt(Date.now()) * 1_000_000n);
  const dataPoints = Array.from({ length: GOOD_SERIES }, (_, i) => ({
    attributes: keyValues({ shelf: `s-${i}` }),
    timeUnixNano,
    asDouble: i,
  }));
  const metrics = ["good.one", "good.two"].map((name) => ({ name, gauge: { dataPoints } }));
  return Uint8Array.from(encodeRequest("metrics", {
    resourceMetrics: [{ scopeMetrics: [{ metrics }] }],
  }));
}

async function getJson(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url);
  const body: unknown = await response.json();
  assert.ok(typeof body === "object" && body !== null);
  return { ...body };
}

/** A value of `/metrics` by the start of its line. */
async function reading(horizon: RunningHorizon, start: string): Promise<number> {
  const text = await (await fetch(`${horizon.url}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(start));
  return line === undefined ? NaN : Number(line.slice(line.lastIndexOf(" ")));
}

function linesAbout(horizon: RunningHorizon, metric: string): Record<string, unknown>[] {
  return horizon.log.split("\n").filter((line) => line.includes('"event":"series_refused"'))
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter((line) => line["metric"] === metric);
}

function writeTcp(address: string, text: string): Promise<void> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => socket.end(text));
    socket.on("error", reject).on("close", () => resolve());
  });
}

Deno.test(`cardinality: ${SERIES} series of one metric leave the others flowing, memory bounded, and a message which it was`, async () => {
  await using target = scrapeTarget();
  await withBombed(config(target.address), async (horizon) => {
    const bomb = seriesBomb("bomb", POINTS);
    assert.equal(await send(horizon, goodBody()), "");
    const before = rssMib(horizon.pid);
    let peak = before;
    let sent = 1;
    let answer = "";
    for (let first = 0; first < SERIES; first += POINTS) {
      [answer] = await Promise.all([
        send(horizon, bomb.body(first)),
        // What was there before goes on: all of it is taken, each time.
        send(horizon, goodBody()).then((text) => assert.equal(text, "")),
      ]);
      sent++;
      peak = Math.max(peak, rssMib(horizon.pid));
    }
    assert.ok(peak - before < MAX_GROWTH_MIB, `${before} MiB before, ${peak} at most`);

    // The sender is told which metric, which limit, and what raises it.
    assert.match(answer, new RegExp(`${POINTS} rejected: .*"bomb" has ${PER_METRIC} series`));
    assert.match(answer, /storage\.max_series_per_metric/);

    // No sample of an existing series is missing, also of the bomb's own.
    const kept = await horizon.sql(
      "SELECT name, count(*), count(DISTINCT labels['shelf']) FROM metrics WHERE name LIKE 'good.%' " +
        "GROUP BY name ORDER BY name",
    );
    const samples = sent * GOOD_SERIES;
    assert.deepEqual(kept, [["good.one", samples, GOOD_SERIES], [
      "good.two",
      samples,
      GOOD_SERIES,
    ]]);
    assert.equal(await send(horizon, bomb.body(0)), "");
    assert.deepEqual(await horizon.sql("SELECT count(*) FROM metrics WHERE name = 'bomb'"), [[
      PER_METRIC + POINTS,
    ]]);

    // Who runs Horizon is told once.
    const refused = SERIES - PER_METRIC;
    await until(
      "the line about the bomb",
      PATIENCE_MS,
      () => linesAbout(horizon, "bomb")[0] ?? null,
    );
    const lines = linesAbout(horizon, "bomb");
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.["limit"], PER_METRIC);
    assert.equal(lines[0]?.["setting"], "storage.max_series_per_metric");
    const { series } = await getJson(`${horizon.url}/api/storage?names=1`);
    assert.deepEqual({ ...Object(series) }.by_metric, [
      { name: "bomb", series: PER_METRIC, refused },
    ]);
    const asked = await getJson(`${horizon.url}/api/storage?names=0&metric=bomb`);
    assert.deepEqual({ ...Object(asked["series"]) }.metric, {
      name: "bomb",
      looked_at: PER_METRIC,
      labels: [
        { key: "user.id", values: PER_METRIC, series: PER_METRIC },
        { key: "http.request.method", values: 1, series: PER_METRIC },
        { key: "service.name", values: 1, series: PER_METRIC },
      ],
    });
    const about = 'horizon_series_refused_total{metric="bomb",reason="max_series_per_metric"}';
    assert.equal(await reading(horizon, about), refused);
    const { sources } = await getJson(`${horizon.url}/api/ingest`);
    const otlp = Array.isArray(sources)
      ? sources.find(({ kind }) => kind === "otlp_http")
      : undefined;
    assert.equal(otlp?.signals.metrics.rejected.series_limit, refused, JSON.stringify(otlp));
    assert.match(otlp.last_problem.message, /"bomb" has 20000 series/);

    await otherDoors(horizon, target);
  });
});

/** A target whose one metric has more series than are taken, once it is told to. */
function scrapeTarget() {
  let guilty = false;
  const lines = Array.from(
    { length: PER_METRIC + 500 },
    (_, i) => `scraped_bomb{id="${i}"} ${i}\n`,
  );
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    () => new Response(`up_and_well 1\n${guilty ? lines.join("") : ""}`),
  );
  return {
    address: `127.0.0.1:${server.addr.port}`,
    becomeGuilty: () => void (guilty = true),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The same limit by the doors that find series in ways of their own. */
async function otherDoors(
  horizon: RunningHorizon,
  target: { becomeGuilty(): void },
): Promise<void> {
  target.becomeGuilty();
  const numbers = Array.from({ length: PER_METRIC + 500 }, (_, i) => i);
  const response = await fetch(`${horizon.url}/prometheus/api/v1/write`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy" },
    body: snappyBlock(encodeV1(numbers.map((i) => ({
      labels: { __name__: "written_bomb", id: String(i) },
      samples: [{ value: i, timestamp: Date.now() }],
    })))),
  });
  const text = await response.text();
  assert.equal(response.status, 400, text);
  assert.match(text, /written_bomb.* has 20000 series.*storage\.max_series_per_metric/);

  const seconds = Math.floor(Date.now() / 1000);
  await writeTcp(
    horizon.addresses["graphite_tcp"]!,
    numbers.map((i) => `graphite_bomb;id=${i} ${i} ${seconds}\n`).join(""),
  );
  await writeTcp(
    horizon.addresses["statsd_tcp"]!,
    numbers.slice(0, 1_000).map((i) => `statsd_bomb:1|c|#id:${i}\n`).join(""),
  );
  await until(
    "the line about Graphite's",
    PATIENCE_MS,
    () => linesAbout(horizon, "graphite_bomb")[0] ?? null,
  );
  await until("StatsD's samples", PATIENCE_MS, async () => {
    const [[series] = []] = await horizon.sql(
      "SELECT count(DISTINCT series_id) FROM metrics WHERE name = 'statsd_bomb'",
    );
    return series === 100 ? true : null;
  });
  await until(
    "the line about what was scraped",
    PATIENCE_MS,
    () => linesAbout(horizon, "scraped_bomb")[0] ?? null,
  );
  // The line may come before the rows do.
  await until("the scraped samples", PATIENCE_MS, async () => {
    const [[series] = []] = await horizon.sql(
      "SELECT count(DISTINCT series_id) FROM metrics WHERE name = 'scraped_bomb'",
    );
    return series === PER_METRIC ? true : null;
  });
  // Its other metric goes on, as do the scrapes as a whole.
  assert.deepEqual(
    await horizon.sql(
      "SELECT min(value), max(value) FROM metrics WHERE name IN ('up', 'up_and_well')",
    ),
    [[1, 1]],
  );
  const stored = await horizon.sql(
    "SELECT name, count(DISTINCT series_id) FROM metrics WHERE name LIKE '%_bomb' GROUP BY 1 ORDER BY 1",
  );
  assert.deepEqual(stored, [
    ["graphite_bomb", PER_METRIC],
    ["scraped_bomb", PER_METRIC],
    ["statsd_bomb", 100],
    ["written_bomb", PER_METRIC],
  ]);
  assert.equal(linesAbout(horizon, "bomb").length, 1);
}

const SMALL = `
collectors: { processes: { enabled: false } }
storage: { max_series: 5000, max_series_per_metric: 1000 }
`;

/** A request of one record with these attributes, or of several. */
function bodyOf(
  signal: "traces" | "metrics" | "logs",
  records: readonly Readonly<Record<string, string>>[],
  name = "probe",
): Uint8Array<ArrayBuffer> {
  const ns = String(BigInt(Date.now()) * 1_000_000n);
  const rows = records.map((attributes) => ({ attributes: keyValues(attributes) }));
  switch (signal) {
    case "traces": {
      const times = { startTimeUnixNano: ns, endTimeUnixNano: ns };
      const ids = { traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(2) };
      const spans = rows.map((row) => ({ ...row, ...ids, ...times, name }));
      return encoded(signal, { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    }
    case "logs": {
      const body = { stringValue: name };
      const logRecords = rows.map((row) => ({ ...row, timeUnixNano: ns, body }));
      return encoded(signal, { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    }
    case "metrics": {
      const dataPoints = rows.map((row) => ({ ...row, timeUnixNano: ns, asDouble: 1 }));
      const metrics = [{ name, gauge: { dataPoints } }];
      return encoded(signal, { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    }
  }
}

function encoded(...request: Parameters<typeof encodeRequest>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encodeRequest(...request));
}

function many(count: number, one: (i: number) => readonly [string, string]) {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => one(i)));
}

Deno.test("cardinality: labels, keys and values past their bounds are cut, dropped or refused, and counted", async () => {
  await withBombed(SMALL, async (horizon) => {
    const altered = (what: string) =>
      reading(horizon, `horizon_otlp_altered_total{what="${what}"}`);
    const post = async (signal: "traces" | "metrics" | "logs", body: Uint8Array<ArrayBuffer>) => {
      const response = await fetch(`${horizon.otlpHttpUrl}/v1/${signal}`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body,
      });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return text;
    };
    const signals = ["traces", "metrics", "logs"] as const;

    // A thousand attributes, and a value of 1 MB, on a point, a span and a log record.
    for (const signal of signals) {
      await post(signal, bodyOf(signal, [many(1_000, (i) => [`k${i}`, "v"])], "wide"));
      await post(signal, bodyOf(signal, [{ text: "x".repeat(1_000_000) }], "long"));
    }
    assert.equal(await altered("dropped_attributes"), 3 * (1_000 - 128));
    assert.equal(await altered("cut_values"), 3);
    for (
      const [view, column, name] of [
        ["spans", "attributes", "name"],
        ["metrics", "labels", "name"],
        ["logs", "attributes", "body"],
      ]
    ) {
      assert.deepEqual(
        await horizon.sql(
          `SELECT len(map_keys(${column})), coalesce(strlen(${column}['text']), 0) FROM ${view} ` +
            `WHERE ${name} IN ('wide', 'long') ORDER BY 1 DESC`,
        ),
        [[128, 0], [1, 8_192]],
        view,
      );
    }

    // Each label key makes a series of its own: the limit of the metric holds.
    const keys = seriesBomb("keys", POINTS, true);
    for (let first = 0; first < 4 * POINTS; first += POINTS) {
      assert.match(await post("metrics", keys.body(first)), /"keys" has 1000 series/);
    }

    // 70,000 keys of attributes of spans and logs: 65,000 are known, the rest is dropped.
    for (let first = 0; first < 70_000; first += 10_000) {
      const records = Array.from(
        { length: 100 },
        (_, record) => many(100, (i) => [`key-${first + record * 100 + i}`, "v"]),
      );
      const signal = first % 20_000 === 0 ? "logs" : "traces";
      await post(signal, bodyOf(signal, records));
    }
    const [[known] = []] = await horizon.sql(
      "SELECT count(DISTINCT key) FROM (SELECT unnest(map_keys(attributes)) AS key FROM spans " +
        "UNION ALL SELECT unnest(map_keys(attributes)) FROM logs)",
    );
    assert.ok(Number(known) <= 65_000 && Number(known) > 60_000, String(known));
    const refusedKeys = await reading(horizon, 'horizon_turned_away_total{what="attribute_keys"}');
    assert.ok(refusedKeys >= 5_000, String(refusedKeys));

    // The limit of all series: who sends is told which metrics have the most.
    let total = "";
    for (let i = 0; i < 6; i++) {
      const points = Array.from({ length: 1_000 }, (_, n) => ({ n: String(n) }));
      total = await post("metrics", bodyOf("metrics", points, `m${i}`)) || total;
    }
    assert.match(total, /one series more than the 5000 that storage\.max_series allows/);
    assert.match(total, /most series are of "[a-z0-9]+" \(1000\), "[a-z0-9]+" \(1000\)/);
  });
});

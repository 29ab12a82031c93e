import assert from "node:assert/strict";
import { Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { ProcessesSection } from "../../mod/config/processes_section.ts";
import { scraping } from "../support/scrape_fixture.ts";
import type { StoreFixture } from "../support/store_fixture.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

/** A target on a port of its own that answers as it is told. */
function target(answer: (request: Request) => Response | Promise<Response>) {
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => undefined };
  const server = Deno.serve(options, answer);
  return {
    address: `127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const text = (body: string) =>
  new Response(body, { headers: { "content-type": "text/plain; version=0.0.4" } });

/** Waits until the query answers at least one row, and answers its rows. */
function rowsOf({ rows }: StoreFixture, sql: string): Promise<unknown[][]> {
  return until(sql, PATIENCE_MS, async () => {
    const found = await rows(sql);
    return found.length === 0 ? null : found;
  });
}

Deno.test("scrape: a target's samples and what is reported of the scrape are stored", async () => {
  const seen: Headers[] = [];
  await using node = target((request) => {
    seen.push(request.headers);
    const { pathname, search } = new URL(request.url);
    return text(
      `asked{at="${pathname}${search}"} 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n`,
    );
  });
  const job = {
    name: "node",
    targets: [node.address],
    labels: { env: "test" },
    interval: "1s",
    path: "/m",
    params: { module: ["a b", "c"] },
    basic_auth: { username: "me", password: "pä" },
    headers: { "x-scope": "s" },
    metric_relabel: [{ action: "labeldrop", regex: "nothing" }],
  };
  await scraping([job], async (scrapes) => {
    const [up] = await rowsOf(
      scrapes,
      "SELECT value, service, labels FROM metrics WHERE name = 'up' AND value = 1 LIMIT 1",
    );
    const labels = { env: "test", instance: node.address, job: "node" };
    assert.deepEqual(up, [1, "node", labels]);
    const [asked] = await rowsOf(
      scrapes,
      "SELECT labels FROM metrics WHERE name = 'asked' LIMIT 1",
    );
    assert.deepEqual(asked, [{ ...labels, at: "/m?module=a+b&module=c" }]);
    const [counts] = await rowsOf(scrapes, "SELECT counts, count FROM histograms LIMIT 1");
    assert.deepEqual(counts, [[2], 2]);
    const reported = await scrapes.rows(
      `SELECT DISTINCT name, value FROM metrics
       WHERE name IN ('scrape_samples_scraped', 'scrape_samples_post_metric_relabeling')
         AND value > 0 ORDER BY name`,
    );
    assert.deepEqual(reported, [
      ["scrape_samples_post_metric_relabeling", 3],
      ["scrape_samples_scraped", 3],
    ]);
    const [status] = scrapes.sources.statuses();
    assert.equal(status?.kind, "scrape");
    assert.equal(status?.name, `node http://${node.address}/m`);
    assert.ok(status?.lagMs !== null && (status?.signals.metrics?.accepted ?? 0) > 0);
  });
  const [headers] = seen;
  assert.equal(headers?.get("authorization"), `Basic ${btoa("me:pÃ¤")}`);
  assert.equal(headers?.get("x-scope"), "s");
  assert.equal(headers?.get("x-prometheus-scrape-timeout-seconds"), "1");
  assert.match(headers?.get("accept") ?? "", /^application\/openmetrics-text/);
});

const FAILURES: readonly (readonly [
  what: string,
  answer: () => Response | Promise<Response>,
  more: Record<string, unknown>,
  problem: RegExp,
])[] = [
  ["an error", () => new Response("no", { status: 503 }), {}, /^answered 503/],
  ["a broken line", () => text("ok 1\nbroken\n"), {}, /^line 2: a sample without a value$/],
  ["too many samples", () => text("a 1\nb 2\n"), { sample_limit: 1 }, /sample_limit/],
  ["too many bytes", () => text("#".repeat(2_000)), { body_size_limit: "1KiB" }, /body_size_limit/],
  ["half an answer", () => openMetrics("a 1\n"), {}, /ends without `# EOF`/],
  [
    "no answer in time",
    () => new Promise((resolve) => setTimeout(resolve, 1_000, text("a 1\n"))),
    { timeout: "50ms" },
    /longer than 50 ms/,
  ],
];

const openMetrics = (body: string) =>
  new Response(body, {
    headers: { "content-type": "application/openmetrics-text; version=1.0.0" },
  });

Deno.test("scrape: exemplars of a client library lead to their traces, each kept once", async () => {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const latency = new Histogram({
    name: "latency_seconds",
    help: "how long it took",
    buckets: [0.1, 1],
    labelNames: [],
    enableExemplars: true,
    registers: [registry],
  });
  const traceIds = ["1", "2"].map((digit) => digit.repeat(32));
  const observe = (value: number, traceId = ""): void =>
    latency.observe({ value, labels: {}, exemplarLabels: { trace_id: traceId } });
  await using app = target(async () => {
    const headers = { "content-type": registry.contentType };
    return new Response(await registry.metrics(), { headers });
  });
  const exemplars = "SELECT name, value, trace_id FROM exemplars ORDER BY value";
  const scraped = "SELECT 1 FROM metrics WHERE name = 'up' AND value = 1 HAVING count(*) >= ";
  await scraping([{ name: "app", targets: [app.address], interval: "1s" }], async (scrapes) => {
    observe(0.05, traceIds[0]);
    await rowsOf(scrapes, `${scraped} 3`);
    assert.deepEqual(await scrapes.rows(exemplars), [["latency_seconds", 0.05, traceIds[0]]]);
    observe(0.5, traceIds[1]);
    await rowsOf(scrapes, "SELECT 1 FROM exemplars WHERE value = 0.5");
    await rowsOf(scrapes, `${scraped} 5`);
    assert.deepEqual(await scrapes.rows(exemplars), [
      ["latency_seconds", 0.05, traceIds[0]],
      ["latency_seconds", 0.5, traceIds[1]],
    ]);
  });
});

Deno.test("scrape: a scrape that fails leaves nothing but up = 0, and says why", async () => {
  await using targets = targetsThat(FAILURES.map(([, answer]) => answer));
  const jobs = FAILURES.map(([what, , more], i) => ({
    name: what,
    targets: [targets.addresses[i]],
    interval: "1s",
    ...more,
  }));
  await scraping(jobs, async (scrapes) => {
    const failed = "SELECT DISTINCT service FROM metrics WHERE name = 'up' AND value = 0";
    await until(
      "a failed scrape each",
      PATIENCE_MS,
      async () => (await scrapes.rows(failed)).length === jobs.length ? true : null,
    );
    const others = await scrapes.rows(
      "SELECT service, name FROM metrics WHERE (name = 'up' AND value = 1) OR name IN ('a', 'b', 'ok')",
    );
    assert.deepEqual(others, []);
    const statuses = scrapes.sources.statuses();
    for (const [what, , , problem] of FAILURES) {
      const status = statuses.find(({ name }) => name.startsWith(`${what} http`));
      assert.match(status?.lastProblem?.message ?? "", problem, what);
    }
  });
});

function targetsThat(answers: readonly (() => Response | Promise<Response>)[]) {
  const targets = answers.map((answer) => target(answer));
  return {
    addresses: targets.map(({ address }) => address),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(targets.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

Deno.test("scrape: files of targets are followed, and a mistake in one keeps what it had", async () => {
  await using one = target(() => text("a 1\n"));
  await using two = target(() => text("a 2\n"));
  const folder = await Deno.makeTempDir();
  const file = `${folder}/targets.json`;
  const write = (value: unknown) => Deno.writeTextFile(file, JSON.stringify(value));
  try {
    await write([{ targets: [one.address], labels: { zone: "a" } }]);
    const job = {
      name: "files",
      target_files: [file, `${folder}/missing.yaml`],
      interval: "1s",
      relabel: [
        { source_labels: ["__meta_filepath"], regex: ".*/(.*)\\.json", target_label: "file" },
        { source_labels: ["zone"], regex: "b", action: "drop" },
      ],
    };
    await scraping([job], async (scrapes) => {
      const [first] = await rowsOf(scrapes, "SELECT labels FROM metrics WHERE name = 'a' LIMIT 1");
      assert.deepEqual(first, [{
        file: "targets",
        instance: one.address,
        job: "files",
        zone: "a",
      }]);
      await Deno.writeTextFile(file, "[{targets: 5}]");
      await until(
        "a word about the file",
        PATIENCE_MS,
        () => scrapes.log.some(({ fields }) => fields["where"] === file) ? true : null,
      );
      assert.equal(scrapes.sources.statuses().length, 1);
      await write([{ targets: [two.address] }, { targets: [one.address], labels: { zone: "b" } }]);
      await rowsOf(scrapes, "SELECT 1 FROM metrics WHERE name = 'a' AND value = 2");
      const names = scrapes.sources.statuses().map(({ name }) => name);
      assert.deepEqual(names, [`files http://${two.address}/metrics`]);
      assert.ok(scrapes.log.some(({ fields }) => fields["where"] === `${folder}/missing.yaml`));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("scrape: the processes of a group, on the ports that they listen on", async () => {
  const paths: string[] = [];
  await using own = target((request) => {
    paths.push(new URL(request.url).pathname);
    return text("served_total 5\n");
  });
  // Something that is no HTTP server is asked once, and then left alone.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closing = (async () => {
    for await (const connection of silent) connection.close();
  })();
  const { groups } = ProcessesSection.parse({
    groups: [{
      service: "shop",
      match: { name: "deno" },
      scrape: { path: "/own", interval: "1s" },
    }],
  });
  const rows = () => [{ pid: Deno.pid, service: "shop", exitedAtMs: null }];
  await scraping([], async (scrapes) => {
    const [served] = await rowsOf(
      scrapes,
      "SELECT value, kind, service, labels FROM metrics WHERE name = 'served_total' LIMIT 1",
    );
    const labels = {
      instance: own.address,
      job: "shop",
      "process.pid": String(Deno.pid),
      "service.name": "shop",
    };
    assert.deepEqual(served, [5, "counter", "shop", labels]);
    const names = scrapes.sources.statuses().map(({ name }) => name);
    assert.deepEqual(names, [`shop http://${own.address}/own`]);
  }, { groups, procRoot: "/proc", rows });
  assert.ok(paths.every((path) => path === "/own"), paths.join());
  silent.close();
  await closing.catch(() => undefined);
});

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { ColumnBatch } from "../../../../../mod/columns/column.ts";
import { Registries } from "../../../../../mod/intern/registries.ts";
import { silentLogger } from "../../../../../mod/log/logger.ts";
import { batchBytes } from "../../../../../mod/pipeline/forward/column_cells.ts";
import { pause } from "../../../../../mod/pipeline/forward/configured_forwarders.ts";
import { Forwarder, type ForwarderOptions } from "../../../../../mod/pipeline/forward/forwarder.ts";
import { encodeExportResponse } from "../../../../../mod/otlp/responses.ts";
import { partialAnswer } from "../../../../../mod/pipeline/forward/partial_answer.ts";
import { LogBatchBuilder } from "../../../../../mod/signals/logs.ts";
import { pushLog } from "../../../../support/store_fixture.ts";
import { PATIENCE_MS, until } from "../../../../support/until.ts";

const registries = new Registries({ maxSeries: 10, maxSeriesPerMetric: 10 });

function logs(rows: number): ColumnBatch {
  const builder = new LogBatchBuilder();
  for (let i = 0; i < rows; i++) pushLog(builder, registries, { tsUs: i, body: `line ${i}` });
  return builder.finish();
}

interface Seen {
  readonly path: string;
  readonly headers: Headers;
  readonly bytes: number;
}

interface Far {
  readonly forwarder: Forwarder;
  readonly seen: Seen[];
  /** How long each pause between attempts was to be, milliseconds. */
  readonly pauses: number[];
}

/** A forwarder before a real server that answers as `answer` says; pauses do not take time. */
async function withServer(
  answer: (request: number, signal: AbortSignal) => Response | Promise<Response>,
  use: (far: Far) => Promise<void>,
  changes: Partial<ForwarderOptions> = {},
): Promise<void> {
  const seen: Seen[] = [];
  const pauses: number[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (req) => {
    const body = gunzipSync(new Uint8Array(await req.arrayBuffer()));
    seen.push({ path: new URL(req.url).pathname, headers: req.headers, bytes: body.length });
    return await answer(seen.length, req.signal);
  });
  const forwarder = new Forwarder({
    name: "far",
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    headers: { authorization: "Bearer abc" },
    signals: ["logs"],
    maxQueueBytes: 1 << 20,
    timeoutMs: 60_000,
    giveUpAfterMs: 60_000,
    registries,
    fetch,
    clock: { monotonicMs: () => performance.now(), nowMs: () => 0 },
    random: () => 0,
    sleep: (ms, signal) => {
      pauses.push(ms);
      return pause(0, signal);
    },
    log: silentLogger,
    ...changes,
  });
  try {
    await use({ forwarder, seen, pauses });
  } finally {
    await forwarder.stop(0);
    await server.shutdown();
  }
}

const sent = (forwarder: Forwarder, rows: number): Promise<unknown> =>
  until(`${rows} rows`, PATIENCE_MS, () => forwarder.stats.sentRows === rows ? true : null);

Deno.test("Forwarder: sends batches in requests of bounded size, compressed, with its headers", async () => {
  await withServer(() => new Response(), async ({ forwarder, seen }) => {
    forwarder.offer([logs(4_500), logs(10)]);
    await sent(forwarder, 4_510);
    assert.deepEqual(seen.map(({ path }) => path), Array(4).fill("/v1/logs"));
    assert.equal(seen[0]?.headers.get("content-encoding"), "gzip");
    assert.equal(seen[0]?.headers.get("content-type"), "application/x-protobuf");
    assert.equal(seen[0]?.headers.get("authorization"), "Bearer abc");
    await until(
      "an empty queue",
      PATIENCE_MS,
      () => forwarder.stats.queuedBytes === 0 ? true : null,
    );
  });
});

Deno.test("Forwarder: tries again after longer and longer pauses, or when it was told to", async () => {
  const answers = [503, 429, 502, 504, 200];
  await withServer((request) => {
    const status = answers[request - 1] ?? 500;
    return new Response("later", {
      status,
      headers: status === 429 ? { "retry-after": "7" } : {},
    });
  }, async ({ forwarder, pauses }) => {
    forwarder.offer([logs(3)]);
    await sent(forwarder, 3);
    assert.deepEqual(pauses, [250, 7_000, 1_000, 2_000]);
    assert.equal(forwarder.stats.retries, 4);
    assert.equal(forwarder.stats.problem, null);
  });
});

Deno.test("Forwarder: what is refused for good is dropped and counted; the next goes on", async () => {
  await withServer(
    (request) => new Response(null, { status: request === 1 ? 400 : 200 }),
    async ({ forwarder }) => {
      forwarder.offer([logs(3), logs(5)]);
      await sent(forwarder, 5);
      assert.equal(forwarder.stats.droppedRows.refused, 3);
    },
  );
});

Deno.test("Forwarder: a redirect is not followed, so that credentials stay where they belong", async () => {
  const headers = { location: "http://127.0.0.1:1/" };
  await withServer(
    () => new Response(null, { status: 307, headers }),
    async ({ forwarder, seen }) => {
      forwarder.offer([logs(3)]);
      await until(
        "refused",
        PATIENCE_MS,
        () => forwarder.stats.droppedRows.refused === 3 ? true : null,
      );
      assert.equal(seen.length, 1);
    },
  );
});

Deno.test("Forwarder: a batch that is not taken for too long is dropped and counted", async () => {
  let nowMs = 0;
  await withServer(() => {
    nowMs += 40_000;
    return new Response(null, { status: 503 });
  }, async ({ forwarder }) => {
    forwarder.offer([logs(3)]);
    await until(
      "expired",
      PATIENCE_MS,
      () => forwarder.stats.droppedRows.expired === 3 ? true : null,
    );
    assert.match(forwarder.stats.problem ?? "", /503/);
  }, { clock: { monotonicMs: () => nowMs, nowMs: () => 0 } });
});

Deno.test("Forwarder: a receiver that hangs costs nobody but itself; past the bound rows are counted", async () => {
  const batch = logs(100);
  const bytes = batchBytes(batch);
  const hanging = Promise.withResolvers<Response>();
  await withServer(() => hanging.promise, async ({ forwarder, seen }) => {
    for (let i = 0; i < 10; i++) forwarder.offer([batch]);
    await until("a request", PATIENCE_MS, () => seen.length === 1 ? true : null);
    assert.equal(forwarder.stats.queuedBytes, bytes * 3);
    assert.equal(forwarder.stats.droppedRows.queue_full, 700);
    await forwarder.stop(0);
    assert.equal(forwarder.stats.droppedRows.stopped, 300);
    forwarder.offer([batch]);
    assert.equal(forwarder.stats.droppedRows.stopped, 400);
    hanging.resolve(new Response());
  }, { maxQueueBytes: bytes * 3.5 });
});

Deno.test("Forwarder: a request past its deadline is tried again; nobody there is a problem it tells", async () => {
  await withServer(
    (request, signal) =>
      request > 1
        ? new Response()
        : new Promise((resolve) =>
          signal.addEventListener("abort", () => resolve(new Response(null, { status: 500 })))
        ),
    async ({ forwarder }) => {
      forwarder.offer([logs(3)]);
      await sent(forwarder, 3);
      assert.equal(forwarder.stats.retries, 1);
    },
    { timeoutMs: 100 },
  );
  await withServer(() => new Response(), async ({ forwarder }) => {
    forwarder.offer([logs(3)]);
    await until("a problem", PATIENCE_MS, () => forwarder.stats.problem);
    assert.equal(forwarder.stats.sentRows, 0);
  }, { endpoint: "http://127.0.0.1:1" });
});

Deno.test("Forwarder: signals that it is not for pass it by", async () => {
  await withServer(() => new Response(), async ({ forwarder, seen }) => {
    forwarder.offer([logs(3)]);
    await forwarder.stop(0);
    assert.equal(seen.length, 0);
    assert.equal(forwarder.stats.droppedRows.stopped, 0);
  }, { signals: ["traces", "metrics"] });
});

const PROTOBUF = { "content-type": "application/x-protobuf; charset=x" };
const partial = (rejected: number, errorMessage: string): Uint8Array<ArrayBuffer> =>
  encodeExportResponse(
    "logs",
    { accepted: 0, rejected, reasons: {}, errorMessage, newestUs: null },
    "protobuf",
  );

Deno.test("Forwarder: what a receiver says it left out of a request is counted, and logged now and then", async () => {
  let nowMs = 0;
  const lines: (readonly [string, unknown])[] = [];
  const answers = [
    new Response(partial(2, "too old"), { headers: PROTOBUF }),
    new Response(partial(1, "too new"), { headers: PROTOBUF }),
    new Response(partial(0, "please slow down"), { headers: PROTOBUF }),
    new Response(partial(99, "\u{1f600}".repeat(400)), { headers: PROTOBUF }),
    new Response(),
  ];
  await withServer((request) => answers[request - 1] ?? new Response(), async ({ forwarder }) => {
    for (let i = 0; i < 3; i++) forwarder.offer([logs(5)]);
    await until("three", PATIENCE_MS, () => forwarder.stats.partialAnswers === 3 ? true : null);
    assert.equal(forwarder.stats.sentRows, 12);
    assert.equal(forwarder.stats.droppedRows.rejected, 3);
    assert.equal(forwarder.stats.lastPartialAnswer, "please slow down");
    assert.equal(forwarder.stats.problem, null);
    nowMs = 60_000;
    forwarder.offer([logs(5), logs(1)]);
    await sent(forwarder, 13);
    // It cannot have left out more than it got.
    assert.equal(forwarder.stats.droppedRows.rejected, 8);
    assert.equal(forwarder.stats.lastPartialAnswer?.length, 500);
    assert.ok(forwarder.stats.lastPartialAnswer?.isWellFormed());
    const [first, second] = lines;
    assert.deepEqual(first, [
      "forward_partial_success",
      { sink: "far", answers: 1, rejected_rows: 2, message: "too old" },
    ]);
    assert.deepEqual(second, [
      "forward_partial_success",
      {
        sink: "far",
        answers: 3,
        rejected_rows: 6,
        message: forwarder.stats.lastPartialAnswer,
      },
    ]);
    assert.equal(lines.length, 2);
  }, {
    clock: { monotonicMs: () => nowMs, nowMs: () => 0 },
    log: { info: () => {}, warn: (event, fields) => lines.push([event, fields]) },
  });
});

Deno.test("Forwarder: an answer of success is one, whatever is in it", async () => {
  const words = partial(3, "x".repeat(100_000));
  const answers = [
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    () => new Response("no protobuf \xff", { headers: PROTOBUF }),
    () => new Response(partial(3, "cut").slice(0, -2), { headers: PROTOBUF }),
    () => new Response(words, { headers: PROTOBUF }),
    () => new Response(null, { status: 204 }),
  ];
  await withServer((request) => answers[request - 1]!(), async ({ forwarder }) => {
    for (const _ of answers) forwarder.offer([logs(3)]);
    await sent(forwarder, 3 * answers.length);
    assert.equal(forwarder.stats.partialAnswers, 0);
    assert.equal(forwarder.stats.droppedRows.rejected, 0);
  });
});

Deno.test("partialAnswer: an answer that breaks off takes nothing back", async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (stream) => stream.enqueue(partial(3, "cut")),
    pull: (stream) => stream.error(new Error("broken off")),
  });
  assert.equal(await partialAnswer(new Response(body, { headers: PROTOBUF })), null);
});

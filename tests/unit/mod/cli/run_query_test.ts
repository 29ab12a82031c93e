import assert from "node:assert/strict";
import type { CliIo, QueryCommand } from "../../../../mod/cli/command.ts";
import { runQuery } from "../../../../mod/cli/run_query.ts";
import { type FakeIo, fakeIo } from "./fake_io.ts";

const RESULT = {
  columns: [{ name: "name", type: "VARCHAR" }, { name: "value", type: "DOUBLE" }],
  rows: [["cpu", 1.5], ["機械", 22], [null, null]],
  row_count: 3,
  truncated: false,
  elapsed_ms: 3.2,
};

/** Runs `work` against a real server on a free port. */
async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  work: (url: URL) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  try {
    await work(new URL(`http://127.0.0.1:${server.addr.port}/`));
  } finally {
    await server.shutdown();
  }
}

function query(url: URL, parts: Partial<QueryCommand> = {}): QueryCommand {
  return {
    kind: "query",
    sql: "SELECT 1",
    format: "table",
    url,
    token: null,
    timeoutMs: null,
    maxRows: null,
    ...parts,
  };
}

async function run(
  command: QueryCommand,
  parts: Partial<CliIo> = {},
): Promise<{ code: number; io: FakeIo }> {
  const io = fakeIo({ fetch: (url, init) => fetch(url, init), ...parts });
  return { code: await runQuery(command, io), io };
}

Deno.test("runQuery: asks the server, and prints an aligned table", async () => {
  const seen: unknown[] = [];
  await withServer(async (request) => {
    seen.push([
      request.method,
      new URL(request.url).pathname,
      request.headers.get("authorization"),
      await request.json(),
    ]);
    return Response.json(RESULT);
  }, async (url) => {
    const { code, io } = await run(
      query(new URL("base/", url), { token: "t", timeoutMs: 5_000, maxRows: 10 }),
    );
    assert.equal(code, 0);
    assert.equal(
      io.out(),
      "name  value\n" +
        "----  -----\n" +
        "cpu     1.5\n" +
        "機械     22\n" +
        "NULL   NULL\n" +
        "(3 rows in 3 ms)\n",
    );
    assert.equal(io.err(), "");
  });
  assert.deepEqual(seen, [[
    "POST",
    "/base/api/sql",
    "Bearer t",
    { query: "SELECT 1", format: "json", timeout_ms: 5_000, max_rows: 10 },
  ]]);
});

Deno.test("runQuery: prints the other formats as the server sends them", async () => {
  const bodies: Record<string, string> = { csv: "a,b\r\n1,é\r\n", jsonl: '{"a":1}\n', json: "{}" };
  await withServer(async (request) => {
    const { format } = await request.json();
    return new Response(bodies[format], { headers: { "horizon-truncated": "true" } });
  }, async (url) => {
    for (const format of ["csv", "jsonl", "json"] as const) {
      const { code, io } = await run(query(url, { format }));
      assert.equal(code, 0);
      assert.equal(io.out(), format === "json" ? "{}\n" : bodies[format]);
      assert.match(io.err(), /there are more rows than these/);
    }
  });
});

Deno.test("runQuery: takes the statement from standard input", async () => {
  await withServer(async (request) => {
    assert.equal((await request.json()).query, "SELECT 2\n");
    return Response.json({ ...RESULT, rows: [], row_count: 0, truncated: true });
  }, async (url) => {
    const { code, io } = await run(query(url, { sql: "-" }), {
      readStdin: () => Promise.resolve("SELECT 2\n"),
    });
    assert.equal(code, 0);
    assert.equal(io.out(), "name  value\n----  -----\n(0 rows in 3 ms)\n");
    assert.match(io.err(), /cut at a limit/);
    const empty = await run(query(url, { sql: "-" }));
    assert.equal(empty.code, 2);
    assert.match(empty.io.err(), /there is no statement/);
  });
});

Deno.test("runQuery: tells in a sentence what the server refused", async () => {
  const error = (code: string, message: string) => JSON.stringify({ error: { code, message } });
  const table: [number, string, RegExp][] = [
    [400, error("invalid_query", "no such table: x"), /^horizon: no such table: x\n$/],
    [
      401,
      error("unauthenticated", "a token is needed"),
      /^horizon: a token is needed; give .*HORIZON_TOKEN/,
    ],
    [504, error("deadline_exceeded", "took too long"), /took too long \(deadline_exceeded\)\n$/],
    [400, error("invalid_query", "line 1\n\u001b[31mred"), /^horizon: line 1\n\\x1b\[31mred\n$/],
    [404, "<html>", /answered with status 404; is that a Horizon\?\n$/],
    [500, "x".repeat(1_000_000), /status 500/],
    [200, "<html>", /is no result of a query/],
    [200, '{"rows":1}', /is no result of a query/],
  ];
  for (const [status, body, message] of table) {
    await withServer(() => new Response(body, { status }), async (url) => {
      const { code, io } = await run(query(url));
      assert.equal(code, 1, body.slice(0, 50));
      assert.match(io.err(), message);
      assert.equal(io.out(), "");
    });
  }
});

Deno.test("runQuery: gives its token to nobody else", async () => {
  let reached = false;
  await withServer(() => {
    reached = true;
    return Response.json(RESULT);
  }, async (other) => {
    await withServer(() => Response.redirect(other, 307), async (url) => {
      const { code, io } = await run(query(url, { token: "t" }));
      assert.equal(code, 1);
      assert.match(io.err(), /status 307/);
    });
  });
  assert.ok(!reached);
});

Deno.test("runQuery: names the URL that it cannot reach, and what to do", async () => {
  // A port that was free a moment ago.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`http://127.0.0.1:${listener.addr.port}/`);
  listener.close();
  const { code, io } = await run(query(url));
  assert.equal(code, 1);
  const at = url.href.slice(0, -1);
  assert.ok(io.err().startsWith(`horizon: cannot reach Horizon at ${at}: Connection refused`));
  assert.match(io.err(), /Start it with `horizon serve`/);
});

Deno.test("runQuery: says that an answer broke off or did not come in time", async () => {
  const broken = await run(query(new URL("http://h/"), { format: "csv" }), {
    fetch: () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            pull: (controller) => controller.error(new Error("connection reset")),
          }),
        ),
      ),
  });
  assert.equal(broken.code, 1);
  assert.match(broken.io.err(), /the answer broke off: connection reset/);
  const late = await run(query(new URL("http://h/")), {
    fetch: () => Promise.reject(new DOMException("Signal timed out.", "TimeoutError")),
  });
  assert.equal(late.code, 1);
  assert.match(late.io.err(), /no answer in time from Horizon at http:\/\/h\n/);
});

Deno.test("runQuery: ends quietly when nobody reads any more", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1024).fill(97)),
    cancel: () => void (cancelled = true),
  });
  const { code, io } = await run(query(new URL("http://h/"), { format: "csv" }), {
    fetch: () => Promise.resolve(new Response(body)),
    stdout: () => Promise.reject(new Deno.errors.BrokenPipe("closed")),
  });
  assert.equal(code, 0);
  assert.equal(io.err(), "");
  assert.ok(cancelled, "the rest of the answer is not waited for");
});

import assert from "node:assert/strict";
import { ApiClient, ApiError, errorText, isAbort } from "../../../../web/ui/api_client.js";

/** A server on a free port, and what it was asked. */
async function withServer(
  answer: (request: Request) => Response | Promise<Response>,
  work: (base: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  try {
    await work(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

function client(base: string, overrides: Record<string, unknown> = {}) {
  const reachable: boolean[] = [];
  const api = new ApiClient({
    base,
    token: () => null,
    askToken: () => Promise.resolve(null),
    onReachable: (answered) => reachable.push(answered),
    ...overrides,
  });
  return { api, reachable };
}

const RESULT = { columns: [], rows: [], row_count: 0, truncated: false, elapsed_ms: 1 };

Deno.test("ApiClient.sql: sends query, parameters and limits as JSON", async () => {
  let body: unknown;
  await withServer(async (request) => {
    body = await request.json();
    return Response.json(RESULT);
  }, async (base) => {
    const { api, reachable } = client(base);
    const result = await api.sql("SELECT ?", { params: [1], maxRows: 5, timeoutMs: 100 });
    assert.deepEqual(result, RESULT);
    assert.deepEqual(reachable, [true]);
  });
  assert.deepEqual(body, {
    query: "SELECT ?",
    params: [1],
    max_rows: 5,
    timeout_ms: 100,
    format: "json",
  });
});

Deno.test("ApiClient: asks for a token on 401 and repeats the request with it", async () => {
  const seen: (string | null)[] = [];
  await withServer((request) => {
    seen.push(request.headers.get("authorization"));
    if (seen.at(-1) === "Bearer good") return Response.json(RESULT);
    return Response.json({ error: { code: "unauthenticated", message: "no" } }, { status: 401 });
  }, async (base) => {
    const asked: (string | null)[] = [];
    const askToken = (refused: string | null) => {
      asked.push(refused);
      return Promise.resolve("good");
    };
    const { api } = client(base, { token: () => "bad", askToken });
    await api.sql("SELECT 1");
    assert.deepEqual(asked, ["bad"]);
  });
  assert.deepEqual(seen, ["Bearer bad", "Bearer good"]);
});

Deno.test("ApiClient: fails with the server's words when no token is given", async () => {
  await withServer(
    () => Response.json({ error: { code: "unauthenticated", message: "no" } }, { status: 401 }),
    async (base) => {
      await assert.rejects(client(base).api.info(), (error) => {
        assert.ok(error instanceof ApiError);
        assert.deepEqual([error.code, error.message, error.status], ["unauthenticated", "no", 401]);
        return true;
      });
    },
  );
});

Deno.test("ApiClient: an answer that is not the API's own still names its status", async () => {
  const bodies = ["<h1>Bad gateway</h1>", "", "null", '{"error":"x"}', '{"error":{"code":1}}'];
  for (const body of bodies) {
    await withServer(() => new Response(body, { status: 502 }), async (base) => {
      await assert.rejects(client(base).api.processes(), (error) => {
        assert.ok(error instanceof ApiError, String(error));
        assert.equal(error.status, 502);
        return true;
      });
    });
  }
});

Deno.test("ApiClient.health: 503 is an answer, not a failure", async () => {
  const body = { status: "failing", checks: [] };
  await withServer(() => Response.json(body, { status: 503 }), async (base) => {
    assert.deepEqual(await client(base).api.health(), body);
  });
});

Deno.test("ApiClient: tells that the server is not reachable", async () => {
  let base = "";
  await withServer(() => new Response(""), (at) => {
    base = at;
    return Promise.resolve();
  });
  const { api, reachable } = client(base);
  await assert.rejects(api.info(), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.code, "unreachable");
    return true;
  });
  assert.deepEqual(reachable, [false]);
});

Deno.test("ApiClient: an aborted request stays an abort", async () => {
  const arrived = Promise.withResolvers<void>();
  await withServer(async (request) => {
    arrived.resolve();
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    return new Response("");
  }, async (base) => {
    const { api, reachable } = client(base);
    const abort = new AbortController();
    const running = api.sql("SELECT 1", { signal: abort.signal });
    await arrived.promise;
    abort.abort();
    await assert.rejects(running, isAbort);
    assert.deepEqual(reachable, []);
  });
});

Deno.test("ApiClient.sqlFile: gives the bytes as they come", async () => {
  await withServer(() => new Response("a,b\n1,2\n"), async (base) => {
    const blob = await client(base).api.sqlFile("SELECT 1", "csv");
    assert.equal(await blob.text(), "a,b\n1,2\n");
  });
});

Deno.test("errorText: one sentence of anything thrown", () => {
  assert.equal(errorText(new Error("x")), "x");
  assert.equal(errorText("y"), "y");
});

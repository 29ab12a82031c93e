import assert from "node:assert/strict";
import { HorizonError } from "../../../../mod/errors.ts";
import type { QueryRequest, QueryResult } from "../../../../mod/ports.ts";
import { SqlResultJson } from "../../../../web/sql/sql_routes.ts";
import {
  errorOf,
  type FakeWeb,
  fakeWeb,
  gzipped,
  noChunks,
  queryResult,
  STORE_STATS,
} from "../fake_web.ts";

interface Asked extends FakeWeb {
  readonly asked: QueryRequest[];
}

function sqlWeb(
  result: QueryResult | HorizonError = queryResult([["n", "INTEGER"]], [[1]]),
): Asked {
  const asked: QueryRequest[] = [];
  const web = fakeWeb({
    store: {
      query: (request) => {
        asked.push(request);
        return result instanceof HorizonError ? Promise.reject(result) : Promise.resolve(result);
      },
      stats: () => Promise.resolve(STORE_STATS),
      chunks: noChunks,
    },
  });
  return { ...web, asked };
}

const ask = (query: string, more = ""): string =>
  `/api/sql?query=${encodeURIComponent(query)}${more}`;

function post(body: string, type: string): RequestInit {
  return { method: "POST", body, headers: { "content-type": type } };
}

function postJson(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
  };
}

Deno.test("/api/sql: takes a query from the URL, from raw SQL and from JSON", async () => {
  const { request, asked } = sqlWeb();
  const url = ask("SELECT ?", "&params=%5B1,%22a%22,null%5D&max_rows=5&timeout_ms=70");
  assert.equal((await request(url)).status, 200);
  for (const type of ["text/plain", "application/sql; charset=utf-8"]) {
    const init = { method: "POST", body: "SELECT 'é'", headers: { "content-type": type } };
    assert.equal((await request("/api/sql?max_rows=7", init)).status, 200);
  }
  const body = { query: "SELECT $1", params: [true], max_rows: 3, timeout_ms: 9, format: "json" };
  assert.equal((await request("/api/sql", postJson(body))).status, 200);
  const plain = asked.map(({ signal, ...rest }) => {
    assert.ok(signal instanceof AbortSignal);
    return rest;
  });
  assert.deepEqual(plain, [
    { sql: "SELECT ?", params: [1, "a", null], maxRows: 5, timeoutMs: 70 },
    { sql: "SELECT 'é'", maxRows: 7 },
    { sql: "SELECT 'é'", maxRows: 7 },
    { sql: "SELECT $1", params: [true], maxRows: 3, timeoutMs: 9 },
  ]);
});

Deno.test("/api/sql: takes a compressed body", async () => {
  const { request, asked } = sqlWeb();
  const headers = { "content-type": "text/plain", "content-encoding": "gzip" };
  const init = { method: "POST", body: gzipped("SELECT 1"), headers };
  assert.equal((await request("/api/sql", init)).status, 200);
  assert.equal(asked[0]?.sql, "SELECT 1");
});

Deno.test("/api/sql: the JSON format is what the document says, NaN is null", async () => {
  const result = queryResult(
    [["t", "TIMESTAMP"], ["v", "DOUBLE"], ["m", "MAP(VARCHAR, VARCHAR)"], ["big", "HUGEINT"]],
    [["2026-01-01T00:00:00.000001Z", NaN, { a: "b" }, "9007199254740993"], [null, 1.5, {}, 1]],
    true,
  );
  const response = await sqlWeb(result).request(ask("SELECT 1"));
  assert.equal(response.headers.get("content-type"), "application/json");
  const body = SqlResultJson.parse(await response.json());
  assert.deepEqual(body, {
    columns: [
      { name: "t", type: "TIMESTAMP" },
      { name: "v", type: "DOUBLE" },
      { name: "m", type: "MAP(VARCHAR, VARCHAR)" },
      { name: "big", type: "HUGEINT" },
    ],
    rows: [["2026-01-01T00:00:00.000001Z", null, { a: "b" }, "9007199254740993"], [
      null,
      1.5,
      {},
      1,
    ]],
    row_count: 2,
    truncated: true,
    elapsed_ms: 1.5,
  });
});

Deno.test("/api/sql: an empty result is whole in every format", async () => {
  const { request } = sqlWeb(queryResult([["a", "X"], ["b", "X"]], []));
  const body = async (format: string): Promise<string> =>
    await (await request(ask("SELECT 1", `&format=${format}`))).text();
  assert.equal(JSON.parse(await body("json")).row_count, 0);
  assert.equal(await body("jsonl"), "");
  assert.equal(await body("csv"), "a,b\n");
});

Deno.test("/api/sql: formats by parameter and by Accept, with the figures in headers", async () => {
  const result = queryResult([["a", "X"], ["a", "X"]], [[1, "x"], [NaN, null]], true);
  const { request } = sqlWeb(result);
  const table: [string, string, string, string][] = [
    ["&format=jsonl", "*/*", "application/jsonl", '{"a":1,"a_1":"x"}\n{"a":null,"a_1":null}\n'],
    ["", "application/x-ndjson", "application/jsonl", '{"a":1,"a_1":"x"}\n{"a":null,"a_1":null}\n'],
    ["", "text/csv", "text/csv; charset=utf-8; header=present", "a,a_1\n1,x\nNaN,\n"],
    [
      "",
      "application/vnd.apache.arrow.stream",
      "application/vnd.apache.arrow.stream",
      "\x01\x02\x03",
    ],
    ["&format=arrow", "text/csv", "application/vnd.apache.arrow.stream", "\x01\x02\x03"],
  ];
  for (const [parameter, accept, type, text] of table) {
    const response = await request(ask("SELECT 1", parameter), { headers: { accept } });
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(response.headers.get("horizon-row-count"), "2");
    assert.equal(response.headers.get("horizon-truncated"), "true");
    assert.equal(response.headers.get("horizon-elapsed-ms"), "1.5");
    assert.equal(await response.text(), text);
  }
  const browser = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
  const shown = await request(ask("SELECT 1"), browser);
  assert.equal(shown.headers.get("content-type"), "application/json");
  await shown.body?.cancel();
});

Deno.test("/api/sql: makes rows only as the client takes them, and stops when it goes", async () => {
  let made = 0;
  let ended = false;
  const result: QueryResult = {
    ...queryResult([["a", "X"]], []),
    rowCount: 1_000_000,
    *rows() {
      try {
        for (; made < 1_000_000; made++) yield [`row ${made} of a million`];
      } finally {
        ended = true;
      }
    },
  };
  const response = await sqlWeb(result).request(ask("SELECT 1", "&format=csv"));
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  assert.ok(made < 20_000, `${made} rows were made`);
  assert.ok(ended);
});

Deno.test("/api/sql: refuses what it cannot read, with every problem", async () => {
  const { request, asked } = sqlWeb();
  const table: [string, RequestInit, number, RegExp][] = [
    ["/api/sql", {}, 400, /no query/],
    ["/api/sql?query=", {}, 400, /query/],
    ["/api/sql?query=%20", {}, 400, /no query/],
    [ask("SELECT 1", "&format=xml"), {}, 400, /format/],
    [ask("SELECT 1", "&max_rows=0"), {}, 400, /max_rows/],
    [ask("SELECT 1", "&max_rows=many"), {}, 400, /max_rows/],
    [ask("SELECT 1", "&params=1"), {}, 400, /array/],
    [ask("SELECT 1", "&params=%5B%7B%7D%5D"), {}, 400, /0/],
    [ask("SELECT 1", "&params=x"), {}, 400, /not JSON/],
    [ask("SELECT 1", "&limit=1"), {}, 400, /limit/],
    ["/api/sql", post("{", "application/json"), 400, /not JSON/],
    ["/api/sql", post("[]", "application/json"), 400, /object/],
    ["/api/sql", post("{}", "application/json"), 400, /query/],
    ["/api/sql?format=csv", postJson({ query: "SELECT 1" }), 400, /in the body/],
    ["/api/sql", post("", "text/plain"), 400, /no query/],
    [ask("SELECT 1"), post("SELECT 1", "text/plain"), 400, /and in the URL/],
    ["/api/sql", post("SELECT 1", "application/xml"), 415, /content type/],
    ["/api/sql", post("x".repeat(1_100_000), "text/plain"), 413, /too large/],
  ];
  for (const [path, init, status, message] of table) {
    const response = await request(path, init);
    assert.equal(response.status, status, path);
    assert.match((await errorOf(response)).message, message);
  }
  const many = await request(
    "/api/sql",
    postJson({ query: 1, params: [[]], max_rows: -1, what: 2 }),
  );
  const { problems } = (await errorOf(many)).details;
  assert.ok(Array.isArray(problems) && problems.length === 4, JSON.stringify(problems));
  assert.equal(asked.length, 0);
});

Deno.test("/api/sql: the store's failures keep their code, details and Retry-After", async () => {
  const table: [HorizonError, number, string | null][] = [
    [new HorizonError("invalid_query", "no such table x", { position: 5 }), 400, null],
    [new HorizonError("deadline_exceeded", "stopped after 10 ms"), 504, null],
    [new HorizonError("overloaded", "too many queries", {}, 2_500), 429, "3"],
    [new HorizonError("unavailable", "restarting"), 503, "1"],
    [new HorizonError("too_large", "result"), 413, null],
  ];
  for (const [failure, status, retryAfter] of table) {
    const response = await sqlWeb(failure).request(ask("SELECT 1"));
    assert.equal(response.status, status);
    assert.equal(response.headers.get("retry-after"), retryAfter);
    assert.deepEqual(await errorOf(response), {
      code: failure.code,
      message: failure.message,
      details: failure.details,
    });
  }
});

Deno.test("/api/sql: takes what curl sends, plain or as the field of a form", async () => {
  const form = "application/x-www-form-urlencoded";
  const { request, asked } = sqlWeb();
  for (const body of ["SELECT a = 'b' AND 1 <> 2", "query=SELECT%20a+%3D+'b'%20AND+1+<>+2"]) {
    const response = await request("/api/sql", post(body, form));
    assert.equal(response.status, 200);
  }
  assert.deepEqual(asked.map(({ sql }) => sql), Array(2).fill("SELECT a = 'b' AND 1 <> 2"));
});

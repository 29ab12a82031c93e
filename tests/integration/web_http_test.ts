import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { HorizonError } from "../../mod/errors.ts";
import type { WebDeps } from "../../web/app.ts";
import { serveApp } from "../../web/serve.ts";
import { fakeWeb, noChunks, queryResult, STORE_STATS } from "../unit/web/fake_web.ts";

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

function serve(overrides: Partial<WebDeps> = {}): Served {
  const { web } = fakeWeb(overrides);
  const server = serveApp(web.app, {
    hostname: "127.0.0.1",
    port: 0,
    purpose: "test",
    flag: "--listen",
    log: { error: (event) => assert.fail(event) },
  });
  const { port } = server.address;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      await server.shutdown(5_000);
    },
  };
}

const PROTOBUF = { "content-type": "application/x-protobuf" };

/** Sends bytes as they are, and answers everything that comes back until `until` matches. */
async function raw(port: number, request: string, until: RegExp): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!until.test(text)) {
    const length = await connection.read(buffer);
    if (length === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, length));
  }
  return text;
}

Deno.test("/api/sql: a client that goes away cancels its query", async () => {
  const asked = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  await using server = serve({
    store: {
      query: ({ signal }) => {
        assert.ok(signal !== undefined);
        asked.resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            cancelled.resolve();
            reject(new HorizonError("cancelled", "gone"));
          });
        });
      },
      stats: () => Promise.resolve(STORE_STATS),
      chunks: noChunks,
    },
  });
  const client = new AbortController();
  const response = fetch(`${server.url}/api/sql?query=SELECT%201`, { signal: client.signal });
  await asked.promise;
  client.abort();
  await assert.rejects(response, { name: "AbortError" });
  await cancelled.promise;
});

Deno.test("/api/sql: a large result arrives whole, compressed for who asks for it", async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => [i, `row ${i}`]);
  const result = queryResult([["i", "INTEGER"], ["t", "VARCHAR"]], rows);
  await using server = serve({
    store: {
      query: () => Promise.resolve(result),
      stats: () => Promise.resolve(STORE_STATS),
      chunks: noChunks,
    },
  });
  const response = await fetch(`${server.url}/api/sql?query=x&format=jsonl`, {
    headers: { "accept-encoding": "gzip" },
  });
  const lines = (await response.text()).trimEnd().split("\n");
  assert.equal(lines.length, 50_000);
  assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), { i: 49_999, t: "row 49999" });
});

Deno.test("/v1: a bomb is refused while it inflates, and the server goes on", async () => {
  const mebibyte = 1024 * 1024;
  await using server = serve({
    bodyLimits: { maxBytes: mebibyte, maxDecompressedBytes: 4 * mebibyte, timeoutMs: 5_000 },
  });
  const bomb = Uint8Array.from(gzipSync(Buffer.alloc(512 * mebibyte)));
  const headers = { ...PROTOBUF, "content-encoding": "gzip" };
  const response = await fetch(`${server.url}/v1/traces`, { method: "POST", headers, body: bomb });
  assert.equal(response.status, 413);
  await response.body?.cancel();
  const after = await fetch(`${server.url}/v1/traces`, { method: "POST", headers: PROTOBUF });
  assert.equal(after.status, 200);
  await after.body?.cancel();
});

Deno.test("/v1: a body that is too large is refused before it is read", async () => {
  await using server = serve();
  for (const length of [1_001, 50_000_000]) {
    const text = await raw(
      server.port,
      `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${length}\r\n\r\n{`,
      /"message"/,
    );
    assert.match(text, /^HTTP\/1.1 413 /);
  }
});

Deno.test("/v1: a body that dawdles is answered with 408", async () => {
  await using server = serve({
    bodyLimits: { maxBytes: 1_000, maxDecompressedBytes: 1_000, timeoutMs: 20 },
  });
  const text = await raw(
    server.port,
    "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
      "Content-Length: 100\r\n\r\n{",
    /"message"/,
  );
  assert.match(text, /^HTTP\/1.1 408 /);
  assert.match(text, /within 20 ms/);
});

Deno.test("/v1: a chunked body without a length is bounded as well", async () => {
  await using server = serve();
  const text = await raw(
    server.port,
    "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
      `Transfer-Encoding: chunked\r\n\r\n7d0\r\n${"x".repeat(2_000)}\r\n`,
    /"message"/,
  );
  assert.match(text, /^HTTP\/1.1 413 /);
});

Deno.test("serveApp: a rebound host name is refused on the wire", async () => {
  await using server = serve();
  const ask = (host: string): Promise<string> =>
    raw(server.port, `GET /api/info HTTP/1.1\r\nHost: ${host}\r\n\r\n`, /\}/);
  assert.match(await ask("evil.example"), /^HTTP\/1.1 403 /);
  assert.match(await ask(`localhost:${server.port}`), /^HTTP\/1.1 200 /);
});

Deno.test("serveApp: an address in use is one clear sentence", async () => {
  await using server = serve();
  const { web } = fakeWeb();
  const again = (): void => {
    serveApp(web.app, {
      hostname: "127.0.0.1",
      port: server.port,
      purpose: "the main listener",
      flag: "--listen",
      log: { error: () => undefined },
    });
  };
  assert.throws(again, (error) => {
    assert.ok(error instanceof HorizonError);
    assert.equal(error.code, "conflict");
    assert.match(error.message, new RegExp(`127.0.0.1:${server.port} .*already in use.*--listen`));
    return true;
  });
});

Deno.test("serveApp: an address of another host is refused by name", () => {
  const { web } = fakeWeb();
  const listen = (): void => {
    serveApp(web.app, {
      hostname: "192.0.2.1",
      port: 0,
      purpose: "the main listener",
      flag: "--listen",
      log: { error: () => undefined },
    });
  };
  assert.throws(listen, { code: "invalid_argument", message: /192\.0\.2\.1:0 .*not an address/ });
});

Deno.test("serveApp: shutdown waits for requests under way, then answers them with 503", async () => {
  for (const [deadlineMs, outcome] of [[10_000, "drained"], [10, "cut"]] as const) {
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { web } = fakeWeb({
      otlp: {
        receive: async () => {
          entered.resolve();
          await release.promise;
          return { accepted: 1, rejected: 0, reasons: {}, errorMessage: null, newestUs: null };
        },
      },
    });
    const server = serveApp(web.app, {
      hostname: "127.0.0.1",
      port: 0,
      purpose: "test",
      flag: "--listen",
      log: { error: () => undefined },
    });
    const url = `http://127.0.0.1:${server.address.port}/v1/logs`;
    const response = fetch(url, { method: "POST", headers: PROTOBUF }).then(
      async (answer) => {
        await answer.body?.cancel();
        return answer.status;
      },
    );
    await entered.promise;
    const down = server.shutdown(deadlineMs);
    if (outcome === "drained") release.resolve();
    assert.equal(await down, outcome);
    assert.equal(await response, outcome === "drained" ? 200 : 503);
    release.resolve();
  }
});

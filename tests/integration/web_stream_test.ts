import assert from "node:assert/strict";
import type { WebDeps } from "../../web/app.ts";
import { type RunningServer, serveApp } from "../../web/serve.ts";
import { STREAM_LIMITS } from "../../web/stream/live_stream.ts";
import { type FakeWeb, fakeWeb, sha256, TS_US } from "../unit/web/fake_web.ts";

interface Served extends FakeWeb {
  readonly server: RunningServer;
  readonly port: number;
  stop(): Promise<"drained" | "cut">;
}

function serve(overrides: Partial<WebDeps> = {}): Served {
  const web = fakeWeb(overrides);
  const server = serveApp(web.web.app, {
    hostname: "127.0.0.1",
    port: 0,
    purpose: "test",
    flag: "--listen",
    log: { error: (event) => assert.fail(event) },
  });
  return {
    ...web,
    server,
    port: server.address.port,
    stop: () => {
      web.web.closeStreams();
      return server.shutdown(5_000);
    },
  };
}

/** A WebSocket client that keeps what it is told. */
class Client {
  readonly #socket: WebSocket;
  readonly #messages: Record<string, unknown>[] = [];
  #waiting: (() => void) | null = null;
  readonly opened: Promise<void>;
  readonly closed: Promise<number>;

  constructor(port: number, protocols: string[] = []) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, protocols);
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<number>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    opened.promise.catch(() => undefined);
    this.#socket.onopen = () => opened.resolve();
    this.#socket.onerror = (event) => {
      event.preventDefault();
      opened.reject(new Error("refused"));
    };
    this.#socket.onclose = ({ code }) => closed.resolve(code);
    this.#socket.onmessage = ({ data }) => {
      this.#messages.push(JSON.parse(data));
      this.#waiting?.();
    };
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async next(): Promise<Record<string, unknown>> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    return this.#messages.shift() ?? {};
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}

Deno.test("/api/stream: pushes collections to who subscribed", async () => {
  const served = serve();
  const { id } = served.collect("system.cpu.utilization", "gauge", "1", { "cpu.mode": "user" }, 0);
  const client = new Client(served.port, ["horizon"]);
  await client.opened;
  assert.equal(client.protocol, "horizon");
  client.send({ subscribe: "metrics", names: ["system.cpu.utilization"] });
  assert.equal((await client.next())["type"], "subscribed");
  client.send("not json");
  assert.equal((await client.next())["type"], "error");
  served.latest.record(TS_US, [id, 999], [0.5, 1], 2, 60_000);
  assert.deepEqual(await client.next(), {
    type: "metrics",
    ts: "2023-11-14T22:13:20.000000Z",
    samples: [{ name: "system.cpu.utilization", labels: { "cpu.mode": "user" }, value: 0.5 }],
  });
  await client.close();
  assert.equal(await served.stop(), "drained");
});

Deno.test("/api/stream: listens to the collectors only while somebody listens to it", async () => {
  const served = serve();
  assert.equal(served.latest.stats.listeners, 0);
  const [a, b] = [new Client(served.port), new Client(served.port)];
  await Promise.all([a.opened, b.opened]);
  assert.equal(served.latest.stats.listeners, 1);
  // A client only knows that its own side closed: ask the server until it does, too.
  await Promise.all([a.close(), b.close()]);
  while (served.latest.stats.listeners > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const again = new Client(served.port);
  await again.opened;
  assert.equal(served.latest.stats.listeners, 1);
  await again.close();
  await served.stop();
});

Deno.test("/api/stream: needs a token where tokens are configured, and a viewer's", async () => {
  const grants = [
    { name: "v", role: "viewer", sha256: await sha256("seeing") },
    { name: "i", role: "ingest", sha256: await sha256("sending") },
  ] as const;
  const served = serve({
    gate: {
      tokens: grants,
      allowUnauthenticatedRemote: false,
      allowedHosts: [],
      allowedOrigins: [],
    },
  });
  for (const protocols of [[], ["horizon"], ["horizon", "bearer.wrong"], ["bearer.sending"]]) {
    const refused = new Client(served.port, protocols);
    await assert.rejects(refused.opened, /refused/);
    await refused.closed;
  }
  const client = new Client(served.port, ["horizon", "bearer.seeing"]);
  await client.opened;
  assert.equal(client.protocol, "horizon", "the token is not sent back");
  await client.close();
  await served.stop();
});

Deno.test("/api/stream: refuses more than its number of connections, and plain requests", async () => {
  const served = serve({ streamLimits: { ...STREAM_LIMITS, maxConnections: 1 } });
  const first = new Client(served.port);
  await first.opened;
  const second = new Client(served.port);
  await assert.rejects(second.opened, /refused/);
  await second.closed;
  const plain = await fetch(`http://127.0.0.1:${served.port}/api/stream`);
  assert.equal(plain.status, 400);
  await plain.body?.cancel();
  await first.close();
  await served.stop();
});

Deno.test("/api/stream: closing tells clients that Horizon goes away", async () => {
  const served = serve();
  const client = new Client(served.port);
  await client.opened;
  const stopped = served.stop();
  assert.equal(await client.closed, 1001);
  assert.equal(await stopped, "drained");
});

/** Opens a WebSocket by hand and never reads again. */
async function deafClient(port: number, names: string[]): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const encoder = new TextEncoder();
  await connection.write(encoder.encode(
    "GET /api/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  await connection.read(new Uint8Array(1_000));
  const payload = encoder.encode(JSON.stringify({ subscribe: "metrics", names }));
  assert.ok(payload.length < 126);
  // RFC 6455 section 5.2: FIN and text, masked with a key of zeros.
  await connection.write(Uint8Array.of(0x81, 0x80 | payload.length, 0, 0, 0, 0, ...payload));
  await connection.read(new Uint8Array(1_000));
  return connection;
}

Deno.test("/api/stream: a client that does not read loses frames, and costs bounded memory", async () => {
  const served = serve({ streamLimits: { ...STREAM_LIMITS, maxBufferedBytes: 10_000 } });
  const padding = "x".repeat(1_000);
  const { id } = served.collect("wide", "gauge", "", { padding }, 0);
  const deaf = await deafClient(served.port, ["wide"]);
  const [ids, values] = [new Uint32Array(100).fill(id), new Float64Array(100)];
  const dropped = async (): Promise<number> => {
    const response = await served.request("/metrics");
    const match = /horizon_stream_frames_total\{outcome="dropped"\} (\d+)/.exec(
      await response.text(),
    );
    return Number(match?.[1]);
  };
  // The kernel's own buffers take some megabytes first.
  for (let sent = 0; await dropped() === 0; sent++) {
    assert.ok(sent < 2_000, "frames were never dropped");
    served.latest.record(TS_US, ids, values, 100, 60_000);
  }
  deaf.close();
  assert.equal(await served.stop(), "drained");
});

Deno.test("/api/stream: a client that answers no ping is closed, and its place is free", async () => {
  const served = serve({ streamLimits: { ...STREAM_LIMITS, maxConnections: 1, idleTimeoutS: 1 } });
  const deaf = await deafClient(served.port, ["wide"]);
  while (served.latest.stats.listeners > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const next = new Client(served.port);
  await next.opened;
  await next.close();
  deaf.close();
  await served.stop();
});

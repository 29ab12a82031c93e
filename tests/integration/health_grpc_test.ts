import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import {
  CHECK_PATH,
  type CheckRequest,
  decodeCheckRequest,
  encodeCheckRequest,
  encodeCheckResponse,
  type ServingStatus,
  WATCH_PATH,
} from "../../collectors/grpc_health/messages.ts";
import { type GrpcTarget } from "../../collectors/health/probes/grpc_client.ts";
import { grpcProbe } from "../../collectors/health/probes/grpc_probe.ts";
import { GrpcWatch } from "../../collectors/health/probes/grpc_watch.ts";
import type { Finding } from "../../mod/health/health_state.ts";
import { OTHER_AUTHORITY, SERVER_CERTIFICATE, SERVER_KEY } from "../support/certificates.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";
import { FakeTime } from "../unit/collectors/fake_time.ts";

const PLAIN = { caFile: null, insecureSkipVerify: false, serverName: null };

type Handlers = {
  readonly Check?: grpc.handleUnaryCall<CheckRequest, ServingStatus>;
  readonly Watch?: grpc.handleServerStreamingCall<CheckRequest, ServingStatus>;
};

const method = (path: string, responseStream: boolean) => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: encodeCheckRequest,
  requestDeserialize: decodeCheckRequest,
  responseSerialize: encodeCheckResponse,
  responseDeserialize: (): ServingStatus => "UNKNOWN",
});

interface RunningGrpc {
  readonly port: number;
  stop(): void;
}

async function serve(
  handlers: Handlers,
  port = 0,
): Promise<RunningGrpc> {
  const server = new grpc.Server();
  server.addService(
    { Check: method(CHECK_PATH, false), Watch: method(WATCH_PATH, true) },
    { ...handlers },
  );
  const bound = Promise.withResolvers<number>();
  server.bindAsync(
    `127.0.0.1:${port}`,
    grpc.ServerCredentials.createInsecure(),
    (error, at) => error === null ? bound.resolve(at) : bound.reject(error),
  );
  return { port: await bound.promise, stop: () => server.forceShutdown() };
}

async function withGrpc(
  handlers: Handlers,
  test: (port: number) => Promise<void>,
  { tls }: { readonly tls: boolean } = { tls: false },
): Promise<void> {
  const server = await serve(handlers);
  const door = tls ? new TlsDoor(server.port) : null;
  try {
    await test(door?.port ?? server.port);
  } finally {
    await door?.close();
    server.stop();
  }
}

/**
 * TLS before a server, as a proxy has it: under Deno, grpc-js servers speak plaintext whatever
 * their credentials.
 */
class TlsDoor {
  readonly #listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: SERVER_CERTIFICATE,
    key: SERVER_KEY,
    alpnProtocols: ["h2"],
  });
  readonly #open = new Set<Promise<unknown>>();
  readonly #accepting: Promise<void>;

  constructor(to: number) {
    this.#accepting = this.#accept(to);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.#open);
  }

  async #accept(port: number): Promise<void> {
    for await (const outer of this.#listener) {
      const passed = pass(outer, port);
      this.#open.add(passed);
      void passed.finally(() => this.#open.delete(passed));
    }
  }
}

/** Ends with the connection; one whose handshake fails is no failure of the test. */
async function pass(outer: Deno.TlsConn, port: number): Promise<void> {
  const inner = await Deno.connect({ hostname: "127.0.0.1", port });
  await Promise.allSettled([
    outer.readable.pipeTo(inner.writable),
    inner.readable.pipeTo(outer.writable),
  ]);
}

function check(port: number, changes: Partial<GrpcTarget> = {}, timeoutMs = PATIENCE_MS) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  const probe = grpcProbe({
    address: { hostname: "127.0.0.1", port },
    service: "",
    tls: null,
    ...changes,
  });
  return within("the end of a check", PATIENCE_MS + 1_000, probe.look(stop.signal))
    .finally(() => clearTimeout(timer));
}

Deno.test("grpcProbe: every status that a server may give, by service", async () => {
  const statuses: Record<string, ServingStatus> = {
    "": "SERVING",
    "shop.Orders": "NOT_SERVING",
    odd: "UNKNOWN",
    gone: "SERVICE_UNKNOWN",
  };
  await withGrpc({
    Check: ({ request }, answer) => {
      const status = statuses[request.service];
      if (status !== undefined) answer(null, status);
      else answer({ code: grpc.status.NOT_FOUND, details: "unknown service" });
    },
  }, async (port) => {
    const table: readonly (readonly [service: string, state: string, message: string])[] = [
      ["", "healthy", "the server is SERVING"],
      ["shop.Orders", "unhealthy", "service shop.Orders is NOT_SERVING"],
      ["odd", "unhealthy", "service odd is UNKNOWN"],
      ["gone", "unhealthy", "service gone is SERVICE_UNKNOWN"],
      ["nobody", "unhealthy", `127.0.0.1:${port} does not know service nobody`],
    ];
    for (const [service, state, message] of table) {
      const found = await check(port, { service });
      assert.deepEqual([found.state, found.message], [state, message]);
    }
  });
});

Deno.test("grpcProbe: a server without health, one that fails, one that hangs, none at all", async () => {
  await withGrpc({}, async (port) => {
    const found = await check(port);
    assert.equal(found.message, `127.0.0.1:${port} does not implement grpc.health.v1`);
  });
  await withGrpc({
    Check: (_call, answer) => answer({ code: grpc.status.INTERNAL, details: "no database" }),
  }, async (port) => {
    const found = await check(port);
    assert.equal(found.message, `127.0.0.1:${port} failed with INTERNAL: no database`);
  });
  let cancelled = 0;
  await withGrpc({ Check: (call) => call.on("cancelled", () => cancelled++) }, async (port) => {
    const found = await check(port, {}, 300);
    assert.equal(found.message, `127.0.0.1:${port} did not answer in time`);
    await until("the end of the call", PATIENCE_MS, () => cancelled === 1 || null);
  });
  const server = await serve({});
  server.stop();
  const found = await check(server.port);
  assert.equal(found.state, "unhealthy");
  assert.equal(
    found.message,
    `127.0.0.1:${server.port} refused the connection: nothing listens there`,
  );
  await withGrpc({
    Check: (_call, answer) => answer({ code: grpc.status.UNAVAILABLE, details: "draining" }),
  }, async (port) => {
    const found = await check(port);
    assert.equal(found.message, `127.0.0.1:${port} failed with UNAVAILABLE: draining`);
  });
});

Deno.test("grpcProbe: what is no gRPC server is told in the same words each time, without grpc-js's times", async () => {
  const peers: readonly (readonly [answer: (socket: Socket) => void, message: RegExp])[] = [
    [(socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n"), / does not speak HTTP\/2$/],
    [(socket) => socket.end(), / closed the connection before it answered$/],
  ];
  for (const [answer, message] of peers) {
    const server = createServer((socket) => {
      socket.on("error", () => {}).resume();
      answer(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    try {
      const first = await check(address.port);
      assert.match(first.message, message);
      assert.equal((await check(address.port)).message, first.message);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }
});

Deno.test("grpcProbe: a port that takes connections and says nothing keeps none of them", async () => {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket)).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  try {
    for (const tls of [null, PLAIN]) {
      for (let i = 0; i < 3; i++) {
        const stop = new AbortController();
        const seen = connections;
        const look = grpcProbe({
          address: { hostname: "127.0.0.1", port: address.port },
          service: "",
          tls,
        }).look(stop.signal);
        await until("a connection", PATIENCE_MS, () => connections > seen || null);
        stop.abort();
        assert.match((await look).message, /did not answer in time/);
      }
    }
    await until("their ends", PATIENCE_MS, () => open.size === 0 || null);
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("grpcProbe: TLS with the right authority, a wrong one, none, another name", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [right, wrong] = [`${folder}/right.pem`, `${folder}/wrong.pem`];
    await Deno.writeTextFile(right, SERVER_CERTIFICATE);
    await Deno.writeTextFile(wrong, OTHER_AUTHORITY);
    await withGrpc({ Check: (_call, answer) => answer(null, "SERVING") }, async (port) => {
      const state = async (tls: GrpcTarget["tls"]) => (await check(port, { tls })).state;
      assert.equal(await state({ ...PLAIN, caFile: right }), "healthy");
      assert.equal(await state({ ...PLAIN, caFile: right, serverName: "shop.example" }), "healthy");
      assert.equal(
        await state({ ...PLAIN, caFile: right, serverName: "evil.example" }),
        "unhealthy",
      );
      assert.equal(await state({ ...PLAIN, caFile: wrong }), "unhealthy");
      assert.equal(await state(PLAIN), "unhealthy");
      assert.equal(await state({ ...PLAIN, insecureSkipVerify: true }), "healthy");
      assert.equal(await state(null), "unhealthy", "plaintext to a server that wants TLS");
      await assert.rejects(state({ ...PLAIN, caFile: `${folder}/none.pem` }));
    }, { tls: true });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

type WatchCall = grpc.ServerWritableStream<CheckRequest, ServingStatus>;

/** A watch of a server at a port, by a clock that stands still, and what it was woken to find. */
function watchOf(port: number) {
  const time = new FakeTime(0);
  const watch = new GrpcWatch({
    address: { hostname: "127.0.0.1", port },
    service: "shop",
    tls: null,
    timers: time,
    random: () => 1,
  });
  const woken: string[] = [];
  const now = (): Promise<Finding> =>
    within("what is known", PATIENCE_MS, watch.look(new AbortController().signal));
  watch.open(() => void now().then(({ message }) => woken.push(message)));
  return { time, watch, woken, now };
}

Deno.test("GrpcWatch: is told of changes at once", async () => {
  const calls: WatchCall[] = [];
  await withGrpc({
    Watch: (call) => {
      calls.push(call);
      call.write("SERVICE_UNKNOWN");
    },
  }, async (port) => {
    const { watch, woken, now } = watchOf(port);
    assert.equal((await now()).message, "service shop is SERVICE_UNKNOWN");
    assert.equal(calls[0]?.request.service, "shop");
    for (const status of ["SERVING", "SERVING", "NOT_SERVING"] as const) calls[0]?.write(status);
    await until("the changes", PATIENCE_MS, () => woken.length === 2 || null);
    assert.deepEqual(woken, ["service shop is SERVING", "service shop is NOT_SERVING"]);
    watch.close();
    await until("the end of the call", PATIENCE_MS, () => calls[0]?.cancelled || null);
  });
});

Deno.test("GrpcWatch: connects again after a server that went, each time after a longer wait", async () => {
  const first = await serve({ Watch: (call) => void call.write("SERVING") });
  const { time, watch, woken, now } = watchOf(first.port);
  assert.equal((await now()).state, "healthy");
  first.stop();
  await until("the loss", PATIENCE_MS, () => woken.length === 1 || null);
  assert.equal((await now()).state, "unhealthy");
  // Half a second, then one: nobody is there yet.
  await time.advance(500);
  await until("the second loss", PATIENCE_MS, () => time.timers === 1 || null);
  await time.advance(500);
  assert.equal(time.timers, 1, "the wait is longer now");
  const second = await serve(
    { Watch: (call) => void call.write("NOT_SERVING") },
    first.port,
  );
  await time.advance(500);
  await until("the new server's word", PATIENCE_MS, async () => {
    return (await now()).message === "service shop is NOT_SERVING" || null;
  });
  watch.close();
  second.stop();
  assert.equal(time.timers, 0);
});

Deno.test("GrpcWatch: a server without Watch, one that says nothing, one that ends the watch", async () => {
  await withGrpc({}, async (port) => {
    const { watch, now } = watchOf(port);
    assert.match((await now()).message, /does not implement grpc\.health\.v1/);
    watch.close();
  });
  await withGrpc({ Watch: () => {} }, async (port) => {
    const { watch } = watchOf(port);
    const stop = new AbortController();
    const found = watch.look(stop.signal);
    stop.abort();
    assert.match((await found).message, /did not answer in time/);
    watch.close();
  });
  await withGrpc({ Watch: (call) => void call.end() }, async (port) => {
    const { watch, now } = watchOf(port);
    assert.match((await now()).message, /the server ended the watch/);
    watch.close();
  });
});

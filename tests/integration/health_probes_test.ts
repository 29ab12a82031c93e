import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { commandProbe } from "../../collectors/health/probes/command_probe.ts";
import { httpProbe, type HttpProbeOptions } from "../../collectors/health/probes/http_probe.ts";
import { processProbe } from "../../collectors/health/probes/process_probe.ts";
import { tcpProbe } from "../../collectors/health/probes/tcp_probe.ts";
import type { Probe } from "../../collectors/health/probe.ts";
import { systemClock } from "../../mod/clock.ts";
import type { Finding } from "../../mod/health/health_state.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";
import { OTHER_AUTHORITY, SERVER_CERTIFICATE, SERVER_KEY } from "../support/certificates.ts";

/** Looks once; aborted after `timeoutMs`, where that is given. */
function look(probe: Probe, timeoutMs: number | null = null): Promise<Finding> {
  const signal = timeoutMs === null ? new AbortController().signal : AbortSignal.timeout(timeoutMs);
  return within("the end of a look", PATIENCE_MS, probe.look(signal));
}

const http = (url: string, changes: Partial<HttpProbeOptions> = {}): Probe =>
  httpProbe({
    url,
    method: "GET",
    headers: {},
    status: [{ from: 200, to: 299 }],
    bodyMatches: null,
    maxLatencyMs: null,
    tls: { caFile: null, insecureSkipVerify: false, serverName: null },
    clock: systemClock,
    ...changes,
  });

async function withHttp(
  handler: (request: Request) => Response | Promise<Response>,
  test: (url: string) => Promise<void>,
  tls: { readonly cert: string; readonly key: string } | null = null,
): Promise<void> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = tls === null
    ? Deno.serve(options, handler)
    : Deno.serve({ ...options, ...tls }, handler);
  try {
    await test(`${tls === null ? "http" : "https"}://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("httpProbe: status, body, headers and redirects of a real server", async () => {
  const seen: string[] = [];
  await withHttp((request) => {
    const { pathname, search } = new URL(request.url);
    seen.push(`${request.method} ${pathname}${search} ${request.headers.get("x-probe")}`);
    if (pathname === "/moved") return Response.redirect("http://127.0.0.1:1/gone");
    if (pathname === "/broken") return new Response("database is gone", { status: 500 });
    return Response.json({ status: "up", host: request.headers.get("host") });
  }, async (url) => {
    const headers = { "x-probe": "yes", host: "shop.example" };
    const good = await look(
      http(`${url}/health?deep=1`, { headers, bodyMatches: /"host":"shop\.example"/u }),
    );
    assert.deepEqual(good, {
      state: "healthy",
      message: "answers 200",
      output: '{"status":"up","host":"shop.example"}',
    });
    const head = await look(http(`${url}/health`, { method: "HEAD" }));
    assert.deepEqual([head.state, head.output], ["healthy", null]);
    const wrong = await look(http(`${url}/health`, { bodyMatches: /down/u }));
    assert.equal(wrong.message, "answers 200, but its body does not match down");
    const broken = await look(http(`${url}/broken`));
    assert.deepEqual(broken, {
      state: "unhealthy",
      message: "answers 500, not 200-299",
      output: "database is gone",
    });
    assert.equal((await look(http(`${url}/moved`))).message, "answers 302, not 200-299");
  });
  assert.equal(seen[0], "GET /health?deep=1 yes");
  assert.equal(seen[1], "HEAD /health null");
});

Deno.test("httpProbe: a body without end is read to a bound, and the connection let go", async () => {
  let cancelled = false;
  await withHttp(() => {
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(16_384).fill(97)),
      cancel: () => {
        cancelled = true;
      },
    });
    return new Response(endless);
  }, async (url) => {
    const found = await look(http(url, { bodyMatches: /^a+$/u }));
    assert.equal(found.state, "healthy");
    assert.equal(found.output?.length, 65_536);
    await until("the end of the connection", PATIENCE_MS, () => cancelled || null);
  });
});

Deno.test("httpProbe: a server that hangs is let go when its time is up", async () => {
  const release = Promise.withResolvers<void>();
  let gone = 0;
  await withHttp(async (request) => {
    request.signal.addEventListener("abort", () => gone++);
    await release.promise;
    return new Response("late");
  }, async (url) => {
    assert.equal((await look(http(url), 100)).state, "unhealthy");
    await until("the end of the connection", PATIENCE_MS, () => gone === 1 || null);
    release.resolve();
  });
});

Deno.test("httpProbe: nothing listens, a name that is none, an answer that is no HTTP", async () => {
  const port = await withTcp(
    (socket) => socket.resume().end("220 mail.example ESMTP\r\n"),
    async (port) => {
      const found = await look(http(`http://127.0.0.1:${port}/`), 5_000);
      assert.equal(found.state, "unhealthy", found.message);
      return port;
    },
  );
  const refused = await look(http(`http://127.0.0.1:${port}/`));
  assert.match(refused.message, /^127\.0\.0\.1:\d+ refused the connection/);
  const nowhere = await look(http("http://no-such-host.invalid/"), 10_000);
  assert.equal(nowhere.state, "unhealthy");
});

Deno.test("httpProbe: https wants an authority that it knows, or to be told that anybody will do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [right, wrong] = [`${folder}/right.pem`, `${folder}/wrong.pem`];
    await Deno.writeTextFile(right, SERVER_CERTIFICATE);
    await Deno.writeTextFile(wrong, OTHER_AUTHORITY);
    const trust = { caFile: null, insecureSkipVerify: false, serverName: null };
    const handler = () => new Response("ok");
    await withHttp(handler, async (url) => {
      const found = async (tls: HttpProbeOptions["tls"]) => await look(http(url, { tls }));
      assert.match((await found(trust)).message, /certificate/);
      assert.equal((await found({ ...trust, caFile: right })).state, "healthy");
      assert.equal((await found({ ...trust, caFile: wrong })).state, "unhealthy");
      assert.equal((await found({ ...trust, insecureSkipVerify: true })).state, "healthy");
      const unreadable = found({ ...trust, caFile: `${folder}/none.pem` });
      await assert.rejects(unreadable, Deno.errors.NotFound);
    }, { cert: SERVER_CERTIFICATE, key: SERVER_KEY });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Runs `test` against a TCP server; answers what the test does. */
async function withTcp<T>(
  onConnection: (socket: Socket) => void,
  test: (port: number) => Promise<T>,
): Promise<T> {
  const server = createServer();
  server.on("connection", onConnection);
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  try {
    return await test(address.port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

Deno.test("tcpProbe: takes connections, refuses them", async () => {
  let connections = 0;
  const port = await withTcp((socket) => {
    connections++;
    socket.on("error", () => {}).resume();
  }, async (port) => {
    const found = await look(tcpProbe({ hostname: "127.0.0.1", port }));
    assert.equal(found.state, "healthy");
    await until("a connection", PATIENCE_MS, () => connections === 1 || null);
    return port;
  });
  const refused = await look(tcpProbe({ hostname: "127.0.0.1", port }));
  assert.deepEqual(refused, {
    state: "unhealthy",
    message: `127.0.0.1:${port} refused the connection: nothing listens there`,
    output: null,
  });
});

Deno.test("tcpProbe: what takes a connection and resets it is not well, at once or a moment later", async () => {
  for (const delayMs of [0, 20]) {
    await withTcp((socket) => {
      socket.on("error", () => {});
      setTimeout(() => socket.resetAndDestroy(), delayMs);
    }, async (port) => {
      const found = await look(tcpProbe({ hostname: "127.0.0.1", port }, PATIENCE_MS));
      assert.equal(found.message, `127.0.0.1:${port} reset the connection`);
      assert.equal(found.state, "unhealthy");
    });
  }
  // One that hangs up in order is there, and is not waited for.
  await withTcp((socket) => {
    socket.on("error", () => {}).end();
  }, async (port) => {
    const found = await look(tcpProbe({ hostname: "127.0.0.1", port }, PATIENCE_MS));
    assert.equal(found.state, "healthy");
  });
});

const command = (...argv: string[]): Probe =>
  commandProbe({
    argv,
    healthyCodes: [0],
    degradedCodes: [1],
    env: { PATH: Deno.env.get("PATH"), HORIZON_TOKEN: "secret" },
  });
const shell = (script: string): Probe => command("/bin/sh", "-c", script);

Deno.test("commandProbe: exit codes, output, no shell, a clean environment", async () => {
  assert.deepEqual(await look(shell("echo fine; echo odd >&2")), {
    state: "healthy",
    message: "exit code 0",
    output: "fine\nodd",
  });
  assert.equal((await look(shell("exit 1"))).state, "degraded");
  assert.equal((await look(shell("exit 2"))).message, "exit code 2");
  assert.equal((await look(shell("kill -SEGV $$"))).message, "was ended by SIGSEGV");
  assert.equal((await look(command("/bin/echo", "$HOME; false"))).output, "$HOME; false");
  assert.equal((await look(shell('echo "[$HORIZON_TOKEN]"'))).output, "[]");
  const missing = await look(command("/no/such/program"));
  assert.equal(missing.state, "unknown");
  assert.match(missing.message, /^\/no\/such\/program could not be started/);
});

Deno.test("commandProbe: output without end is read to a bound and does not block the command", async () => {
  const { state, output } = await look(
    shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; exit 0"),
  );
  assert.equal(state, "healthy");
  assert.equal(output, "x".repeat(8_000));
});

Deno.test("commandProbe: one that hangs is killed with its children when its time is up", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = `echo $$ > ${folder}/parent
      sh -c 'echo $$ > ${folder}/child.new; mv ${folder}/child.new ${folder}/child; sleep 1000' & wait`;
    const stop = new AbortController();
    const found = shell(script).look(stop.signal);
    await until("the child", PATIENCE_MS, () => exists(`${folder}/child`) || null);
    const pids = ["parent", "child"].map((name) =>
      Number(Deno.readTextFileSync(`${folder}/${name}`))
    );
    for (const pid of pids) assert.ok(runs(pid));
    stop.abort();
    assert.equal((await within("the end", PATIENCE_MS, found)).state, "unhealthy");
    for (const pid of pids) await until(`the end of ${pid}`, PATIENCE_MS, () => !runs(pid) || null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("commandProbe: what a command leaves behind holds nothing up and does not go on", async () => {
  const { state, output } = await look(shell("sleep 1000 & echo $!"));
  assert.equal(state, "healthy");
  await until("the end of the rest", PATIENCE_MS, () => !runs(Number(output)) || null);
  // One that has left the group goes on, but its hold on the pipe is not waited for.
  const left = await look(shell("setsid sleep 3 & echo $!"));
  assert.equal(left.state, "healthy");
});

Deno.test("processProbe: a real process by its pid file", async () => {
  const folder = await Deno.makeTempDir();
  const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  try {
    const path = `${folder}/pid`;
    await Deno.writeTextFile(path, `${child.pid}\n`);
    const probe = processProbe({
      of: { by: "pid_file", path },
      processes: () => null,
      procRoot: "/proc",
      clock: systemClock,
      min: 1,
      max: null,
    });
    assert.equal((await look(probe)).state, "healthy");
    child.kill("SIGKILL");
    await child.status;
    assert.equal((await look(probe)).message, `process ${child.pid} does not run`);
  } finally {
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Runs, and is no zombie that nobody has asked for yet. */
function runs(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

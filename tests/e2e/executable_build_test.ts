import assert from "node:assert/strict";
import { VERSION } from "../../mod/version.ts";
import { executablePath } from "./executable.ts";

const MAX_BYTES = 130_000_000;

/** Nothing is in the environment but where to unpack, so that tests do not fill the user's cache. */
function start(cache: string, args: string[]): Deno.ChildProcess {
  return new Deno.Command(executablePath(), {
    args,
    cwd: `${cache}/empty`,
    clearEnv: true,
    env: { XDG_CACHE_HOME: cache },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** An empty folder that cannot be written, in a folder to unpack into. */
async function withCache(use: (cache: string) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir({ prefix: "horizon-executable-" });
  try {
    await Deno.mkdir(`${cache}/empty`, { mode: 0o555 });
    await use(cache);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** Reads lines until one is the JSON object of the ready event; its addresses. */
async function readyAddresses(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<unknown> {
  let seen = "";
  for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
    seen += text;
    const line = seen.split("\n").slice(0, -1).find((l) => l.includes('"event":"ready"'));
    if (line === undefined) continue;
    const event: unknown = JSON.parse(line);
    assert.ok(typeof event === "object" && event !== null && "addresses" in event, line);
    return event.addresses;
  }
  throw new Error(`ended before it was ready:\n${seen}`);
}

Deno.test("executable: is one file under its size limit", async () => {
  const info = await Deno.stat(executablePath());
  assert.ok(info.isFile);
  assert.ok(info.size < MAX_BYTES, `${info.size} bytes`);
  assert.ok(((info.mode ?? 0) & 0o111) !== 0);
});

Deno.test("executable: first starts that come together, without an environment, all answer", async () => {
  await withCache(async (cache) => {
    const outputs = await Promise.all([1, 2, 3].map(() => start(cache, ["version"]).output()));
    for (const { code, stdout, stderr } of outputs) {
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const text = new TextDecoder().decode(stdout);
      assert.ok(text.includes(VERSION), text);
      assert.match(text, /compiled|self-extracting/);
    }
    assert.deepEqual([...Deno.readDirSync(`${cache}/empty`)], []);
  });
});

Deno.test("executable: exit codes are the program's", async () => {
  await withCache(async (cache) => {
    const { code } = await start(cache, ["serve", "--no-such-flag"]).output();
    assert.equal(code, 2);
  });
});

Deno.test("executable: serves what it carries, and its process id takes the signal", async () => {
  await withCache(async (cache) => {
    const off = ["--otlp-http", "off", "--otlp-grpc", "off"];
    const child = start(cache, ["serve", "--listen", "127.0.0.1:0", ...off]);
    const drained = new Response(child.stdout).text();
    const [forReady, rest] = child.stderr.tee();
    const log = new Response(rest).text();
    try {
      const addresses = JSON.stringify(await readyAddresses(forReady));
      const port = /127\.0\.0\.1:(\d+)/.exec(addresses)?.[1];
      assert.ok(port !== undefined, addresses);
      const base = `http://127.0.0.1:${port}`;
      const page = await fetch(`${base}/`);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /<title>/i);
      const sql = encodeURIComponent("SELECT 6 * 7 AS answer");
      const answer: unknown = await (await fetch(`${base}/api/sql?query=${sql}`)).json();
      assert.ok(typeof answer === "object" && answer !== null && "rows" in answer);
      assert.deepEqual(answer.rows, [[42]]);
    } finally {
      Deno.kill(child.pid, "SIGTERM");
    }
    const { code } = await child.status;
    assert.equal(code, 0, await log);
    await drained;
  });
});

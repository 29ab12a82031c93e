import assert from "node:assert/strict";
import { z } from "zod";
import { runHorizon, withHorizon } from "../support/running_horizon.ts";

// Who gets in, and what somebody is told who does not.

const CONFIGS = new URL("../fixtures/config/bad/", import.meta.url);

async function withConfig(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "horizon-doors-" });
  try {
    await Deno.writeTextFile(`${dir}/horizon.yaml`, text);
    await use(`${dir}/horizon.yaml`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("serve: a second one on the same address says so in one sentence, and ends with 1", async () => {
  await withHorizon(async (first) => {
    const address = new URL(first.url).host;
    const off = ["--otlp-http", "off", "--otlp-grpc", "off"];
    const { code, stderr, stdout } = await runHorizon(["serve", "--listen", address, ...off]);
    assert.equal(code, 1, stderr);
    assert.equal(stdout, "");
    const lines = stderr.trim().split("\n");
    assert.equal(lines.length, 1, stderr);
    const { level, message } = z.object({ level: z.string(), message: z.string() })
      .parse(JSON.parse(lines[0]!));
    assert.equal(level, "error");
    assert.ok(message.includes(address), message);
    assert.match(message, /--listen/);
    assert.doesNotMatch(message, /\n|Error:|os error/);
    // The first one does not mind.
    assert.deepEqual(await first.sql("SELECT 1"), [[1]]);
  });
});

Deno.test("serve: a flag that there is not is bad usage", async () => {
  const { code, stderr } = await runHorizon(["serve", "--lisen", "127.0.0.1:0"]);
  assert.equal(code, 2);
  assert.match(stderr, /unknown option '--lisen'/);
  assert.match(stderr, /Did you mean --listen/);
});

Deno.test("serve: a bad configuration is refused with all its problems", async () => {
  for (const name of ["many_mistakes", "tokens"]) {
    const expected = await Deno.readTextFile(new URL(`${name}.txt`, CONFIGS));
    const { code, stderr } = await runHorizon(["serve", "--config", `${name}.yaml`], {
      cwd: decodeURIComponent(CONFIGS.pathname),
    });
    assert.equal(code, 2);
    assert.equal(stderr.trim(), expected.trim());
  }
});

Deno.test("serve: other hosts are not let in without tokens, and the message says what to do", async () => {
  const others = ["--otlp-http", "off", "--otlp-grpc", "off"];
  const { code, stderr } = await runHorizon(["serve", "--listen", "0.0.0.0:0", ...others]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /0\.0\.0\.0/);
  assert.match(stderr, /auth\.tokens/);
  assert.match(stderr, /allow_unauthenticated_remote/);
});

Deno.test("serve: a host name or a page of others is refused", async () => {
  await withHorizon(async ({ url, otlpHttpUrl }) => {
    const { port, host } = new URL(url);
    assert.equal(await statusFor(port, "/api/info", { host }), 200);
    assert.equal(await statusFor(port, "/api/info", { host: `localhost:${port}` }), 200);
    for (const stranger of ["attacker.example", `attacker.example:${port}`, "127.0.0.1.nip.io"]) {
      assert.equal(await statusFor(port, "/api/info", { host: stranger }), 403, stranger);
    }
    const foreign = { host, origin: "https://attacker.example" };
    assert.equal(await statusFor(port, "/api/sql?query=SELECT%201", foreign), 403);
    const otlp = new URL(otlpHttpUrl);
    assert.equal(await statusFor(otlp.port, "/v1/traces", { host: "attacker.example" }), 403);
  });
});

interface TokenText {
  readonly token: string;
  readonly sha256: string;
}

Deno.test("serve: each role may what it is for, and nothing else", async () => {
  const tokens: Record<string, TokenText> = {};
  for (const role of ["viewer", "ingest", "operator", "admin"]) {
    const { stdout, code } = await runHorizon(["token", "--role", role, "--json"]);
    assert.equal(code, 0);
    tokens[role] = z.object({ token: z.string(), sha256: z.string() }).parse(JSON.parse(stdout));
  }
  const entries = Object.entries(tokens).map(([role, { sha256 }]) =>
    `    - { name: ${role}, role: ${role}, sha256: ${sha256} }\n`
  );
  await withConfig(`auth:\n  tokens:\n${entries.join("")}`, async (config) => {
    await withHorizon(async (horizon) => {
      const status = async (path: string, init: RequestInit, token: string | null) => {
        const headers = new Headers(init.headers);
        if (token !== null) headers.set("authorization", `Bearer ${token}`);
        const response = await fetch(`${horizon.url}${path}`, { ...init, headers });
        const text = await response.text();
        return [response.status, text] as const;
      };
      const sql = "/api/sql?query=SELECT%201";
      const otlp = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
      for (const path of ["/livez", "/readyz", "/openapi.json", "/"]) {
        assert.equal((await status(path, {}, null))[0], 200, path);
      }
      const expected: readonly (readonly [role: string, read: number, write: number])[] = [
        ["viewer", 200, 403],
        ["ingest", 403, 200],
        ["operator", 200, 403],
        ["admin", 200, 200],
      ];
      for (const [role, read, write] of expected) {
        const { token } = tokens[role]!;
        for (const path of [sql, "/metrics", "/api/storage", "/healthz"]) {
          assert.equal((await status(path, {}, token))[0], read, `${role} ${path}`);
        }
        assert.equal((await status("/v1/logs", otlp, token))[0], write, `${role} /v1/logs`);
      }
      for (const token of [null, "hz_wrong", tokens["viewer"]!.sha256]) {
        for (const [path, init] of [[sql, {}], ["/v1/logs", otlp]] as const) {
          assert.equal((await status(path, init, token))[0], 401, `${token} ${path}`);
        }
      }
      // Not in the URL, where logs would show it.
      const inUrl = `${sql}&token=${tokens["admin"]!.token}`;
      assert.equal((await status(inUrl, {}, null))[0], 401);
      assert.match((await status(sql, {}, tokens["ingest"]!.token))[1], /viewer/);
      assert.deepEqual(await horizon.sql("SELECT 1"), [[1]]);

      const shown = (await status("/api/info", {}, tokens["admin"]!.token))[1] + horizon.log;
      for (const { token, sha256 } of Object.values(tokens)) {
        assert.ok(!shown.includes(token) && !shown.includes(sha256), "a secret is shown");
      }
    }, { args: ["--config", config], token: tokens["viewer"]!.token });
  });
});

/** The status of a GET with exactly these headers: fetch would not send a foreign Host. */
async function statusFor(
  port: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const request = `GET ${path} HTTP/1.1\r\n${lines}connection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const text = await new Response(connection.readable).text();
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
  assert.ok(status !== undefined, text);
  return Number(status);
}

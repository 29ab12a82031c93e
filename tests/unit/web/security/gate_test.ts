import assert from "node:assert/strict";
import type { WebDeps } from "../../../../web/app.ts";
import type { Connection } from "../../../../web/connection.ts";
import { type Role, roleIncludes, type TokenRole } from "../../../../web/security/roles.ts";
import { errorOf, fakeWeb, LOCAL, sha256 } from "../fake_web.ts";

const REMOTE: Connection = {
  local: { hostname: "192.168.1.5", port: 9630 },
  remote: { hostname: "192.168.1.9", port: 50_000 },
};

async function gateWith(
  roles: readonly TokenRole[],
  more: Partial<WebDeps["gate"]> = {},
): Promise<WebDeps["gate"]> {
  return {
    tokens: await Promise.all(
      roles.map(async (role) => ({ name: `${role}-1`, role, sha256: await sha256(`t-${role}`) })),
    ),
    allowUnauthenticatedRemote: false,
    allowedHosts: [],
    allowedOrigins: [],
    ...more,
  };
}

const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

Deno.test("roleIncludes: admin has all, operator reads, ingest stands apart", () => {
  const can: Record<TokenRole, Role[]> = {
    viewer: ["public", "viewer"],
    ingest: ["public", "ingest"],
    operator: ["public", "viewer", "operator"],
    admin: ["public", "viewer", "ingest", "operator", "admin"],
  };
  for (const held of ["viewer", "ingest", "operator", "admin"] as const) {
    for (const needed of ["public", "viewer", "ingest", "operator", "admin"] as const) {
      assert.equal(roleIncludes(held, needed), can[held].includes(needed), `${held} ${needed}`);
    }
  }
});

Deno.test("Gate: without tokens a loopback listener is open, another is not", async () => {
  const { request } = fakeWeb();
  assert.equal((await request("/api/info")).status, 200);
  const host = { headers: { host: "192.168.1.5" } };
  const refused = await request("/api/info", host, REMOTE);
  assert.equal(refused.status, 401);
  const open = fakeWeb({ gate: await gateWith([], { allowUnauthenticatedRemote: true }) });
  assert.equal((await open.request("/api/info", host, REMOTE)).status, 200);
});

Deno.test("Gate: 401 says how to authenticate, 403 names the role", async () => {
  const { request } = fakeWeb({ gate: await gateWith(["viewer", "ingest", "admin"]) });
  const none = await request("/api/info");
  assert.equal(none.status, 401);
  assert.equal(none.headers.get("www-authenticate"), 'Bearer realm="horizon"');
  assert.equal((await errorOf(none)).code, "unauthenticated");
  assert.equal((await request("/api/info", bearer("wrong"))).status, 401);
  const denied = await request("/api/info", bearer("t-ingest"));
  assert.equal(denied.status, 403);
  const error = await errorOf(denied);
  assert.equal(error.code, "permission_denied");
  assert.match(error.message, /viewer/);
  assert.deepEqual(error.details, { role_needed: "viewer", role_held: "ingest" });
  for (const token of ["t-viewer", "t-admin"]) {
    assert.equal((await request("/api/info", bearer(token))).status, 200);
  }
});

Deno.test("Gate: /api/info tells who is calling", async () => {
  const { request } = fakeWeb({ gate: await gateWith(["viewer"]) });
  const info = await (await request("/api/info", bearer("t-viewer"))).json();
  assert.deepEqual(info.principal, { name: "viewer-1", role: "viewer" });
});

Deno.test("Gate: a token in the URL is not looked at", async () => {
  const { request } = fakeWeb({ gate: await gateWith(["viewer"]) });
  assert.equal((await request("/api/info?token=t-viewer&access_token=t-viewer")).status, 401);
});

Deno.test("Gate: too many wrong tokens have to wait, told in Retry-After", async () => {
  const { request, clock } = fakeWeb({ gate: await gateWith(["viewer"]) });
  let last = 0;
  for (let i = 0; i < 30; i++) last = (await request("/api/info", bearer(`guess-${i}`))).status;
  assert.equal(last, 429);
  const right = await request("/api/info", bearer("t-viewer"));
  assert.equal(right.status, 429);
  const seconds = Number(right.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 60);
  clock.ms += seconds * 1000;
  assert.equal((await request("/api/info", bearer("t-viewer"))).status, 200);
});

Deno.test("Gate: every route of every path refuses a foreign host name", async () => {
  const { web, request } = fakeWeb();
  const paths = [...web.routes.map(({ path }) => path.replace("*", "x.js")), "/nothing/here"];
  for (const path of paths) {
    const response = await request(path, { headers: { host: "evil.example" } });
    assert.equal(response.status, 403, path);
  }
});

Deno.test("Gate: a page of another origin reaches public pages only", async () => {
  const { web, request } = fakeWeb();
  for (const { method, path, role } of web.routes) {
    const response = await request(path.replace("*", "x.js"), {
      method,
      headers: { origin: "http://evil.example", host: "localhost:9630" },
    });
    if (role !== "public") assert.equal(response.status, 403, path);
    assert.equal(response.headers.get("access-control-allow-origin"), null, path);
  }
});

Deno.test("Gate: an allowed origin gets CORS headers and its preflight, failures included", async () => {
  const origin = "https://grafana.example";
  const { request } = fakeWeb({ gate: await gateWith(["viewer"], { allowedOrigins: [origin] }) });
  const preflight = await request("/api/sql", { method: "OPTIONS", headers: { origin } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /Authorization/);
  const denied = await request("/api/info", { headers: { origin } });
  assert.equal(denied.status, 401);
  assert.equal(denied.headers.get("access-control-allow-origin"), origin);
  const other = { method: "OPTIONS", headers: { origin: "https://evil.example" } };
  assert.equal((await request("/api/sql", other)).status, 403);
  assert.equal(
    (await request("/api/info", { headers: { origin: LOCAL.local.hostname } })).status,
    403,
  );
});

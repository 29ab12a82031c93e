import assert from "node:assert/strict";
import type { Route, RouteDoc } from "../../../web/route.ts";
import { errorOf, fakeWeb, LOCAL, sha256 } from "./fake_web.ts";

const PUBLIC = [
  "GET /",
  "GET /ui/*",
  "GET /livez",
  "GET /readyz",
  "GET /readyz/:check",
  "GET /startupz",
];

Deno.test("route table: every route says who may call it, and only pages and probes are public", () => {
  const { web } = fakeWeb();
  const roles = new Set(["public", "viewer", "ingest", "operator", "admin"]);
  for (const { method, path, role } of web.routes) assert.ok(roles.has(role), `${method} ${path}`);
  const open = web.routes.filter(({ role }) => role === "public");
  assert.deepEqual(
    open.map(({ method, path }) => `${method} ${path}`).sort(),
    [...PUBLIC, "GET /openapi.json"].sort(),
  );
});

Deno.test("route table: a route that does not say who may call it does not compile", () => {
  const doc: RouteDoc = { summary: "x", tag: "state", responses: {} };
  // @ts-expect-error -- the role is missing, which the compiler has to notice
  const open: Route = {
    method: "GET",
    path: "/x",
    errors: "json",
    doc,
    handler: (c) => c.text(""),
  };
  assert.equal(open.role, undefined);
});

Deno.test("route table: no method of a path stands in it twice", () => {
  const { web } = fakeWeb();
  const keys = web.routes.map(({ method, path }) => `${method} ${path}`);
  assert.equal(new Set(keys).size, keys.length);
});

Deno.test("route table: with tokens configured, every route that is not public asks for one", async () => {
  const { web, request } = fakeWeb({
    gate: {
      tokens: [{ name: "a", role: "admin", sha256: await sha256("t") }],
      allowUnauthenticatedRemote: false,
      allowedHosts: [],
      allowedOrigins: [],
    },
  });
  for (const { method, path, role } of web.routes) {
    const { status } = await request(path.replace("*", "x.js"), { method });
    if (role === "public") assert.notEqual(status, 401, path);
    else assert.equal(status, 401, path);
  }
});

Deno.test("dispatch: nothing at a path is 404, in the shape of every error", async () => {
  const { request } = fakeWeb();
  const response = await request("/no/such");
  assert.equal(response.status, 404);
  assert.equal(response.headers.get("content-type"), "application/json");
  const error = await errorOf(response);
  assert.equal(error.code, "not_found");
  assert.deepEqual(error.details, { path: "/no/such" });
});

Deno.test("dispatch: another method is 405 with Allow", async () => {
  const { request } = fakeWeb();
  for (const method of ["PUT", "DELETE", "PATCH", "PROPFIND"]) {
    const response = await request("/api/sql", { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "OPTIONS, HEAD, GET, POST");
    assert.equal((await errorOf(response)).code, "method_not_allowed");
  }
  const options = await request("/api/info", { method: "OPTIONS" });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get("allow"), "OPTIONS, HEAD, GET");
});

Deno.test("dispatch: HEAD answers like GET without a body", async () => {
  const { request } = fakeWeb();
  const response = await request("/api/info", { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
});

Deno.test("dispatch: every response has the security headers, failures included", async () => {
  const { request } = fakeWeb();
  for (const path of ["/api/info", "/no/such", "/api/sql", "/metrics", "/readyz"]) {
    const { headers } = await request(path);
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'self'/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.equal(headers.get("cache-control"), "no-store", path);
  }
});

Deno.test("dispatch: an unexpected failure is 500 without its message, which the log gets", async () => {
  const { request, log } = fakeWeb({
    store: {
      query: () => Promise.reject(new Error("/secret/path is broken")),
      stats: () => Promise.reject(new Error("no")),
      chunks: () => Promise.reject(new Error("no")),
    },
  });
  const response = await request("/api/sql?query=SELECT%201");
  assert.equal(response.status, 500);
  const error = await errorOf(response);
  assert.equal(error.code, "internal");
  assert.doesNotMatch(error.message, /secret/);
  assert.equal(log.length, 1);
  assert.equal(log[0]?.event, "http_handler_failed");
  assert.match(String(log[0]?.fields["error"]), /secret/);
});

Deno.test("otlpApp: has the OTLP paths and nothing else", async () => {
  const { web } = fakeWeb();
  const env = { connection: LOCAL };
  assert.equal((await web.otlpApp.request("/api/info", {}, env)).status, 404);
  const headers = { "content-type": "application/x-protobuf" };
  const response = await web.otlpApp.request("/v1/traces", { method: "POST", headers }, env);
  assert.equal(response.status, 200);
});

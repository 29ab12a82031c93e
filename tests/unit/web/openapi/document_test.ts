import assert from "node:assert/strict";
import { fakeWeb } from "../fake_web.ts";

type Json = Record<string, unknown>;

function object(value: unknown, where: string): Json {
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value), where);
  return { ...value };
}

async function documentOf(): Promise<Json> {
  const response = await fakeWeb().request("/openapi.json");
  assert.equal(response.headers.get("content-type"), "application/json");
  return object(await response.json(), "document");
}

Deno.test("/openapi.json: has every route with its role, and no other", async () => {
  const paths = object((await documentOf())["paths"], "paths");
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(object(item, path)).map(([method, operation]) => {
      const { "x-horizon-role": role } = object(operation, path);
      return `${method.toUpperCase()} ${path} ${role}`;
    })
  );
  const routes = fakeWeb().web.routes.map(({ method, path, role }) =>
    `${method} ${path.replace("*", "{path}").replaceAll(/:(\w+)/g, "{$1}")} ${role}`
  );
  assert.deepEqual(described.sort(), routes.sort());
});

Deno.test("/openapi.json: is structurally OpenAPI 3.1", async () => {
  const document = await documentOf();
  assert.equal(document["openapi"], "3.1.0");
  const info = object(document["info"], "info");
  assert.equal(typeof info["title"], "string");
  assert.equal(info["version"], "1.2.3");
  const ids = new Set<unknown>();
  for (const [path, item] of Object.entries(object(document["paths"], "paths"))) {
    assert.match(path, /^\//);
    for (const [method, value] of Object.entries(object(item, path))) {
      checkOperation(`${method} ${path}`, path, object(value, path), ids);
    }
  }
  checkReferences(document, document);
});

function checkOperation(where: string, path: string, operation: Json, ids: Set<unknown>): void {
  assert.ok(!ids.has(operation["operationId"]), `${where}: operationId is used twice`);
  ids.add(operation["operationId"]);
  assert.ok(typeof operation["summary"] === "string" && operation["summary"] !== "", where);
  const parameters = operation["parameters"] ?? [];
  assert.ok(Array.isArray(parameters));
  const inPath = parameters.filter((one) => one.in === "path").map((one) => one.name);
  assert.deepEqual(inPath, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), where);
  for (const one of parameters) {
    assert.ok(["query", "path"].includes(one.in), where);
    assert.equal(typeof object(one.schema, where), "object");
  }
  const responses = object(operation["responses"], where);
  assert.ok(Object.keys(responses).length >= 2, where);
  for (const [status, response] of Object.entries(responses)) {
    assert.match(status, /^([1-5]\d\d|default)$/);
    assert.ok(object(response, where)["description"] !== "", where);
  }
}

function checkReferences(node: unknown, document: Json): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "$ref") {
      assert.ok(typeof value === "string" && value.startsWith("#/"), String(value));
      const target = value.slice(2).split("/").reduce<unknown>(
        (at, part) => object(at, value)[part],
        document,
      );
      assert.notEqual(target, undefined, value);
    } else checkReferences(value, document);
  }
}

Deno.test("/openapi.json: tells the options of a query and the failures of OTLP", async () => {
  const paths = object((await documentOf())["paths"], "paths");
  const get = object(object(paths["/api/sql"], "sql")["get"], "get");
  const parameters = get["parameters"];
  assert.ok(Array.isArray(parameters));
  assert.deepEqual(parameters.map((one) => one.name), [
    "query",
    "params",
    "format",
    "max_rows",
    "timeout_ms",
  ]);
  assert.match(JSON.stringify(paths["/v1/traces"]), /RpcStatus/);
  assert.match(JSON.stringify(paths["/api/info"]), /schemas\/Error/);
});

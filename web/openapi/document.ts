import { z } from "zod";
import type { Bodies, Route, RouteDoc } from "../route.ts";

/** The JSON shape of every failure. */
const ErrorJson = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
});

/** The JSON shape of a failure at an OTLP endpoint, google.rpc.Status. */
const RpcStatusJson = z.strictObject({ code: z.int(), message: z.string() });

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

type JsonObject = { readonly [key: string]: JsonValue };

/** An OpenAPI 3.1 document of a route table. */
export function openApiDocument(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, Record<string, JsonValue>> = {};
  for (const route of routes) {
    const path = route.path.replace(/\*$/, "{path}").replaceAll(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route, path);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Horizon",
      version,
      description: "The monitor at the edge of a Blackhole deployment.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: { Error: schema(ErrorJson), RpcStatus: schema(RpcStatusJson) },
    },
  };
}

function operation(route: Route, path: string): JsonObject {
  const { doc, role } = route;
  return {
    operationId: `${route.method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+/g, "_")}`,
    summary: doc.summary,
    ...doc.description === undefined ? {} : { description: doc.description },
    tags: [doc.tag],
    "x-horizon-role": role,
    security: role === "public" ? [] : [{ bearer: [] }],
    ...parameters(doc, path),
    ...doc.request === undefined
      ? {}
      : { requestBody: { required: true, content: content(doc.request) } },
    responses: responses(route),
  };
}

function parameters(doc: RouteDoc, path: string): JsonObject {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name ?? "",
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(doc.query?.shape ?? {}).map(([name, field]) => {
    const { description, ...rest } = schema(field);
    return {
      name,
      in: "query",
      required: false,
      schema: rest,
      ...description === undefined ? {} : { description },
    };
  });
  const all = [...inPath, ...inQuery];
  return all.length === 0 ? {} : { parameters: all };
}

function responses({ doc, errors }: Route): JsonObject {
  const told: Record<string, JsonValue> = {};
  for (const [status, response] of Object.entries(doc.responses)) {
    told[status] = {
      description: response.description,
      ...response.content === undefined ? {} : { content: content(response.content) },
    };
  }
  const name = errors === "otlp" ? "RpcStatus" : "Error";
  told["default"] = {
    description: errors === "otlp"
      ? "Failure; as protobuf where the request was protobuf. 429 and 503 may be retried after Retry-After."
      : "Failure. 429 and 503 may be retried after Retry-After.",
    content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } },
  };
  return told;
}

function content(bodies: Bodies): JsonObject {
  return Object.fromEntries(
    Object.entries(bodies).map(([type, body]) => {
      if (body === "text") return [type, { schema: { type: "string" } }];
      // OpenAPI 3.1: a binary body has no schema.
      if (body === "binary") return [type, {}];
      return [type, { schema: schema(body) }];
    }),
  );
}

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. Queries are told as they are written. */
function schema(type: z.ZodType): JsonObject {
  return toJsonObject(z.toJSONSchema(type, { io: "input", unrepresentable: "any" }));
}

// Drops what is not JSON (zod's own methods on the schema) and the repeated dialect.
function toJsonObject(value: object): JsonObject {
  const { $schema: _dialect, ...rest } = JSON.parse(JSON.stringify(value));
  return rest;
}

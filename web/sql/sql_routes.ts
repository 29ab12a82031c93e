import { z } from "zod";
import type { QueryFn, QueryResult } from "../../mod/ports.ts";
import type { BodyLimits } from "../body/body_limits.ts";
import type { BodyReader } from "../body/body_reader.ts";
import type { AppContext, Bodies, Route } from "../route.ts";
import { csvResult } from "./csv_result.ts";
import { jsonlResult } from "./jsonl_result.ts";
import { jsonResult } from "./json_result.ts";
import {
  parseSqlRequest,
  SQL_MEDIA_TYPES,
  SqlBody,
  type SqlFormat,
  SqlQueryString,
  type SqlRequest,
} from "./sql_request.ts";
import { textStream } from "../text_stream.ts";

export interface SqlDeps {
  readonly query: QueryFn;
  readonly bodies: BodyReader;
}

/** A statement and its parameters fit well below this. */
const SQL_BODY_LIMITS: BodyLimits = {
  maxBytes: 1024 * 1024,
  maxDecompressedBytes: 1024 * 1024,
  timeoutMs: 10_000,
};

/** The JSON format of a result. */
export const SqlResultJson = z.strictObject({
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  row_count: z.int(),
  truncated: z.boolean(),
  elapsed_ms: z.number(),
});

const RESULT_BODIES: Bodies = {
  [SQL_MEDIA_TYPES.json]: SqlResultJson,
  [SQL_MEDIA_TYPES.jsonl]: "text",
  [SQL_MEDIA_TYPES.csv]: "text",
  [SQL_MEDIA_TYPES.arrow]: "binary",
};

/** `GET` and `POST /api/sql`. */
export function sqlRoutes(deps: SqlDeps): Route[] {
  const shared = {
    path: "/api/sql",
    role: "viewer",
    errors: "json",
  } as const;
  const doc = {
    tag: "query",
    query: SqlQueryString,
    responses: { 200: { description: "The result.", content: RESULT_BODIES } },
  } as const;
  return [
    {
      ...shared,
      method: "GET",
      doc: { ...doc, summary: "Run one SELECT" },
      handler: (c) => runQuery(c, parseSqlRequest(c.req.raw, null), deps.query),
    },
    {
      ...shared,
      method: "POST",
      doc: {
        ...doc,
        summary: "Run one SELECT given in the body",
        request: {
          "application/json": SqlBody,
          "text/plain": "text",
          "application/sql": "text",
          "application/x-www-form-urlencoded": "text",
        },
      },
      handler: async (c) => {
        const request = await deps.bodies.withBody(
          c.req.raw,
          SQL_BODY_LIMITS,
          (body) => parseSqlRequest(c.req.raw, body),
        );
        return await runQuery(c, request, deps.query);
      },
    },
  ];
}

async function runQuery(c: AppContext, request: SqlRequest, query: QueryFn): Promise<Response> {
  // The signal aborts when the client goes away, which cancels the query in the engine.
  const result = await query({ ...request.query, signal: c.req.raw.signal });
  return new Response(resultBody(result, request.format), {
    headers: {
      "content-type": contentType(request.format),
      // Formats without room for them tell these here.
      "horizon-row-count": String(result.rowCount),
      "horizon-truncated": String(result.truncated),
      "horizon-elapsed-ms": String(result.elapsedMs),
    },
  });
}

function resultBody(
  result: QueryResult,
  format: SqlFormat,
): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> {
  switch (format) {
    case "json":
      return textStream(jsonResult(result));
    case "jsonl":
      return textStream(jsonlResult(result));
    case "csv":
      return textStream(csvResult(result));
    case "arrow":
      return result.arrow();
  }
}

function contentType(format: SqlFormat): string {
  const type = SQL_MEDIA_TYPES[format];
  return format === "csv" ? `${type}; charset=utf-8; header=present` : type;
}

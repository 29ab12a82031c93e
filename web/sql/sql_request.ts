import { z } from "zod";
import { HorizonError } from "../../mod/errors.ts";
import { decodeUtf8 } from "../../mod/columns/utf8_text.ts";
import type { QueryRequest } from "../../mod/ports.ts";
import { bestMediaType, mediaType } from "../body/media_type.ts";
import { invalidFields } from "../errors/invalid_fields.ts";

export const SQL_FORMATS = ["json", "jsonl", "csv", "arrow"] as const;
export type SqlFormat = typeof SQL_FORMATS[number];

/** Media type of each format. */
export const SQL_MEDIA_TYPES: Readonly<Record<SqlFormat, string>> = {
  json: "application/json",
  jsonl: "application/jsonl",
  csv: "text/csv",
  arrow: "application/vnd.apache.arrow.stream",
};

/** Media types that select a format by `Accept`, in the order they are preferred. */
const ACCEPTED: readonly (readonly [mediaType: string, format: SqlFormat])[] = [
  [SQL_MEDIA_TYPES.json, "json"],
  [SQL_MEDIA_TYPES.jsonl, "jsonl"],
  ["application/x-ndjson", "jsonl"],
  [SQL_MEDIA_TYPES.csv, "csv"],
  [SQL_MEDIA_TYPES.arrow, "arrow"],
];

const MAX_PARAMS = 1_000;

const Params = z.array(z.union([z.null(), z.boolean(), z.number(), z.string()])).max(MAX_PARAMS)
  .describe("Values for ? or $1 in the query, in order.");
const Query = z.string().min(1).describe("Exactly one SELECT.");
const Format = z.enum(SQL_FORMATS).describe("Overrides the Accept header.");
const MaxRows = z.int().min(1).describe("May only lower the configured limit.");
const TimeoutMs = z.int().min(1).describe("May only lower the configured limit.");

/** The JSON body of `POST /api/sql`. */
export const SqlBody = z.strictObject({
  query: Query,
  params: Params.optional(),
  format: Format.optional(),
  max_rows: MaxRows.optional(),
  timeout_ms: TimeoutMs.optional(),
});

/** The options in the URL; `params` is a JSON array there. */
export const SqlQueryString = z.strictObject({
  query: Query.optional(),
  params: z.string().describe("A JSON array: values for ? or $1 in the query.").optional(),
  format: Format.optional(),
  max_rows: z.coerce.number().pipe(MaxRows).optional(),
  timeout_ms: z.coerce.number().pipe(TimeoutMs).optional(),
});

/** A query as it was asked for, before a signal is tied to it. */
export interface SqlRequest {
  readonly query: QueryRequest;
  readonly format: SqlFormat;
}

/**
 * The media types of a body that holds the SQL itself. The last is what curl says of every body
 * unless it is told otherwise; a form's `query=` field is taken as well.
 */
const FORM_TYPE = "application/x-www-form-urlencoded";
const SQL_TEXT_TYPES = ["text/plain", "application/sql", FORM_TYPE];

/**
 * Reads a query from the URL and, for POST, the body. What stands in a JSON body is all there
 * is; a raw SQL body takes its options from the URL.
 *
 * @throws HorizonError `invalid_argument` with every problem, `unsupported_media_type`
 */
export function parseSqlRequest(request: Request, body: Uint8Array | null): SqlRequest {
  const url = new URL(request.url);
  const options = parseWith(SqlQueryString, Object.fromEntries(url.searchParams));
  const accept = request.headers.get("accept");
  if (body === null) return fromUrl(options, options.query, accept);
  const type = mediaType(request.headers);
  if (type === "application/json") return fromJson(body, url, accept);
  if (!SQL_TEXT_TYPES.includes(type)) {
    throw new HorizonError("unsupported_media_type", "this content type is not taken", {
      content_type: type.slice(0, 100),
      allowed: ["application/json", ...SQL_TEXT_TYPES],
    });
  }
  if (options.query !== undefined) {
    throw new HorizonError("invalid_argument", "the query stands in the body and in the URL");
  }
  const text = decodeUtf8(body);
  const field = type === FORM_TYPE && text.startsWith("query=")
    ? new URLSearchParams(text).get("query")
    : null;
  return fromUrl(options, field ?? text, accept);
}

function fromUrl(
  options: z.infer<typeof SqlQueryString>,
  query: string | undefined,
  accept: string | null,
): SqlRequest {
  if (query === undefined || query.trim() === "") {
    throw new HorizonError("invalid_argument", "there is no query: give one SELECT");
  }
  const { params, ...rest } = options;
  const given = { ...rest, query };
  return sqlRequest(
    params === undefined ? given : { ...given, params: parseWith(Params, parseJson(params)) },
    accept,
  );
}

function fromJson(body: Uint8Array, url: URL, accept: string | null): SqlRequest {
  if (url.search !== "") {
    throw new HorizonError("invalid_argument", "with a JSON body, every option stands in the body");
  }
  return sqlRequest(parseWith(SqlBody, parseJson(decodeUtf8(body))), accept);
}

function sqlRequest(given: z.infer<typeof SqlBody>, accept: string | null): SqlRequest {
  return {
    query: {
      sql: given.query,
      ...given.params === undefined ? {} : { params: given.params },
      ...given.max_rows === undefined ? {} : { maxRows: given.max_rows },
      ...given.timeout_ms === undefined ? {} : { timeoutMs: given.timeout_ms },
    },
    format: given.format ?? acceptedFormat(accept),
  };
}

/** The format an `Accept` header asks for; JSON when it asks for nothing we have. */
export function acceptedFormat(accept: string | null): SqlFormat {
  const best = bestMediaType(accept, ACCEPTED.map(([type]) => type));
  return ACCEPTED.find(([type]) => type === best)?.[1] ?? "json";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HorizonError(
      "invalid_argument",
      `this is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      {},
      null,
      { cause: error },
    );
  }
}

function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidFields(parsed.error);
}

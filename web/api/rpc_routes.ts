import { z } from "zod";
import type { Clock } from "../../mod/clock.ts";
import { HorizonError } from "../../mod/errors.ts";
import type { QueryFn, SqlValue } from "../../mod/ports.ts";
import { invalidFields } from "../errors/invalid_fields.ts";
import type { Route } from "../route.ts";

/** How far back is looked where no `from` is given. */
const DEFAULT_RANGE_MS = 3_600_000;
/** Rows of an answer; `truncated` says that there were more. */
const MAX_ROWS = 5_000;

const RpcQuery = z.strictObject({
  from: z.iso.datetime({ offset: true }).optional()
    .describe("ISO 8601; an hour before `to` where it is left out."),
  to: z.iso.datetime({ offset: true }).optional()
    .describe("ISO 8601, not included; now where it is left out."),
  by: z.enum(["method", "minute"]).default("method")
    .describe("One row per method, or one per method and minute."),
  service: z.string().max(512).optional().describe("Only this service."),
});

const number = () => z.number().nullable();

/** The answer of `/api/rpc`. */
export const RpcJson = z.strictObject({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  rows: z.array(z.strictObject({
    ts: z.string().nullable().describe("The minute; null by method."),
    source: z.string().describe("`spans` or `metrics`; the same calls may be in both."),
    service: z.string().nullable(),
    system: z.string().nullable(),
    method: z.string().nullable(),
    side: z.string().nullable(),
    requests: number(),
    errors: number(),
    requests_per_second: number(),
    p50_ms: number().describe("By method, of the worst minute; so are the others."),
    p95_ms: number(),
    p99_ms: number(),
  })),
  truncated: z.boolean(),
});

const COLUMNS = "source, service, system, method, side";
const RANGE = "rpc_between(make_timestamp($1::BIGINT), make_timestamp($2::BIGINT))";

/** Named queries with the range, the service (NULL: all) and the seconds of the range. */
const QUERIES: Readonly<Record<z.infer<typeof RpcQuery>["by"], string>> = {
  minute: `SELECT strftime(ts, '%Y-%m-%dT%H:%M:%SZ'), ${COLUMNS}, requests, errors,
      requests / least(60, $4::DOUBLE), p50_ms, p95_ms, p99_ms
    FROM ${RANGE} WHERE $3::VARCHAR IS NULL OR service = $3::VARCHAR
    ORDER BY ts, requests DESC, ${COLUMNS}`,
  method: `SELECT NULL::VARCHAR, ${COLUMNS}, sum(requests), sum(errors),
      sum(requests) / $4::DOUBLE, max(p50_ms), max(p95_ms), max(p99_ms)
    FROM ${RANGE} WHERE $3::VARCHAR IS NULL OR service = $3::VARCHAR
    GROUP BY ${COLUMNS} ORDER BY sum(requests) DESC, ${COLUMNS}`,
};

/** `GET /api/rpc`: traffic, errors and latency of services and methods. */
export function rpcRoutes({ query, clock }: {
  readonly query: QueryFn;
  readonly clock: Pick<Clock, "nowMs">;
}): Route[] {
  return [{
    method: "GET",
    path: "/api/rpc",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "Traffic, errors and latency by service and method",
      tag: "query",
      query: RpcQuery,
      responses: { 200: { description: "Rows.", content: { "application/json": RpcJson } } },
    },
    handler: async (c) => {
      const asked = RpcQuery.safeParse(c.req.query());
      if (!asked.success) throw invalidFields(asked.error);
      const { from, to, by, service } = asked.data;
      const toMs = to === undefined ? clock.nowMs() : Date.parse(to);
      const fromMs = from === undefined ? toMs - DEFAULT_RANGE_MS : Date.parse(from);
      if (fromMs >= toMs) {
        throw new HorizonError("invalid_argument", "`from` is not before `to`", { from, to });
      }
      const result = await query({
        sql: QUERIES[by],
        params: [fromMs * 1000, toMs * 1000, service ?? null, (toMs - fromMs) / 1000],
        maxRows: MAX_ROWS,
        signal: c.req.raw.signal,
      });
      const body: z.infer<typeof RpcJson> = {
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        rows: [...result.rows()].map(rpcRow),
        truncated: result.truncated,
      };
      return c.json(body);
    },
  }];
}

function rpcRow(row: readonly SqlValue[]): z.infer<typeof RpcJson>["rows"][number] {
  const text = (i: number) => typeof row[i] === "string" ? row[i] : null;
  const value = (i: number) => typeof row[i] === "number" ? row[i] : null;
  return {
    ts: text(0),
    source: text(1) ?? "",
    service: text(2),
    system: text(3),
    method: text(4),
    side: text(5),
    requests: value(6),
    errors: value(7),
    requests_per_second: value(8),
    p50_ms: value(9),
    p95_ms: value(10),
    p99_ms: value(11),
  };
}

import { z } from "zod";
import type { Clock } from "../../mod/clock.ts";
import type { MetricQuery, MetricQueryResult } from "../../mod/metrics/metric_query.ts";
import type { MetricNamesFn, MetricQueryFn } from "../../mod/ports.ts";
import { isoOrNull } from "../api/timestamps.ts";
import type { BodyLimits } from "../body/body_limits.ts";
import type { BodyReader } from "../body/body_reader.ts";
import { invalidFields } from "../errors/invalid_fields.ts";
import type { AppContext, Route } from "../route.ts";
import { textStream } from "../text_stream.ts";
import { MetricQueryBody, MetricQueryString, parseMetricQuery } from "./metric_query_request.ts";

export interface MetricQueryDeps {
  readonly metricQuery: MetricQueryFn;
  readonly metricNames: MetricNamesFn;
  readonly bodies: BodyReader;
  readonly clock: Clock;
}

const QUERY_BODY_LIMITS: BodyLimits = {
  maxBytes: 1024 * 1024,
  maxDecompressedBytes: 1024 * 1024,
  timeoutMs: 10_000,
};

export const MetricResultJson = z.strictObject({
  name: z.string(),
  fn: z.string(),
  start: z.string().describe("Start of the first step."),
  start_ms: z.number(),
  step_ms: z.number().describe("As asked for, or longer where only a coarser rollup is left."),
  points: z.int(),
  tier: z.enum(["raw", "1m", "1h"]),
  elapsed_ms: z.number(),
  series: z.array(z.strictObject({
    labels: z.record(z.string(), z.string()),
    kind: z.string().nullable(),
    unit: z.string().nullable(),
    values: z.array(z.number().nullable()).describe(
      "One for each point; null where there is none.",
    ),
  })),
});

const NamesQuery = z.strictObject({
  contains: z.string().max(1_024).default("").describe("Part of the name, in any case."),
});

export const MetricNamesJson = z.strictObject({
  names: z.array(z.strictObject({
    name: z.string(),
    kind: z.string(),
    unit: z.string(),
    series: z.number().describe("Of any time that rows are left of."),
  })),
});

/** `GET` and `POST /api/metrics/query`, `GET /api/metrics/names`. */
export function metricQueryRoutes(deps: MetricQueryDeps): Route[] {
  const shared = { path: "/api/metrics/query", role: "viewer", errors: "json" } as const;
  const responses = {
    200: {
      description: "Values of each series, one for each point.",
      content: { "application/json": MetricResultJson },
    },
  };
  return [
    {
      ...shared,
      method: "GET",
      doc: {
        summary: "A function over windows of a metric's samples",
        tag: "query",
        query: MetricQueryString,
        responses,
      },
      handler: (c) => answer(c, parseMetricQuery(c.req.raw, null, deps.clock.nowMs()), deps),
    },
    {
      ...shared,
      method: "POST",
      doc: {
        summary: "The same, given in the body",
        tag: "query",
        request: { "application/json": MetricQueryBody },
        responses,
      },
      handler: async (c) => {
        const query = await deps.bodies.withBody(
          c.req.raw,
          QUERY_BODY_LIMITS,
          (body) => parseMetricQuery(c.req.raw, body, deps.clock.nowMs()),
        );
        return await answer(c, query, deps);
      },
    },
    {
      method: "GET",
      path: "/api/metrics/names",
      role: "viewer",
      errors: "json",
      doc: {
        summary: "Names of metrics, their kinds, units and how many series they have",
        tag: "query",
        query: NamesQuery,
        responses: {
          200: { description: "By name.", content: { "application/json": MetricNamesJson } },
        },
      },
      handler: async (c) => {
        const query = NamesQuery.safeParse(c.req.query());
        if (!query.success) throw invalidFields(query.error);
        const names = await deps.metricNames(query.data.contains, c.req.raw.signal);
        const body: z.infer<typeof MetricNamesJson> = { names: names.map((one) => ({ ...one })) };
        return c.json(body);
      },
    },
  ];
}

async function answer(
  c: AppContext,
  query: MetricQuery,
  { metricQuery }: MetricQueryDeps,
): Promise<Response> {
  // The signal aborts when the client goes away, which cancels the query in the engine.
  const result = await metricQuery({ ...query, signal: c.req.raw.signal });
  return new Response(textStream(resultJson(query, result)), {
    headers: { "content-type": "application/json" },
  });
}

/** Series by series: a large result is never one text. */
function* resultJson(query: MetricQuery, result: MetricQueryResult): Generator<string> {
  const { series, startMs, stepMs, points, tier, elapsedMs } = result;
  const head = {
    name: query.name,
    fn: query.fn,
    start: isoOrNull(startMs),
    start_ms: startMs,
    step_ms: stepMs,
    points,
    tier,
    elapsed_ms: elapsedMs,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"series":[`;
  for (const [i, { labels, kind, unit, values }] of series.entries()) {
    // Of what JSON has no number for, null is made.
    yield `${i === 0 ? "" : ","}${
      JSON.stringify({ labels, kind, unit, values: Array.from(values) })
    }`;
  }
  yield "]}";
}

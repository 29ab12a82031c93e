import { z } from "zod";
import { decodeUtf8 } from "../../mod/columns/utf8_text.ts";
import { HorizonError } from "../../mod/errors.ts";
import {
  MATCH_OPERATORS,
  METRIC_QUERY_LIMITS,
  type MetricQuery,
  SERIES_AGGREGATES,
  type SeriesAggregate,
  WINDOW_FUNCTIONS,
} from "../../mod/metrics/metric_query.ts";
import { mediaType } from "../body/media_type.ts";
import { invalidFields } from "../errors/invalid_fields.ts";

const MAX_TEXT = 8_192;
/** Without a start an hour is answered; without a step, about so many points. */
const DEFAULT_RANGE_MS = 3_600_000;
const DEFAULT_POINTS = 240;
/** Steps that divide minutes, hours and days. */
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400]
  .map((seconds) => seconds * 1_000);

const Name = z.string().min(1).max(MAX_TEXT).describe("Name of the metric.");
const Time = z.string().max(64).describe(
  "ISO 8601 with a time zone, such as 2026-01-01T00:00:00Z, or milliseconds since the Unix epoch.",
);
const Match = z.array(z.strictObject({
  label: z.string().min(1).max(MAX_TEXT),
  op: z.enum(MATCH_OPERATORS),
  value: z.string().max(MAX_TEXT),
})).max(METRIC_QUERY_LIMITS.matchers).describe("Conditions on labels; all must hold.");
const Ms = z.int().min(1);
const Fn = z.enum(WINDOW_FUNCTIONS).describe("What is made of each window.");
const Aggregate = z.enum(SERIES_AGGREGATES)
  .describe("Puts the series together that have the same values of the labels `by`.");
const By = z.array(z.string().min(1).max(MAX_TEXT)).max(METRIC_QUERY_LIMITS.by)
  .describe("Labels that stay apart.");
const Quantile = z.number().min(0).max(1).describe("The share, for the aggregate `quantile`.");

/** The JSON body of `POST /api/metrics/query`. */
export const MetricQueryBody = z.strictObject({
  name: Name,
  match: Match.optional(),
  start: Time.optional(),
  end: Time.optional(),
  step_ms: Ms.optional(),
  window_ms: Ms.optional(),
  fn: Fn.optional(),
  aggregate: Aggregate.optional(),
  by: By.optional(),
  q: Quantile.optional(),
  timeout_ms: Ms.optional(),
});

/** The same in the URL. */
export const MetricQueryString = z.strictObject({
  name: Name,
  match: z.string().max(MAX_TEXT * 4).optional()
    .describe('A JSON array of conditions: [{"label":"l","op":"=","value":"v"}].'),
  start: Time.optional(),
  end: Time.optional(),
  step_ms: z.coerce.number().pipe(Ms).optional(),
  window_ms: z.coerce.number().pipe(Ms).optional(),
  fn: Fn.optional(),
  aggregate: Aggregate.optional(),
  by: z.string().max(MAX_TEXT * 4).optional().describe("Labels, separated by commas."),
  q: z.coerce.number().pipe(Quantile).optional(),
  timeout_ms: z.coerce.number().pipe(Ms).optional(),
});

/**
 * Reads a query from the URL, or from the JSON body where there is one.
 * @throws HorizonError `invalid_argument` with every problem, `unsupported_media_type`
 */
export function parseMetricQuery(
  request: Request,
  body: Uint8Array | null,
  nowMs: number,
): MetricQuery {
  const url = new URL(request.url);
  if (body === null) {
    const { match, by, ...given } = parseWith(
      MetricQueryString,
      Object.fromEntries(url.searchParams),
    );
    return metricQuery({
      ...given,
      ...match === undefined ? {} : { match: parseWith(Match, parseJson(match)) },
      ...by === undefined ? {} : { by: parseWith(By, by === "" ? [] : by.split(",")) },
    }, nowMs);
  }
  if (mediaType(request.headers) !== "application/json") {
    throw new HorizonError("unsupported_media_type", "this content type is not taken", {
      allowed: ["application/json"],
    });
  }
  if (url.search !== "") {
    throw new HorizonError("invalid_argument", "with a JSON body, every option stands in the body");
  }
  return metricQuery(parseWith(MetricQueryBody, parseJson(decodeUtf8(body))), nowMs);
}

function metricQuery(given: z.output<typeof MetricQueryBody>, nowMs: number): MetricQuery {
  const endMs = given.end === undefined ? nowMs : timeOf("end", given.end);
  const startMs = given.start === undefined
    ? endMs - DEFAULT_RANGE_MS
    : timeOf("start", given.start);
  const aggregate = aggregateOf(given);
  return {
    name: given.name,
    matchers: given.match ?? [],
    startMs,
    endMs,
    stepMs: given.step_ms ?? defaultStepMs(endMs - startMs),
    fn: given.fn ?? "avg",
    ...given.window_ms === undefined ? {} : { windowMs: given.window_ms },
    ...aggregate === null ? {} : { aggregate },
    ...given.timeout_ms === undefined ? {} : { timeoutMs: given.timeout_ms },
  };
}

function aggregateOf(
  { aggregate, by, q }: z.output<typeof MetricQueryBody>,
): SeriesAggregate | null {
  if (aggregate === undefined) {
    if (by === undefined && q === undefined) return null;
    throw new HorizonError("invalid_argument", "`by` and `q` belong to an `aggregate`; name one", {
      allowed: SERIES_AGGREGATES,
    });
  }
  if (aggregate !== "quantile") {
    if (q === undefined) return { op: aggregate, by: by ?? [] };
    throw new HorizonError("invalid_argument", `${aggregate} takes no \`q\`; quantile does`);
  }
  if (q !== undefined) return { op: "quantile", q, by: by ?? [] };
  throw new HorizonError("invalid_argument", "quantile needs `q`, a share from 0 to 1");
}

/** A step at which a range has few enough points to be drawn. */
export function defaultStepMs(rangeMs: number): number {
  return STEPS_MS.find((step) => rangeMs / step <= DEFAULT_POINTS) ?? STEPS_MS.at(-1)!;
}

function timeOf(field: string, text: string): number {
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text);
  const ms = /^\d{1,16}$/.test(text) ? Number(text) : zoned ? Date.parse(text) : NaN;
  if (Number.isSafeInteger(ms)) return ms;
  throw new HorizonError("invalid_argument", `${field}: not a time: ${text}`, {
    allowed: "2026-01-01T00:00:00Z, or milliseconds since the Unix epoch",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HorizonError("invalid_argument", `this is not JSON: ${String(error)}`);
  }
}

function parseWith<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidFields(parsed.error);
}

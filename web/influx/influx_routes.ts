import { z } from "zod";
import { HorizonError } from "../../mod/errors.ts";
import type { SampleWriter } from "../../mod/intake/sample_writer.ts";
import {
  INFLUX_PRECISIONS,
  InfluxLines,
  type InfluxPrecision,
} from "../../mod/line_protocols/influx.ts";
import { LineWriter } from "../../mod/line_protocols/write_lines.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { BodyLimits } from "../body/body_limits.ts";
import type { BodyReader } from "../body/body_reader.ts";
import type { AppContext, Route } from "../route.ts";

export interface InfluxDeps {
  readonly samples: Pick<SampleWriter, "write" | "generation">;
  readonly bodies: BodyReader;
  readonly limits: BodyLimits;
  /** Where it is noted what becomes of writes. */
  readonly book: SourceBook;
  /** Of Horizon. */
  readonly version: string;
}

/** Fields that are text are left out by design, and are no failure of the writer. */
const HARMLESS = "string_field";

const HealthJson = z.strictObject({
  name: z.string(),
  message: z.string(),
  status: z.literal("pass"),
  checks: z.array(z.never()),
  version: z.string(),
});

const Query = z.object({
  precision: z.string().optional().describe("n, ns, u, us, ms, s, m or h; nanoseconds without it."),
});

/**
 * `/influx` as the base URL of InfluxDB clients: writes of line protocol in version 1 and 2 of the
 * API. Databases, buckets and organisations are passed over.
 */
export function influxRoutes(deps: InfluxDeps): Route[] {
  const writer = new LineWriter(deps.samples);
  const write = (path: string): Route => ({
    method: "POST",
    path,
    role: "ingest",
    errors: "json",
    doc: {
      summary: "Take in InfluxDB line protocol",
      tag: "ingest",
      query: Query,
      request: { "text/plain": "text" },
      responses: {
        204: { description: "Kept." },
        400: {
          description: "Some lines are wrong; the others are kept. Not to be sent again.",
        },
      },
    },
    handler: (c) => takeWrite(c, writer, deps),
  });
  return [
    write("/influx/write"),
    write("/influx/api/v2/write"),
    {
      method: "GET",
      path: "/influx/ping",
      role: "ingest",
      errors: "json",
      doc: {
        summary: "Whether writes are taken",
        tag: "ingest",
        responses: { 204: { description: "They are." } },
      },
      handler: () =>
        new Response(null, { status: 204, headers: { "x-influxdb-version": deps.version } }),
    },
    {
      method: "GET",
      path: "/influx/health",
      role: "ingest",
      errors: "json",
      doc: {
        summary: "The same in version 2 of the API",
        tag: "ingest",
        responses: {
          200: { description: "Writes are taken.", content: { "application/json": HealthJson } },
        },
      },
      handler: (c) => {
        const body: z.infer<typeof HealthJson> = {
          name: "horizon",
          message: "writes are taken",
          status: "pass",
          checks: [],
          version: deps.version,
        };
        return c.json(body);
      },
    },
  ];
}

async function takeWrite(c: AppContext, writer: LineWriter, deps: InfluxDeps): Promise<Response> {
  const outcome = await deps.book.follow("metrics", () => {
    const precision = precisionOf(c.req.query("precision") ?? "ns");
    return deps.bodies.withBody(c.req.raw, deps.limits, (body) =>
      writer.write(
        body,
        (text, rows, series, tally) => new InfluxLines(series).take(text, precision, rows, tally),
      ));
  });
  const wrong = outcome.rejected - (outcome.reasons[HARMLESS] ?? 0);
  if (wrong > 0) {
    throw new HorizonError("invalid_argument", `partial write: ${outcome.errorMessage}`, {
      accepted: outcome.accepted,
      rejected: outcome.reasons,
    });
  }
  return new Response(null, { status: 204 });
}

function precisionOf(text: string): InfluxPrecision {
  if (isPrecision(text)) return text;
  throw new HorizonError("invalid_argument", "this precision is not known", {
    precision: text.slice(0, 20),
    allowed: Object.keys(INFLUX_PRECISIONS),
  });
}

function isPrecision(text: string): text is InfluxPrecision {
  return Object.hasOwn(INFLUX_PRECISIONS, text);
}

import { z } from "zod";
import { HorizonError } from "../../mod/errors.ts";
import type { LokiEncoding } from "../../mod/loki/loki_receiver.ts";
import type { ReceiveOutcome } from "../../mod/otlp/otlp_signal.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { BodyLimits } from "../body/body_limits.ts";
import type { BodyReader } from "../body/body_reader.ts";
import { mediaType } from "../body/media_type.ts";
import type { Route } from "../route.ts";

/** Where pushes go. Resolves when the lines are kept. */
export interface LokiPort {
  receive(body: Uint8Array, encoding: LokiEncoding): Promise<ReceiveOutcome>;
}

export interface LokiDeps {
  readonly loki: LokiPort;
  readonly bodies: BodyReader;
  readonly limits: BodyLimits;
  readonly book: Pick<SourceBook, "follow">;
}

/** Also the name of its books. */
export const LOKI_PUSH_PATH = "/loki/api/v1/push";

const ENCODINGS: Readonly<Record<string, LokiEncoding>> = {
  "application/json": "json",
  "application/x-protobuf": "protobuf",
};

/** `POST /loki/api/v1/push` (Loki HTTP API, "Ingest logs"), as Promtail, Alloy and Fluent Bit send. */
export function lokiRoutes(deps: LokiDeps): Route[] {
  return [{
    method: "POST",
    path: LOKI_PUSH_PATH,
    role: "ingest",
    errors: "json",
    doc: {
      summary: "Take in logs as Loki's clients push them",
      tag: "ingest",
      request: { "application/json": z.looseObject({}), "application/x-protobuf": "binary" },
      responses: { 204: { description: "Kept." } },
    },
    handler: (c) => receive(c.req.raw, deps),
  }];
}

async function receive(request: Request, deps: LokiDeps): Promise<Response> {
  const { loki, bodies, limits, book } = deps;
  await book.follow("logs", () => {
    const type = mediaType(request.headers);
    const encoding = ENCODINGS[type];
    if (encoding === undefined) {
      throw new HorizonError("unsupported_media_type", "this content type is not taken", {
        content_type: type.slice(0, 100),
        allowed: Object.keys(ENCODINGS),
      });
    }
    // Protobuf is snappy, whatever the headers say; JSON is plain or gzip.
    const coding = encoding === "json" ? "gzip" : "snappy";
    return bodies.withBody(request, limits, (body) => loki.receive(body, encoding), coding);
  });
  return new Response(null, { status: 204 });
}

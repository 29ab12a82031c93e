import { z } from "zod";
import { HorizonError } from "../../mod/errors.ts";
import {
  OTLP_SIGNALS,
  type OtlpEncoding,
  type OtlpSignal,
  type ReceiveOutcome,
} from "../../mod/otlp/otlp_signal.ts";
import { encodeExportResponse } from "../../mod/otlp/responses.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { BodyLimits } from "../body/body_limits.ts";
import type { BodyReader } from "../body/body_reader.ts";
import { mediaType } from "../body/media_type.ts";
import type { Route } from "../route.ts";
import { encodingOf, OTLP_MEDIA_TYPES } from "./otlp_encoding.ts";

/** The receive path that every OTLP transport shares. Resolves when the records are kept. */
export interface OtlpReceivePort {
  receive(signal: OtlpSignal, body: Uint8Array, encoding: OtlpEncoding): Promise<ReceiveOutcome>;
}

export interface OtlpDeps {
  readonly receiver: OtlpReceivePort;
  readonly bodies: BodyReader;
  readonly limits: BodyLimits;
  /** Where it is noted what becomes of requests and their records. */
  readonly book: SourceBook;
}

const EMPTY_JSON = new TextEncoder().encode("{}");

const PartialSuccessJson = z.looseObject({
  partialSuccess: z.looseObject({ errorMessage: z.string().optional() }).optional(),
});

/** `POST /v1/traces`, `/v1/metrics` and `/v1/logs` (OTLP specification 1.x, "OTLP/HTTP"). */
export function otlpRoutes(deps: OtlpDeps): Route[] {
  return OTLP_SIGNALS.map((signal): Route => ({
    method: "POST",
    path: `/v1/${signal}`,
    role: "ingest",
    errors: "otlp",
    doc: {
      summary: `Take in OpenTelemetry ${signal}`,
      tag: "ingest",
      request: {
        [OTLP_MEDIA_TYPES.protobuf]: "binary",
        [OTLP_MEDIA_TYPES.json]: z.looseObject({}),
      },
      responses: {
        200: {
          description: "Kept; the answer says what of it was rejected for good.",
          content: {
            [OTLP_MEDIA_TYPES.protobuf]: "binary",
            [OTLP_MEDIA_TYPES.json]: PartialSuccessJson,
          },
        },
      },
    },
    handler: (c) => receive(c.req.raw, signal, deps),
  }));
}

async function receive(request: Request, signal: OtlpSignal, deps: OtlpDeps): Promise<Response> {
  const type = mediaType(request.headers);
  const encoding = encodingOf(type) ?? "json";
  const outcome = await deps.book.follow(signal, () => {
    if (encodingOf(type) === null) throw unsupportedType(type);
    return deps.bodies.withBody(request, deps.limits, (body) => {
      // An empty protobuf message has no bytes; the same is meant by an empty JSON body.
      const whole = encoding === "json" && body.length === 0 ? EMPTY_JSON : body;
      return deps.receiver.receive(signal, whole, encoding);
    });
  });
  return new Response(encodeExportResponse(signal, outcome, encoding), {
    headers: { "content-type": OTLP_MEDIA_TYPES[encoding] },
  });
}

function unsupportedType(type: string): HorizonError {
  return new HorizonError("unsupported_media_type", "this content type is not taken", {
    content_type: type.slice(0, 100),
    allowed: Object.values(OTLP_MEDIA_TYPES),
  });
}

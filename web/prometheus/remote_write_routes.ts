import { HorizonError } from "../../mod/errors.ts";
import type { RemoteWriteOutcome, RemoteWriteVersion } from "../../mod/prometheus/remote_write.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { BodyLimits } from "../body/body_limits.ts";
import type { BodyReader } from "../body/body_reader.ts";
import { jsonError } from "../errors/json_error.ts";
import type { Route } from "../route.ts";
import { remoteWriteVersion } from "./remote_write_version.ts";

/** Where remote write goes. Resolves when the points are kept. */
export interface RemoteWritePort {
  receive(version: RemoteWriteVersion, body: Uint8Array): Promise<RemoteWriteOutcome>;
}

export interface RemoteWriteDeps {
  readonly remoteWrite: RemoteWritePort;
  readonly bodies: BodyReader;
  readonly limits: BodyLimits;
  readonly book: Pick<SourceBook, "follow" | "rejected">;
}

/** Also the name of its books. */
export const REMOTE_WRITE_PATH = "/prometheus/api/v1/write";

/** `POST /prometheus/api/v1/write` (Prometheus Remote-Write 1.0 and 2.0). */
export function remoteWriteRoutes(deps: RemoteWriteDeps): Route[] {
  return [{
    method: "POST",
    path: REMOTE_WRITE_PATH,
    role: "ingest",
    errors: "json",
    doc: {
      summary: "Take in samples by Prometheus' remote write, 1.0 and 2.0",
      tag: "ingest",
      request: { "application/x-protobuf": "binary" },
      responses: { 204: { description: "Kept." } },
    },
    handler: (c) => receive(c.req.raw, deps),
  }];
}

async function receive(request: Request, deps: RemoteWriteDeps): Promise<Response> {
  const { remoteWrite, bodies, limits, book } = deps;
  try {
    const outcome = await book.follow("metrics", () => {
      const version = remoteWriteVersion(request.headers);
      const take = (body: Uint8Array) => remoteWrite.receive(version, body);
      return bodies.withBody(request, limits, take, "snappy");
    });
    // Senders are told that the first two are written, but there is no row of them.
    const { staleMarkers, repeated, droppedExemplars } = outcome.tally;
    book.rejected("metrics", "stale_marker", staleMarkers);
    book.rejected("metrics", "sent_again", repeated);
    book.rejected("metrics", "exemplar", droppedExemplars);
    return answerTo(outcome);
  } catch (error) {
    throw retriedBySenders(error);
  }
}

/**
 * Prometheus gives up on what is answered with 429 unless it is told otherwise, and sends again
 * what is answered with 503: so nothing is lost that there was no room for.
 */
function retriedBySenders(error: unknown): unknown {
  if (!(error instanceof HorizonError) || error.code !== "overloaded") return error;
  const { message, details, retryAfterMs } = error;
  return new HorizonError("unavailable", message, details, retryAfterMs, { cause: error });
}

// "Partial write" of the specification: 400 says that some points can never be taken, the
// headers how many were.
function answerTo({ tally, rejected, reasons, errorMessage }: RemoteWriteOutcome): Response {
  const response = errorMessage === null
    ? new Response(null, { status: 204 })
    : jsonError(new HorizonError("invalid_argument", errorMessage, { rejected, reasons }));
  response.headers.set("x-prometheus-remote-write-samples-written", String(tally.samples));
  response.headers.set("x-prometheus-remote-write-histograms-written", String(tally.histograms));
  response.headers.set("x-prometheus-remote-write-exemplars-written", String(tally.exemplars));
  return response;
}

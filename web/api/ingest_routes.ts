import { z } from "zod";
import type { IntakeStats } from "../../mod/intake/intake.ts";
import type { BodyStats } from "../body/body_reader.ts";
import type { Route } from "../route.ts";
import type { ReceiverStatus } from "../sources.ts";

export interface IngestDeps {
  readonly intake: { readonly stats: IntakeStats };
  readonly bodies: { readonly stats: BodyStats };
  readonly receivers: () => readonly ReceiverStatus[];
}

const Counts = z.record(z.string(), z.number());

/** The answer of `/api/ingest`. */
export const IngestJson = z.strictObject({
  intake: z.strictObject({
    pending_bytes: z.number(),
    max_pending_bytes: z.number(),
    refused_requests: z.number(),
    failed_appends: z.number(),
    kept_rows: Counts,
  }),
  bodies: z.strictObject({
    open: z.number(),
    buffered_bytes: z.number(),
    refused: Counts,
  }),
  receivers: z.array(z.strictObject({
    protocol: z.string(),
    signal: z.string(),
    requests: z.number(),
    accepted: z.number(),
    rejected: Counts,
  })),
});

/** `GET /api/ingest`: what comes in, what waits, and what was refused and why. */
export function ingestRoutes({ intake, bodies, receivers }: IngestDeps): Route[] {
  return [{
    method: "GET",
    path: "/api/ingest",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "What comes in, what waits, and what was refused and why",
      tag: "state",
      responses: { 200: { description: "Figures.", content: { "application/json": IngestJson } } },
    },
    handler: (c) => {
      const stats = intake.stats;
      const { open, bufferedBytes, refused } = bodies.stats;
      const body: z.infer<typeof IngestJson> = {
        intake: {
          pending_bytes: stats.pendingBytes,
          max_pending_bytes: stats.maxPendingBytes,
          refused_requests: stats.refusedRequests,
          failed_appends: stats.failedAppends,
          kept_rows: { ...stats.keptRows },
        },
        bodies: { open, buffered_bytes: bufferedBytes, refused: { ...refused } },
        receivers: receivers().map(({ protocol, signal, requests, accepted, rejected }) => ({
          protocol,
          signal,
          requests,
          accepted,
          rejected: { ...rejected },
        })),
      };
      return c.json(body);
    },
  }];
}

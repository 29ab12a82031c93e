import { z } from "zod";
import type { IntakeStats } from "../../mod/intake/intake.ts";
import type { PipelineStats } from "../../mod/pipeline/pipeline.ts";
import type { SourceList, SourceStatus } from "../../mod/sources/source_status.ts";
import type { BodyStats } from "../body/body_reader.ts";
import type { Route } from "../route.ts";
import { isoOrNull } from "./timestamps.ts";

export interface IngestDeps {
  readonly intake: { readonly stats: IntakeStats };
  readonly pipeline: { readonly stats: PipelineStats };
  readonly bodies: { readonly stats: BodyStats };
  readonly sources: SourceList;
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
  pipeline: z.strictObject({
    redacted_texts: Counts,
    dropped_rows: z.array(
      z.strictObject({ processor: z.string(), signal: z.string(), rows: z.number() }),
    ),
    changed_rows: z.array(
      z.strictObject({ processor: z.string(), signal: z.string(), rows: z.number() }),
    ),
    uncounted_records: z.number(),
    sinks: z.array(z.strictObject({
      name: z.string(),
      sent_rows: z.number(),
      dropped_rows: Counts,
      retries: z.number(),
      partial_answers: z.number(),
      last_partial_answer: z.string().nullable(),
      queued_bytes: z.number(),
      max_queue_bytes: z.number(),
      problem: z.string().nullable(),
    })),
  }),
  sources: z.array(z.strictObject({
    kind: z.string(),
    name: z.string(),
    signals: z.record(
      z.string(),
      z.strictObject({ requests: z.number(), accepted: z.number(), rejected: Counts }),
    ),
    refused: Counts,
    rate_per_second: z.number(),
    lag_ms: z.number().nullable(),
    errors: z.number(),
    last_problem: z.strictObject({ time: z.iso.datetime(), message: z.string() }).nullable(),
    last_accepted: z.iso.datetime().nullable(),
    paused: z.string().nullable(),
  })),
  unlisted_sources: z.number(),
});

/** `GET /api/ingest`: what comes in, what waits, and what was refused and why. */
export function ingestRoutes({ intake, pipeline, bodies, sources }: IngestDeps): Route[] {
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
        pipeline: {
          redacted_texts: { ...pipeline.stats.redacted },
          dropped_rows: [...pipeline.stats.dropped],
          changed_rows: [...pipeline.stats.changed],
          uncounted_records: pipeline.stats.uncounted,
          sinks: pipeline.stats.forwarders.map((sink) => ({
            name: sink.name,
            sent_rows: sink.sentRows,
            dropped_rows: { ...sink.droppedRows },
            retries: sink.retries,
            partial_answers: sink.partialAnswers,
            last_partial_answer: sink.lastPartialAnswer,
            queued_bytes: sink.queuedBytes,
            max_queue_bytes: sink.maxQueueBytes,
            problem: sink.problem,
          })),
        },
        sources: sources.statuses().map(sourceJson),
        unlisted_sources: sources.unlisted,
      };
      return c.json(body);
    },
  }];
}

function sourceJson(status: SourceStatus): z.infer<typeof IngestJson>["sources"][number] {
  const { lastProblem } = status;
  return {
    kind: status.kind,
    name: status.name,
    signals: Object.fromEntries(
      Object.entries(status.signals).map(([signal, { requests, accepted, rejected }]) => [
        signal,
        { requests, accepted, rejected: { ...rejected } },
      ]),
    ),
    refused: { ...status.refused },
    rate_per_second: status.ratePerSecond,
    lag_ms: status.lagMs,
    errors: status.errors,
    last_problem: lastProblem === null ? null : {
      time: new Date(lastProblem.atMs).toISOString(),
      message: lastProblem.message,
    },
    last_accepted: isoOrNull(status.lastAcceptedMs),
    paused: status.paused,
  };
}

import { z } from "zod";
import type { Route } from "../route.ts";
import type { CollectorStatus } from "../sources.ts";
import { isoOrNull } from "./timestamps.ts";

/** The answer of `/api/collectors`. */
export const CollectorsJson = z.strictObject({
  collectors: z.array(z.strictObject({
    name: z.string(),
    interval_ms: z.number(),
    timeout_ms: z.number(),
    running: z.boolean(),
    last_duration_ms: z.number().nullable(),
    last_success: z.iso.datetime().nullable(),
    successes: z.number(),
    failures: z.number(),
    timeouts: z.number(),
    skipped: z.number(),
    last_error: z.string().nullable(),
    unavailable: z.array(z.string()),
  })),
});

/** `GET /api/collectors`: how each collector is doing. */
export function collectorRoutes(collectors: () => readonly CollectorStatus[]): Route[] {
  return [{
    method: "GET",
    path: "/api/collectors",
    role: "viewer",
    errors: "json",
    doc: {
      summary: "How each collector is doing",
      tag: "state",
      responses: {
        200: { description: "Collectors.", content: { "application/json": CollectorsJson } },
      },
    },
    handler: (c) => {
      const body: z.infer<typeof CollectorsJson> = {
        collectors: collectors().map((one) => ({
          name: one.name,
          interval_ms: one.intervalMs,
          timeout_ms: one.timeoutMs,
          running: one.running,
          last_duration_ms: one.lastDurationMs,
          last_success: isoOrNull(one.lastSuccessMs),
          successes: one.successes,
          failures: one.failures,
          timeouts: one.timeouts,
          skipped: one.skipped,
          last_error: one.lastError,
          unavailable: [...one.unavailable],
        })),
      };
      return c.json(body);
    },
  }];
}
